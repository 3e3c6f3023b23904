import { Hono } from "hono";
import type { Env } from "../env.ts";
import { parseId } from "../ids.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { invalid, notFound } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { readLimit } from "./page.ts";
import { messageDetailView, messageView } from "./views.ts";

export const messages = new Hono<{ Bindings: Env }>();

/** All shards, newest first. The order is that of the uuid, which begins with the accept time. */
messages.get("/", async (c) => {
  await authorize(c, "read");
  const limit = readLimit(c);
  const cursor = c.req.query("cursor");
  if (cursor !== undefined && !/^[0-9a-f]{32}$/.test(cursor)) {
    throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  }
  const pages = await Promise.all(
    allShards(c.env).map(async (shard) => ({ shard, page: await shardStub(c.env, shard).listMessages(cursor, limit) })),
  );
  const merged = pages
    .flatMap(({ shard, page }) => page.map((message) => ({ shard, message })))
    .sort((a, b) => (a.message.uuid < b.message.uuid ? 1 : -1))
    .slice(0, limit);
  return c.json({
    messages: merged.map(({ shard, message }) => messageView(shard, message)),
    nextCursor: merged.length === limit ? merged.at(-1)?.message.uuid : undefined,
  });
});

messages.get("/:id", async (c) => {
  await authorize(c, "read");
  const id = parseId("msg", c.req.param("id"), settingsOf(c.env).shards);
  const found = id === undefined ? undefined : await shardStub(c.env, id.shard).readMessage(id.uuid);
  if (id === undefined || found === undefined) throw notFound("message");
  return c.json(messageDetailView(id.shard, found));
});
