import { WorkerEntrypoint } from "cloudflare:workers";
import { handOverDirectoryEvents, tellShards } from "../endpoints/directory-events.ts";
import { tellEndpoint } from "../endpoints/tell.ts";
import type { Env } from "../env.ts";
import { correlate } from "../ingest/correlate.ts";
import type { TellJob } from "../ledger/deliveries.ts";
import type { IncomingEvent } from "../ledger/incoming-event.ts";
import type { Effect } from "../ledger/outbox.ts";
import { shardStub } from "../ledger/shards.ts";
import { applySuppressions } from "./suppress.ts";

/** Carries out what a shard's transactions caused elsewhere. Answers at once; what is not settled is handed out again. */
export class Effects extends WorkerEntrypoint<Env> {
  apply(shard: number, effects: readonly Effect[]): void {
    this.ctx.waitUntil(applyEffects(this.env, shard, effects));
  }

  /** Tells an app what happened. An invocation each, so that one app that hangs keeps nobody else. */
  tell(job: TellJob): void {
    this.ctx.waitUntil(tellEndpoint(this.env, job));
  }

  /** Asks once more for the messages of events that found none. */
  correlate(shard: number, strays: readonly IncomingEvent[]): void {
    this.ctx.waitUntil(placeStrays(this.env, shard, strays));
  }
}

async function applyEffects(env: Env, shard: number, effects: readonly Effect[]): Promise<void> {
  const now = Date.now();
  try {
    const suppressing = effects.filter((effect) => effect.kind !== "tell");
    await applySuppressions(env.DB, shard, suppressing, now);
    await tellShards(
      env,
      effects.flatMap((effect) => (effect.kind === "tell" ? effect.event : [])),
    );
  } catch {
    console.error(JSON.stringify({ event: "effects-failed", shard, count: effects.length }));
    return;
  }
  await shardStub(env, shard).settleOutbox(effects.map(({ id }) => id));
  // What apps are to be told of it stands in the directory already: the sweep comes by for what is not done here.
  await handOverDirectoryEvents(env).catch(() => {
    console.error(JSON.stringify({ event: "directory-events-not-handed-over" }));
  });
}

async function placeStrays(env: Env, shard: number, strays: readonly IncomingEvent[]): Promise<void> {
  const { placed } = await correlate(env, strays);
  const found = [...placed.values()].flat();
  if (found.length === 0) return;
  const now = Date.now();
  for (const [target, events] of placed) await shardStub(env, target).ingest(events, now);
  await shardStub(env, shard).forgetStrays(found);
}
