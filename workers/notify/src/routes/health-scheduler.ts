import type { Waking } from "../ledger/wakes.ts";
import type { SchedulerSettings } from "../schedule/settings.ts";
import { iso } from "./views.ts";

/** Who wakes the shards, and how it goes: over all of them. */
export interface SchedulerView {
  readonly wanted: "alarm" | "qstash";
  readonly used: "alarm" | "qstash";
  /** Shards that cannot publish, since when, and what the newest failure was; absent when all can. */
  readonly publishing?: {
    readonly failingShards: number;
    readonly since: string;
    readonly last: string;
    reason: string;
  };
  /** Of the shard that has waited for most calls in a row: none came for these. */
  readonly silentGenerations?: number;
}

export function schedulerView({ wanted, queue }: SchedulerSettings, wakings: readonly Waking[]): SchedulerView {
  if (queue === undefined) return { wanted, used: "alarm" };
  const silentGenerations = Math.max(0, ...wakings.map(({ silent }) => silent));
  const failing = wakings.flatMap(({ failing }) => failing ?? []);
  const newest = failing.toSorted((a, b) => b.lastAt - a.lastAt)[0];
  if (newest === undefined) return { wanted, used: "qstash", silentGenerations };
  const publishing = {
    failingShards: failing.length,
    since: iso(Math.min(...failing.map(({ since }) => since))),
    last: iso(newest.lastAt),
    reason: newest.reason,
  };
  return { wanted, used: "qstash", publishing, silentGenerations };
}
