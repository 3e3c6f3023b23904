import type { LaneRate } from "../lane/rates.ts";
import { repairedStatuses } from "../ledger/audit-statuses.ts";
import type { Pulse } from "../ledger/pulse.ts";
import type { Tally } from "../ledger/tally.ts";
import type { LaneTrouble } from "../ledger/trouble.ts";
import type { Settings } from "../settings.ts";
import { iso } from "./views.ts";

/** How it goes with a provider account. */
export interface LaneView {
  readonly lane: string;
  readonly channel: string;
  /** Null: it is held to none. */
  readonly rate: LaneRate | null;
  /** Nothing is handed to it until then: the provider asked for that, or failed too often. */
  readonly pausedUntil: string | null;
  /** Messages that are due and wait for it, over all shards; at least so many, where there are very many. */
  readonly waiting: number;
}

export function lanesView({ providers, rates }: Settings, pulses: readonly Pulse[]): readonly LaneView[] {
  return Object.entries(providers).flatMap(([channel, all]) =>
    all.map(({ id, account }): LaneView => {
      const lane = `${id}:${account}`;
      const pauses = pulses.flatMap(({ pauses: own = [] }) => own.filter((pause) => pause.lane === lane));
      return {
        lane,
        channel,
        rate: rates.get(lane) ?? null,
        pausedUntil: pauses.length === 0 ? null : iso(Math.max(...pauses.map(({ until }) => until))),
        waiting: pulses.reduce((sum, { waiting = {} }) => sum + (waiting[lane] ?? 0), 0),
      };
    }),
  );
}

/** A lane in trouble, over all shards. */
export interface TroubledLane {
  readonly lane: string;
  readonly unauthorizedSince: string;
  readonly lastUnauthorizedAt: string;
  readonly refused: number;
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/** A shard that has had no message for the lane since does not know that it works again: its word is believed so long. */
const believedForMs = 86_400_000;

/** Lanes whose credentials are refused, as the shards have seen it. Each forgets it when the lane takes a message. */
export function troubledLanes(troubles: readonly LaneTrouble[], now: number): readonly TroubledLane[] {
  const lanes = new Map<string, LaneTrouble>();
  for (const one of troubles) {
    if (one.lastAt < now - believedForMs) continue;
    const known = lanes.get(one.lane);
    const newer = known === undefined || one.lastAt >= known.lastAt ? one : known;
    lanes.set(one.lane, {
      ...newer,
      since: Math.min(one.since, known?.since ?? one.since),
      count: one.count + (known?.count ?? 0),
    });
  }
  return Array.from(lanes.values(), ({ lane, since, lastAt, count, status, code }) => ({
    lane,
    unauthorizedSince: iso(since),
    lastUnauthorizedAt: iso(lastAt),
    refused: count,
    status,
    code,
  }));
}

/** Events of other environments by provider, over all shards. */
export function foreignEvents(tallies: readonly Tally[]): Readonly<Record<string, { count: number; lastAt: string }>> {
  const found: Record<string, { count: number; lastAt: string }> = {};
  for (const { name, count, lastAt } of tallies) {
    const provider = /^foreign:(.+)$/.exec(name)?.[1];
    if (provider !== undefined) found[provider] = { count, lastAt: iso(lastAt) };
  }
  return found;
}

/** Statuses that did not say what is known of their messages, over all shards; undefined when there were none. */
export function statusesRepaired(tallies: readonly Tally[]): { count: number; lastAt: string } | undefined {
  const found = tallies.filter(({ name }) => name === repairedStatuses);
  if (found.length === 0) return undefined;
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    lastAt: iso(Math.max(...found.map(({ lastAt }) => lastAt))),
  };
}
