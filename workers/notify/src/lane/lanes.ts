import type { Env } from "../env.ts";
import { allShards } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import type { Lane } from "./lane.ts";
import { createPacer } from "./pacer.ts";
import type { ByPriority, Pacer, Taken } from "./pacer.ts";

export function laneStub(env: Env, lane: string): DurableObjectStub<Lane> {
  return env.LANE.get(env.LANE.idFromName(lane)) as unknown as DurableObjectStub<Lane>;
}

/** A lane is asked for no longer: a shard has other lanes to look after. */
const patienceMs = 1_000;

/** A lane that did not answer is left alone so long. */
const silentForMs = 10_000;

/** How one shard gets its permits. */
export interface Permits {
  /** By lane. Never throws, and never takes longer than a second. */
  ask(wanted: ReadonlyMap<string, ByPriority>): Promise<ReadonlyMap<string, Taken>>;
}

/**
 * Asks the lanes, all at once. While one is silent the shard helps itself to its own part of the rate, so that all of them
 * together are not faster than the lane would let them be.
 */
export function createPermits(env: Env, shard: number): Permits {
  const silentUntil = new Map<string, number>();
  const own = new Map<string, Pacer>();

  function help(lane: string, wanted: ByPriority): Taken {
    const now = Date.now();
    const rate = settingsOf(env).rates.get(lane);
    if (rate === undefined) return { granted: wanted, nextAtMs: [now, now, now] };
    const shards = allShards(env).length;
    const part = { perSecond: rate.perSecond / shards, burst: Math.floor(rate.burst / shards) };
    const pacer = own.get(lane) ?? createPacer(part, now, 0);
    own.set(lane, pacer);
    return pacer.take(shard, wanted, now);
  }

  async function askOne(lane: string, wanted: ByPriority): Promise<Taken> {
    if ((silentUntil.get(lane) ?? 0) > Date.now()) return help(lane, wanted);
    try {
      const taken = await inTime(laneStub(env, lane).take(shard, wanted));
      own.delete(lane);
      return taken;
    } catch {
      console.error(JSON.stringify({ event: "lane-silent", lane, shard }));
      silentUntil.set(lane, Date.now() + silentForMs);
      return help(lane, wanted);
    }
  }

  return {
    async ask(wanted) {
      const answers = Array.from(wanted, async ([lane, counts]) => [lane, await askOne(lane, counts)] as const);
      return new Map(await Promise.all(answers));
    },
  };
}

async function inTime(answer: Promise<unknown>): Promise<Taken> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("late")), patienceMs);
  });
  try {
    return (await Promise.race([answer, late])) as Taken;
  } finally {
    clearTimeout(timer);
  }
}
