import { earliestBroadcast, earliestDelivery, earliestPart } from "./arm.ts";
import { earliestLookup } from "./lookups.ts";
import { readPauses } from "./pauses.ts";
import type { Pause } from "./pauses.ts";
import { countWaiting, earliestDue } from "./queues.ts";
import { readTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { readTrouble } from "./trouble.ts";
import type { LaneTrouble } from "./trouble.ts";
import { readWaking } from "./wakes.ts";
import type { Waking } from "./wakes.ts";

/** How late a shard is, in milliseconds at `now`; zero where nothing is late. */
export interface Pulse {
  readonly shard: number;
  /** Due moment of the message, or the waiting chunk, that has waited longest or comes next. */
  readonly oldestDueAt: number | undefined;
  /** End of the open lease that ends first. */
  readonly oldestLeaseAt: number | undefined;
  readonly outboxDepth: number;
  readonly oldestOutboxAt: number | undefined;
  /** When an endpoint that is free could have been told what is due for it: never late for an app's own slowness. */
  readonly oldestDeliveryAt: number | undefined;
  readonly alarmAt: number | undefined;
  readonly alarmLateMs: number;
  /** The most that anything here is late. */
  readonly lateMs: number;
  /** Lanes whose provider refuses our credentials, as far as this shard has seen. */
  readonly troubles?: readonly LaneTrouble[];
  /** Absent, like the lanes, from a shard that still runs the code of before. */
  readonly tallies?: readonly Tally[];
  /** How it goes with the queue. Absent from a shard that still runs the code of before. */
  readonly waking?: Waking;
  /** Lanes that rest. */
  readonly pauses?: readonly Pause[];
  /** By lane, how many messages are due; counted up to {@link mostCounted}, for each priority. */
  readonly waiting?: Readonly<Record<string, number>>;
}

const mostCounted = 10_000;

/** How a shard is. What should have happened and has not: a due message, the end of a lease, an effect, an event for an app, the alarm. */
export async function readPulse(storage: DurableObjectStorage, shard: number, now: number): Promise<Pulse> {
  const row = storage.sql
    .exec<
      Record<
        | "due"
        | "lease"
        | "waiting"
        | "outbox"
        | "delivery"
        | "schedule"
        | "step"
        | "lookup"
        | "handedLookup"
        | "broadcast"
        | "part"
        | "erasure",
        number | null
      > & {
        depth: number;
      }
    >(
      `SELECT ${earliestDue} AS due,
              (SELECT min(at) FROM chunk WHERE open = 1) AS lease,
              (SELECT min(at) FROM chunk WHERE open = 0) AS waiting,
              ${earliestDelivery} AS delivery,
              ${earliestLookup} AS lookup,
              (SELECT min(at) FROM lookup_job) AS handedLookup,
              ${earliestBroadcast} AS broadcast,
              ${earliestPart} AS part,
              (SELECT min(due_at) FROM erasure) AS erasure,
              (SELECT count(*) FROM outbox) AS depth,
              (SELECT min(due_at) FROM outbox) AS outbox,
              (SELECT min(run_at) FROM schedule WHERE due_at IS NOT NULL) AS schedule,
              (SELECT min(due_at) FROM escalation WHERE due_at IS NOT NULL) AS step`,
    )
    .one();
  const alarm = await storage.getAlarm();
  const dues = [row.due, row.waiting, row.lookup].filter((at) => at !== null);
  const late = (at: number | null): number => (at === null ? 0 : Math.max(0, now - at));
  return {
    shard,
    oldestDueAt: dues.length === 0 ? undefined : Math.min(...dues),
    oldestLeaseAt: row.lease ?? undefined,
    outboxDepth: row.depth,
    oldestOutboxAt: row.outbox ?? undefined,
    oldestDeliveryAt: row.delivery ?? undefined,
    alarmAt: alarm ?? undefined,
    alarmLateMs: late(alarm),
    troubles: readTrouble(storage.sql),
    tallies: readTally(storage.sql),
    waking: readWaking(storage.sql),
    pauses: readPauses(storage.sql).filter(({ until }) => until > now),
    waiting: countWaiting(storage.sql, now, mostCounted),
    lateMs: Math.max(
      late(row.due),
      late(row.lease),
      late(row.waiting),
      late(row.outbox),
      late(row.delivery),
      late(row.schedule),
      late(row.step),
      late(row.lookup),
      late(row.handedLookup),
      late(row.broadcast),
      late(row.part),
      late(row.erasure),
      late(alarm),
    ),
  };
}
