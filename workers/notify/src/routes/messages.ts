import { Hono } from "hono";
import * as v from "valibot";
import type { Env } from "../env.ts";
import { formatId, parseId } from "../ids.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { invalid, notFound, refusal } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { readLimit } from "./page.ts";
import { messageDetailView, messageView } from "./views.ts";
import { cancelTarget, rescheduleTarget } from "./withdraw.ts";

export const messages = new Hono<{ Bindings: Env }>();

const resolveRequest = v.strictObject(
  { as: v.picklist(["sent", "resend", "failed"], "expected sent, resend or failed") },
  "expected an object",
);

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

messages.post("/:id/cancel", (c) => cancelTarget(c, "msg"));
messages.post("/:id/reschedule", (c) => rescheduleTarget(c, "msg"));

/** What somebody who has looked says of a message that may have been sent. */
messages.post("/:id/resolve", async (c) => {
  await authorize(c, "admin");
  const { as } = await readJson(c, resolveRequest);
  const id = parseId("msg", c.req.param("id"), settingsOf(c.env).shards);
  const resolved = id === undefined ? undefined : await shardStub(c.env, id.shard).resolve(id.uuid, as, Date.now());
  if (id === undefined || resolved === undefined) throw notFound("message");
  const message = { id: c.req.param("id"), status: resolved.status };
  if (resolved.outcome === "not-held") {
    throw refusal({ status: 409, code: "not-held", title: "Only a held message is resolved.", members: { message } });
  }
  return c.json(message);
});

/** 201 with the new message; 200 with the same one when asked again. */
messages.post("/:id/replay", async (c) => {
  await authorize(c, "admin");
  const id = parseId("msg", c.req.param("id"), settingsOf(c.env).shards);
  const [replay] = id === undefined ? [] : await shardStub(c.env, id.shard).replay([id.uuid], Date.now());
  if (id === undefined || replay === undefined || replay.outcome === "unknown") throw notFound("message");
  if (replay.outcome === "refused") {
    throw refusal({
      status: 409,
      code: "not-replayable",
      title: "Only a message that ended without being received is replayed.",
      members: { message: { id: c.req.param("id"), status: replay.status } },
    });
  }
  const as = formatId("msg", id.shard, replay.as);
  return c.json({ id: as, replayOf: c.req.param("id") }, replay.outcome === "replayed" ? 201 : 200, {
    location: `/v1/messages/${as}`,
  });
});
