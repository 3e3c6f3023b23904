import { trimSoftBounces } from "../directory/soft-bounces.ts";
import type { Env } from "../env.ts";
import { allShards, shardStub } from "../ledger/shards.ts";

/** The cron's work: every shard looks at itself, and sets its alarm if that was lost. */
export async function sweepShards(env: Env): Promise<void> {
  const now = Date.now();
  const swept = await Promise.allSettled(allShards(env).map((shard) => shardStub(env, shard).sweep(now)));
  const failed = swept.filter(({ status }) => status === "rejected").length;
  try {
    await trimSoftBounces(env.DB, now);
  } catch {
    console.error(JSON.stringify({ event: "soft-bounces-not-trimmed" }));
  }
  if (failed > 0) console.error(JSON.stringify({ event: "sweep-failed", shards: failed }));
}
