import { Hono } from "hono";
import * as v from "valibot";
import { findEndpoint } from "../directory/endpoints.ts";
import { parseEventId } from "../endpoints/event-id.ts";
import type { ParsedEventId } from "../endpoints/event-id.ts";
import type { Env } from "../env.ts";
import type { DeliveryCursor } from "../ledger/delivery-list.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { invalid, notFound } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";
import { readJson } from "./body.ts";
import { deliveryView } from "./endpoint-views.ts";
import { readLimit } from "./page.ts";

/** What an endpoint was told, and what it said. */
export const deliveries = new Hono<{ Bindings: Env }>();

/** All shards, those of the newest messages first; `status=dead` for the dead letters. */
deliveries.get("/:id/deliveries", async (c) => {
  await authorize(c, "admin");
  const id = await known(c.env, c.req.param("id"));
  const limit = readLimit(c);
  const status = c.req.query("status");
  if (status !== undefined && status !== "dead") throw invalid([{ field: "status", detail: "expected dead" }]);
  const before = readCursor(c.req.query("cursor"));
  const pages = await Promise.all(
    allShards(c.env).map(async (shard) => {
      const page = await shardStub(c.env, shard).listDeliveries(id, { deadOnly: status === "dead", before, limit });
      return page.map((delivery) => ({ shard, delivery, place: placeOf(delivery) }));
    }),
  );
  const merged = pages
    .flat()
    .sort((a, b) => (a.place < b.place ? 1 : -1))
    .slice(0, limit);
  return c.json({
    deliveries: merged.map(({ shard, delivery }) => deliveryView(shard, delivery)),
    nextCursor: merged.length === limit ? merged.at(-1)?.place : undefined,
  });
});

const replayRequest = v.union(
  [
    v.strictObject({
      // Counted before any is looked at.
      ids: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(1_000), v.array(v.string())),
    }),
    v.strictObject({ status: v.literal("dead") }),
  ],
  'expected { "ids": [...] } with 1 to 1,000 ids of deliveries, or { "status": "dead" }',
);

/** Tells once more what was told or given up: by id, or all dead letters, up to 1,000 a shard. */
deliveries.post("/:id/replay", async (c) => {
  await authorize(c, "admin");
  const value = await readJson(c, replayRequest);
  const id = await known(c.env, c.req.param("id"));
  const counts = await Promise.all(
    "status" in value
      ? allShards(c.env).map((shard) => shardStub(c.env, shard).replayDeliveries(id, "dead"))
      : Array.from(byShard(value.ids, settingsOf(c.env).shards), ([shard, which]) =>
          shardStub(c.env, shard).replayDeliveries(id, which),
        ),
  );
  return c.json({ replayed: counts.reduce((sum, count) => sum + count, 0) }, 202);
});

function byShard(ids: readonly string[], shards: number): ReadonlyMap<number, readonly DeliveryCursor[]> {
  const groups = new Map<number, DeliveryCursor[]>();
  for (const [index, text] of ids.entries()) {
    const parsed: ParsedEventId | undefined = parseEventId(text, shards);
    if (parsed === undefined) throw invalid([{ field: `ids.${index}`, detail: "expected the id of a delivery" }]);
    const { shard, subject, sequence } = parsed;
    groups.set(shard, [...(groups.get(shard) ?? []), { subject, sequence }]);
  }
  return groups;
}

async function known(env: Env, id: string): Promise<string> {
  if ((await findEndpoint(env.DB, id)) === undefined) throw notFound("endpoint");
  return id;
}

/** Sorts as the list does. */
function placeOf({ subject, sequence }: DeliveryCursor): string {
  return subject + sequence.toString(16).padStart(4, "0");
}

function readCursor(text: string | undefined): DeliveryCursor | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9a-f]{36}$/.test(text)) {
    throw invalid([{ field: "cursor", detail: "expected the `nextCursor` of a page" }]);
  }
  return { subject: text.slice(0, 32), sequence: Number.parseInt(text.slice(32), 16) };
}
