import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { allShards, shardStub } from "../ledger/shards.ts";
import type { Pause } from "../ledger/pauses.ts";
import { settingsOf } from "../settings.ts";
import { createPacer } from "./pacer.ts";
import type { ByPriority, Pacer, Taken } from "./pacer.ts";

/** Shards that are told of a pause at a time. */
const toldAtOnce = 6;

/** A pause that ends so little later than the one that is known is the same. */
const samePauseMs = 1_000;

/**
 * One provider account: shares its rate among the shards, and tells all of them when it must rest. Its permits are in memory;
 * what is stored is the pause.
 */
export class Lane extends DurableObject<Env> {
  #pacer: { readonly rate: string; readonly pacer: Pacer } | undefined;

  /** Permits for what a shard has due. Granted whole where the lane has no rate. */
  take(shard: number, wanted: ByPriority): Taken {
    const now = Date.now();
    const pausedUntil = this.#pause()?.until ?? 0;
    if (pausedUntil > now) return { granted: [0, 0, 0], nextAtMs: [pausedUntil, pausedUntil, pausedUntil] };
    const rate = settingsOf(this.env).rates.get(this.ctx.id.name ?? "");
    if (rate === undefined) return { granted: wanted, nextAtMs: [now, now, now] };
    // Settings change with a deploy, which may leave the object as it is.
    const name = JSON.stringify(rate);
    if (this.#pacer?.rate !== name) this.#pacer = { rate: name, pacer: createPacer(rate, now) };
    return this.#pacer.pacer.take(shard, wanted, now);
  }

  /** Rests until then, and lets every shard know, unless they do. Fails when one of them could not be told. */
  async pause(pause: Pause): Promise<void> {
    if (pause.until <= Date.now() || pause.until <= (this.#pause()?.until ?? 0) + samePauseMs) return;
    const shards = allShards(this.env);
    for (let next = 0; next < shards.length; next += toldAtOnce) {
      await Promise.all(
        shards.slice(next, next + toldAtOnce).map((shard) => shardStub(this.env, shard).pauseLane(pause)),
      );
    }
    this.ctx.storage.kv.put("pause", pause);
  }

  #pause(): Pause | undefined {
    return this.ctx.storage.kv.get("pause");
  }
}
