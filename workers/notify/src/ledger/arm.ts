import { maxOpenChunks } from "../dispatch/limits.ts";

/** The due moment of the message that has waited longest: one look into the index for each priority. */
export const earliestDue = `(SELECT min(due) FROM (
    SELECT min(due_at) AS due FROM message INDEXED BY message_due WHERE priority = 0 AND due_at IS NOT NULL
    UNION ALL SELECT min(due_at) FROM message INDEXED BY message_due WHERE priority = 1 AND due_at IS NOT NULL
    UNION ALL SELECT min(due_at) FROM message INDEXED BY message_due WHERE priority = 2 AND due_at IS NOT NULL))`;

/** When an endpoint can next be told something: it is due, and the endpoint free. One look into the index for each. */
export const earliestDelivery = `(SELECT min(max(l.free_at,
    (SELECT min(d.due_at) FROM delivery AS d INDEXED BY delivery_due
     WHERE d.endpoint = l.endpoint AND d.due_at IS NOT NULL))) FROM listener AS l WHERE l.enabled = 1)`;

/** The earliest moment at which this shard has something to do; undefined when it has nothing. */
export function nextWake(sql: SqlStorage): number | undefined {
  const row = sql
    .exec<
      Record<"due" | "lease" | "waiting" | "outbox" | "stray" | "delivery" | "schedule" | "step", number | null> & {
        open: number;
      }
    >(
      `SELECT ${earliestDue} AS due,
         (SELECT min(at) FROM chunk WHERE open = 1) AS lease,
         (SELECT min(at) FROM chunk WHERE open = 0) AS waiting,
         (SELECT min(due_at) FROM outbox) AS outbox,
         (SELECT min(due_at) FROM stray WHERE due_at IS NOT NULL) AS stray,
         (SELECT min(due_at) FROM schedule WHERE due_at IS NOT NULL) AS schedule,
         (SELECT min(due_at) FROM escalation WHERE due_at IS NOT NULL) AS step,
         ${earliestDelivery} AS delivery,
         (SELECT count(*) FROM chunk WHERE open = 1) AS open`,
    )
    .one();
  // With all chunks out there is nothing to claim: an outcome or the end of a lease comes first, and arms.
  const claimable = row.open < maxOpenChunks ? [row.due, row.waiting] : [];
  const others = [row.lease, row.outbox, row.stray, row.delivery, row.schedule, row.step];
  const moments = [...claimable, ...others].filter((at) => at !== null);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/** An alarm that is this late was lost. One that is due right now must be left alone: set anew with each write, it would
 * be put off for as long as writes keep coming. */
const lostAfterMs = 5_000;

/**
 * The one place that sets the alarm: when none is set, when the set one was lost, or when something is due earlier.
 * Never at or before the millisecond of the alarm that runs or ran last: re-armed to that, it would never fire again
 * (https://github.com/cloudflare/workerd/issues/6866).
 */
export async function arm(storage: DurableObjectStorage, now: number, lastAlarmAt: number): Promise<void> {
  const next = nextWake(storage.sql);
  if (next === undefined) return;
  const at = Math.max(next, Math.max(now, lastAlarmAt) + 1);
  const set = await storage.getAlarm();
  if (set === null || set <= now - lostAfterMs || at < set) await storage.setAlarm(at);
}
