import { WorkerEntrypoint } from "cloudflare:workers";
import { withdrawEverywhere } from "../broadcast/tell.ts";
import { handOverDirectoryEvents, tellShards } from "../endpoints/directory-events.ts";
import { tellEndpoint } from "../endpoints/tell.ts";
import type { Env } from "../env.ts";
import { correlate } from "../ingest/correlate.ts";
import { laneStub } from "../lane/lanes.ts";
import type { TellJob } from "../ledger/deliveries.ts";
import type { IncomingEvent } from "../ledger/incoming-event.ts";
import type { Effect } from "../ledger/outbox.ts";
import type { PauseEffect } from "../ledger/pauses.ts";
import { shardStub } from "../ledger/shards.ts";
import { noteErased } from "../recipients/erase.ts";
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
  const applied: string[] = [];
  try {
    const pauses = effects.filter((effect) => effect.kind === "pause");
    applied.push(...(await tellLanes(env, shard, pauses)));
    const others = effects.filter((effect) => effect.kind !== "pause");
    await applySuppressions(
      env.DB,
      shard,
      others.filter((effect) => effect.kind !== "tell" && effect.kind !== "erased" && effect.kind !== "withdraw"),
      now,
    );
    for (const effect of others) {
      if (effect.kind === "erased") await noteErased(env, effect.erasure, shard);
      if (effect.kind === "withdraw") await withdrawEverywhere(env, shard, effect.notification, effect.at);
    }
    await tellShards(
      env,
      others.flatMap((effect) => (effect.kind === "tell" ? effect.event : [])),
    );
    applied.push(...others.map(({ id }) => id));
  } catch {
    console.error(JSON.stringify({ event: "effects-failed", shard, count: effects.length }));
  }
  if (applied.length === 0) return;
  await shardStub(env, shard).settleOutbox(applied);
  // What apps are to be told of it stands in the directory already: the sweep comes by for what is not done here.
  await handOverDirectoryEvents(env).catch(() => {
    console.error(JSON.stringify({ event: "directory-events-not-handed-over" }));
  });
}

/** First of all: until they know of a pause, the other shards go on asking. A lane that cannot tell them keeps nothing else. */
async function tellLanes(env: Env, shard: number, effects: readonly PauseEffect[]): Promise<readonly string[]> {
  const told = await Promise.allSettled(effects.map(({ pause }) => laneStub(env, pause.lane).pause(pause)));
  return effects.flatMap(({ id, pause }, index) => {
    if (told[index]?.status === "fulfilled") return id;
    console.error(JSON.stringify({ event: "pause-not-told", shard, lane: pause.lane }));
    return [];
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
