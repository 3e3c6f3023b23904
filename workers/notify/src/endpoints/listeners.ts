import { readListeners } from "../directory/endpoints.ts";
import type { Env } from "../env.ts";
import { allShards, shardStub } from "../ledger/shards.ts";

/** Tells all shards who listens. One that cannot be reached learns it from the sweep, within two minutes. */
export async function pushListeners(env: Env): Promise<void> {
  const listeners = await readListeners(env.DB);
  const told = await Promise.allSettled(allShards(env).map((shard) => shardStub(env, shard).listen(listeners)));
  const failed = told.filter(({ status }) => status === "rejected").length;
  if (failed > 0) console.error(JSON.stringify({ event: "listeners-not-told", shards: failed }));
}
