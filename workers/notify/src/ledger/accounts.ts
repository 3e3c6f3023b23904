import type { ByPriority, Taken } from "../lane/pacer.ts";
import type { LaneRate } from "../lane/rates.ts";
import type { Settings } from "../settings.ts";
import { failuresBeforeRest, isOut } from "./pauses.ts";
import type { Pause } from "./pauses.ts";

/** What each lane takes in one turn. */
export interface Accounts {
  /** The most requests (or messages, where each is a request) that the lane still takes. */
  left(lane: string, priority: number): number;
  spend(lane: string, priority: number, count: number): void;
  /** When a lane that took no more is to be looked at again, in milliseconds. */
  opensAt(lane: string, priority: number): number;
  /** The next lane carries what is meant for this one. */
  isOut(lane: string): boolean;
  /** A chunk is one request of it, however many members it has. */
  isPaidByChunk(lane: string, maxBatch: number): boolean;
  /** By lane, of those that are held to a rate. */
  spent(): ReadonlyMap<string, ByPriority>;
}

/** While a lane is on trial, its one message is waited for so long. */
const trialMs = 5_000;

/** `permitted`: by lane; undefined where no lane has been asked, as while it is found out how much would be wanted. */
export function createAccounts(
  { rates }: Settings,
  pauses: readonly Pause[],
  openByLane: ReadonlyMap<string, number>,
  permitted: ReadonlyMap<string, Taken> | undefined,
  now: number,
): Accounts {
  const paused = new Map(pauses.map((pause) => [pause.lane, pause]));
  const spent = new Map<string, [high: number, normal: number, bulk: number]>();
  const spentOn = (lane: string): [number, number, number] => spent.get(lane) ?? [0, 0, 0];
  const isResting = (lane: string): boolean => (paused.get(lane)?.until ?? 0) > now;
  const isOnTrial = (lane: string): boolean =>
    (paused.get(lane)?.failures ?? 0) >= failuresBeforeRest && !isResting(lane);
  const granted = (lane: string, rate: LaneRate, priority: number): number =>
    permitted === undefined ? rate.burst : (permitted.get(lane)?.granted[priority as 0] ?? 0);

  return {
    left(lane, priority) {
      if (isResting(lane)) return 0;
      const rate = rates.get(lane);
      const own = spentOn(lane);
      const most = rate === undefined ? Infinity : granted(lane, rate, priority) - (own[priority] ?? 0);
      return isOnTrial(lane) ? Math.min(most, 1 - (openByLane.get(lane) ?? 0) - own[0] - own[1] - own[2]) : most;
    },
    spend(lane, priority, count) {
      const own = spentOn(lane);
      own[priority as 0] += count;
      spent.set(lane, own);
    },
    opensAt(lane, priority) {
      const pause = paused.get(lane);
      if (pause !== undefined && pause.until > now) return pause.until;
      return isOnTrial(lane) ? now + trialMs : (permitted?.get(lane)?.nextAtMs[priority as 0] ?? now);
    },
    isOut(lane) {
      const pause = paused.get(lane);
      return pause !== undefined && isOut(pause, now);
    },
    isPaidByChunk: (lane, maxBatch) => maxBatch > 1 && rates.get(lane)?.per === "request" && !isOnTrial(lane),
    spent: () => new Map(Array.from(spent).filter(([lane]) => rates.has(lane))),
  };
}
