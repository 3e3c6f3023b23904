import { Hono } from "hono";
import { findErasure, insertErasure } from "../directory/erasures.ts";
import type { StoredErasure } from "../directory/erasures.ts";
import type { Env } from "../env.ts";
import { randomToken } from "../ids.ts";
import { notFound, refusal } from "../problem.ts";
import { advanceErasure } from "../recipients/erase.ts";
import { readRecipientId } from "../recipients/request.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { iso } from "./views.ts";

/** `DELETE /v1/recipients/:id`. */
export const recipientErasure = new Hono<{ Bindings: Env }>();

/** `GET /v1/erasures/:id`. */
export const erasures = new Hono<{ Bindings: Env }>();

/** 202 once it is written down; the same erasure when asked again while it is under way. */
recipientErasure.delete("/:id", async (c) => {
  await authorize(c, "admin");
  const recipient = readRecipientId(c.req.param("id"));
  if (settingsOf(c.env).recipients.erasureKeys.length === 0) {
    throw refusal({
      status: 503,
      code: "erasure-needs-key",
      title: "Nobody can be erased: ERASURE_KEYS is not set.",
      detail: "Suppressions outlive an erasure, as hashes that need a key.",
    });
  }
  const erasure = await insertErasure(c.env.DB, { id: `era_${randomToken(12)}`, recipient }, Date.now());
  if (erasure === undefined) throw notFound("recipient");
  c.executionCtx.waitUntil(
    advanceErasure(c.env, erasure).catch(() => {
      // The sweep comes by.
      console.error(JSON.stringify({ event: "erasure-not-begun", erasure: erasure.id }));
    }),
  );
  return c.json(viewOf(erasure, settingsOf(c.env).shards), 202, { location: `/v1/erasures/${erasure.id}` });
});

erasures.get("/:id", async (c) => {
  await authorize(c, "admin");
  const erasure = await findErasure(c.env.DB, c.req.param("id"));
  if (erasure === undefined) throw notFound("erasure");
  return c.json(viewOf(erasure, settingsOf(c.env).shards));
});

/** Never of whom: whoever asks knows, and when it is done nobody is to. */
function viewOf({ id, requestedAt, confirmed, doneAt }: StoredErasure, shards: number): Record<string, unknown> {
  return {
    id,
    status: doneAt === undefined ? "running" : "done",
    requestedAt: iso(requestedAt),
    doneAt: doneAt === undefined ? undefined : iso(doneAt),
    shards: { done: confirmed.length, of: shards },
  };
}
