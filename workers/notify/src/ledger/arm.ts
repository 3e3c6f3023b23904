import { earliestLookup } from "./lookups.ts";
import { earliestClaim, earliestRepeat } from "./queues.ts";
import { planWake } from "./wakes.ts";
import type { Wake } from "./wakes.ts";

/** When an endpoint can next be told something: it is due, and the endpoint free. One look into the index for each. */
export const earliestDelivery = `(SELECT min(max(l.free_at,
    (SELECT min(d.due_at) FROM delivery AS d INDEXED BY delivery_due
     WHERE d.endpoint = l.endpoint AND d.due_at IS NOT NULL))) FROM listener AS l WHERE l.enabled = 1)`;

/** When the next page of a broadcast is to be read. */
export const earliestBroadcast = "(SELECT min(due_at) FROM broadcast WHERE due_at IS NOT NULL)";

/** When something is to be told of a broadcast's messages here, or some of them are to be ended. */
export const earliestPart = `(SELECT min(at) FROM (SELECT min(due_at) AS at FROM broadcast_part WHERE due_at IS NOT NULL
    UNION ALL SELECT min(sweep_at) FROM broadcast_part WHERE sweep_at IS NOT NULL))`;

/** When a shard has something to do next; undefined when it has nothing. */
export interface NextMoments {
  /** Messages, requests that are to be repeated, steps of routes, runs of schedules: what the scheduler is for. */
  readonly sendAt: number | undefined;
  /** Leases, effects, strays, events for apps: the shard looks after its own work itself. */
  readonly ownAt: number | undefined;
}

export function nextMoments(sql: SqlStorage): NextMoments {
  const row = sql
    .exec<
      Record<
        | "due"
        | "lease"
        | "waiting"
        | "outbox"
        | "stray"
        | "delivery"
        | "run"
        | "handedRun"
        | "step"
        | "lookup"
        | "handedLookup"
        | "erasure"
        | "broadcast"
        | "part",
        number | null
      >
    >(
      // With all chunks out there is nothing to claim: an outcome or the end of a lease comes first, and arms.
      `SELECT ${earliestClaim} AS due,
         (SELECT min(at) FROM chunk WHERE open = 1) AS lease,
         ${earliestRepeat} AS waiting,
         (SELECT min(due_at) FROM outbox) AS outbox,
         (SELECT min(due_at) FROM stray WHERE due_at IS NOT NULL) AS stray,
         (SELECT due_at FROM schedule WHERE due_at IS NOT NULL AND tries = 0 ORDER BY due_at LIMIT 1) AS run,
         (SELECT due_at FROM schedule WHERE due_at IS NOT NULL AND tries > 0 ORDER BY due_at LIMIT 1) AS handedRun,
         (SELECT min(due_at) FROM escalation WHERE due_at IS NOT NULL) AS step,
         ${earliestDelivery} AS delivery,
         ${earliestLookup} AS lookup,
         (SELECT min(at) FROM lookup_job) AS handedLookup,
         (SELECT min(due_at) FROM erasure) AS erasure,
         ${earliestBroadcast} AS broadcast,
         ${earliestPart} AS part`,
    )
    .one();
  return {
    sendAt: earliest([row.due, row.waiting, row.run, row.step, row.lookup]),
    ownAt: earliest([
      row.lease,
      row.outbox,
      row.stray,
      row.delivery,
      row.handedRun,
      row.handedLookup,
      row.erasure,
      row.broadcast,
      row.part,
    ]),
  };
}

function earliest(moments: readonly (number | null | undefined)[]): number | undefined {
  const given = moments.filter((at) => at !== null && at !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

/** An alarm that is this late was lost. One that is due right now must be left alone: set anew with each write, it would
 * be put off for as long as writes keep coming. */
const lostAfterMs = 5_000;

export interface Arming {
  readonly shard: number;
  readonly now: number;
  /** When the object was started. */
  readonly bornAt: number;
  readonly lastAlarmAt: number;
  /** Whether sends are woken by the queue, with the alarm behind it. */
  readonly byQueue: boolean;
}

/**
 * The one place that says who calls next. It sets the alarm: when none is set, when the set one was lost, or when something
 * is due earlier. Never at or before the millisecond of the alarm that runs or ran last: re-armed to that, it would never
 * fire again (https://github.com/cloudflare/workerd/issues/6866). Answers the wake that is to be published once the
 * transaction is committed.
 */
export async function arm(storage: DurableObjectStorage, arming: Arming): Promise<Wake | undefined> {
  const { now, lastAlarmAt, byQueue } = arming;
  const { sendAt, ownAt } = nextMoments(storage.sql);
  const plan = byQueue ? planWake(storage.sql, arming, sendAt) : { alarmAt: sendAt, publish: undefined };
  const next = earliest([plan.alarmAt, ownAt]);
  if (next !== undefined) {
    const at = Math.max(next, Math.max(now, lastAlarmAt) + 1);
    const set = await storage.getAlarm();
    if (set === null || set <= now - lostAfterMs || at < set) await storage.setAlarm(at);
  }
  return plan.publish;
}
