import type { Env } from "../env.ts";
import type { IncomingEvent } from "../ledger/incoming-event.ts";
import { allShards, shardStub } from "../ledger/shards.ts";

/** Events by the shard of their message, and those whose message no shard knows. */
export interface Correlated {
  readonly placed: ReadonlyMap<number, readonly IncomingEvent[]>;
  readonly unplaced: readonly IncomingEvent[];
}

/** Finds the messages of events that carry only the provider's id: one question to each shard, whatever their number. */
export async function correlate(env: Env, events: readonly IncomingEvent[]): Promise<Correlated> {
  const wanted = new Map<string, { provider: string; id: string }>();
  for (const { provider, providerMessageId: id } of events) {
    if (id !== undefined) wanted.set(`${provider}:${id}`, { provider, id });
  }
  const known = new Map<string, { shard: number; uuid: string }>();
  if (wanted.size > 0) {
    const answers = await Promise.all(
      allShards(env).map(async (shard) => ({
        shard,
        found: await shardStub(env, shard).findByProviderIds([...wanted.values()]),
      })),
    );
    for (const { shard, found } of answers) {
      for (const { provider, id, uuid } of found) known.set(`${provider}:${id}`, { shard, uuid });
    }
  }
  const placed = new Map<number, IncomingEvent[]>();
  const unplaced: IncomingEvent[] = [];
  for (const event of events) {
    const match = known.get(`${event.provider}:${event.providerMessageId}`);
    if (match === undefined) {
      unplaced.push(event);
      continue;
    }
    const group = placed.get(match.shard) ?? [];
    group.push({ ...event, uuid: match.uuid });
    placed.set(match.shard, group);
  }
  return { placed, unplaced };
}
