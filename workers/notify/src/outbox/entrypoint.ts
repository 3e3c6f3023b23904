import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { correlate } from "../ingest/correlate.ts";
import type { IncomingEvent } from "../ledger/ingest.ts";
import type { Effect } from "../ledger/outbox.ts";
import { shardStub } from "../ledger/shards.ts";
import { applySuppressions } from "./suppress.ts";

/** Carries out what a shard's transactions caused elsewhere. Answers at once; what is not settled is handed out again. */
export class Effects extends WorkerEntrypoint<Env> {
  apply(shard: number, effects: readonly Effect[]): void {
    this.ctx.waitUntil(applyEffects(this.env, shard, effects));
  }

  /** Asks once more for the messages of events that found none. */
  correlate(shard: number, strays: readonly IncomingEvent[]): void {
    this.ctx.waitUntil(placeStrays(this.env, shard, strays));
  }
}

async function applyEffects(env: Env, shard: number, effects: readonly Effect[]): Promise<void> {
  const now = Date.now();
  try {
    await applySuppressions(env.DB, shard, effects, now);
  } catch {
    console.error(JSON.stringify({ event: "effects-failed", shard, count: effects.length }));
    return;
  }
  await shardStub(env, shard).settleOutbox(effects.map(({ id }) => id));
}

async function placeStrays(env: Env, shard: number, strays: readonly IncomingEvent[]): Promise<void> {
  const { placed } = await correlate(env, strays);
  const found = [...placed.values()].flat();
  if (found.length === 0) return;
  const now = Date.now();
  for (const [target, events] of placed) await shardStub(env, target).ingest(events, now);
  await shardStub(env, shard).forgetStrays(found);
}
