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
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  return new DataView(digest.buffer).getUint32(0) % settingsOf(env).shards;
}
