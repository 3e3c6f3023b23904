import { sha256Hex } from "../digest.ts";
import { deleteDirectoryEvents, readDirectoryEvents } from "../directory/events.ts";
import type { Env } from "../env.ts";
import { shardOfKey, shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import type { AppEvent, UnplacedEvent } from "./types.ts";

const eventsAtOnce = 500;

/** Rounds of one call: each asks the directory twice and every shard at most once. What is left has the next call. */
const rounds = { free: 2, paid: 20 } as const;

/**
 * Hands what the directory wrote down for apps to the shards, which keep and deliver it. Whoever changed the directory
 * calls it, and the sweep does, for those that died in between. An event that is handed over twice is one: its id comes
 * from its row.
 */
export async function handOverDirectoryEvents(env: Env): Promise<void> {
  for (let round = rounds[settingsOf(env).freePlan ? "free" : "paid"]; round > 0; round--) {
    const rows = await readDirectoryEvents(env.DB, eventsAtOnce);
    if (rows.length === 0) return;
    await tellShards(
      env,
      rows.map(({ id, ...event }) => ({ key: `directory:${id}`, ...event })),
    );
    await deleteDirectoryEvents(
      env.DB,
      rows.map(({ id }) => id),
    );
    if (rows.length < eventsAtOnce) return;
  }
}

/** Gives each to the shard that its key names: one call to a shard. */
export async function tellShards(env: Env, events: readonly UnplacedEvent[]): Promise<void> {
  const byShard = new Map<number, AppEvent[]>();
  for (const { key, at, since = at, type, data } of events) {
    const shard = await shardOfKey(env, key);
    const subject = since.toString(16).padStart(12, "0") + (await sha256Hex(key)).slice(0, 20);
    const group = byShard.get(shard) ?? [];
    group.push({ subject, sequence: 0, type, data, at });
    byShard.set(shard, group);
  }
  await Promise.all(Array.from(byShard, ([shard, group]) => shardStub(env, shard).tell(group)));
}
