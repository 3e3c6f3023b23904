import { sha256Hex } from "../digest.ts";
import type { Env } from "../env.ts";
import { shardName } from "../ids.ts";
import { settingsOf } from "../settings.ts";
import type { Ledger } from "./ledger.ts";

export function shardStub(env: Env, shard: number): DurableObjectStub<Ledger> {
  return env.LEDGER.get(env.LEDGER.idFromName(shardName(shard))) as unknown as DurableObjectStub<Ledger>;
}

export function allShards(env: Env): readonly number[] {
  return Array.from({ length: settingsOf(env).shards }, (_, shard) => shard);
}

/** The shard of what has no id yet: the same key always meets itself on the same shard. */
export async function shardOfKey(env: Env, key: string): Promise<number> {
  return Number.parseInt((await sha256Hex(key)).slice(0, 8), 16) % settingsOf(env).shards;
}
