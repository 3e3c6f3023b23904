import { maxConnections } from "../dispatch/limits.ts";
import type { Env } from "../env.ts";
import type { CountsReport } from "../ledger/part-types.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import { inTurns } from "./in-turns.ts";

/** Brings a shard's counts to where each broadcast is at home, and says in the shard that they have arrived. */
export async function tellCounts(env: Env, shard: number, reports: readonly CountsReport[]): Promise<void> {
  const byHome = new Map<number, CountsReport[]>();
  for (const report of reports) byHome.set(report.home, [...(byHome.get(report.home) ?? []), report]);
  await inTurns([...byHome], maxConnections, ([home, counts]) => shardStub(env, home).keepCounts(shard, counts));
  await shardStub(env, shard).settleCounts(reports.map(({ uuid, version }) => ({ uuid, version })));
}

/** Tells every shard that nothing more of a broadcast is to be sent. */
export async function withdrawEverywhere(env: Env, home: number, uuid: string, at: number): Promise<void> {
  await inTurns(allShards(env), maxConnections, (shard) => shardStub(env, shard).cancelPart(uuid, home, at));
}
