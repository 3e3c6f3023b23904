import { Hono } from "hono";
import type { Env } from "../env.ts";
import type { TrimmedCount } from "../ledger/trim.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import { authorize } from "./authorize.ts";

/** How long messages are kept, and how many are not any more. */
export const retention = new Hono<{ Bindings: Env }>();

retention.get("/", async (c) => {
  await authorize(c, "read");
  const all = await Promise.all(allShards(c.env).map((shard) => shardStub(c.env, shard).readTrimmed()));
  const sums = new Map<string, TrimmedCount>();
  for (const one of all.flat()) {
    const key = `${one.month} ${one.channel} ${one.status}`;
    sums.set(key, { ...one, count: one.count + (sums.get(key)?.count ?? 0) });
  }
  const trimmed = Array.from(sums)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, sum]) => sum);
  return c.json({ days: settingsOf(c.env).retentionDays, trimmed });
});
