import type { Tally } from "../ledger/tally.ts";
import type { LaneTrouble } from "../ledger/trouble.ts";
import { iso } from "./views.ts";

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
