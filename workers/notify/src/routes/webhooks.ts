import { Hono } from "hono";
import type { WebhookSource } from "carillon";
import { sha256Hex } from "../digest.ts";
import type { Env } from "../env.ts";
import { ingestWebhook } from "../ingest/ingest.ts";
import { notFound } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import type { Settings } from "../settings.ts";

export const webhooks = new Hono<{ Bindings: Env }>();

/** Without an API key: the provider's signature is the authority. A wrong lock looks like a path that is not there. */
webhooks.post("/:provider/:lock?", async (c) => {
  const settings = settingsOf(c.env);
  const source = settings.webhooks.get(c.req.param("provider"));
  if (source === undefined || !(await isOpenedBy(settings, source, c.req.param("lock")))) throw notFound("webhook");
  return ingestWebhook(c.env, source, c.req.raw);
});

/**
 * Providers that sign need no lock, and may have it. One that only presents a credential needs both: what is known of the
 * one, from a log of headers or of URLs, does not tell the other.
 */
async function isOpenedBy({ webhookLocks }: Settings, { scheme }: WebhookSource, given = ""): Promise<boolean> {
  // So the URL can be changed at the provider first, and the lock be set once it knows it: it may not try again after a 404.
  if (webhookLocks.length === 0) return true;
  if (given === "") return scheme.kind !== "credential";
  // Hashes are compared, so the time that it takes says nothing of the lock.
  const hash = await sha256Hex(given);
  const hashes = await Promise.all(webhookLocks.map((lock) => sha256Hex(lock)));
  return hashes.includes(hash);
}
