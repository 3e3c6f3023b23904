import { Hono } from "hono";
import type { Env } from "../env.ts";
import { ingestWebhook } from "../ingest/ingest.ts";
import { notFound } from "../problem.ts";
import { settingsOf } from "../settings.ts";

export const webhooks = new Hono<{ Bindings: Env }>();

/** Without an API key: the provider's signature is the authority. */
webhooks.post("/:provider", async (c) => {
  const source = settingsOf(c.env).webhooks.get(c.req.param("provider"));
  if (source === undefined) throw notFound("webhook");
  return ingestWebhook(c.env, source, c.req.raw);
});
