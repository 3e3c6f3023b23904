import { maxOpenChunks } from "../dispatch/limits.ts";

/** The earliest moment at which this shard has something to do; undefined when it has nothing. */
export function nextWake(sql: SqlStorage): number | undefined {
  const row = sql
    .exec<{ due: number | null; chunk: number | null; outbox: number | null; stray: number | null; open: number }>(
      `SELECT
         (SELECT min(due) FROM (
            SELECT min(due_at) AS due FROM message INDEXED BY message_due WHERE priority = 0 AND due_at IS NOT NULL
            UNION ALL SELECT min(due_at) FROM message INDEXED BY message_due WHERE priority = 1 AND due_at IS NOT NULL
            UNION ALL SELECT min(due_at) FROM message INDEXED BY message_due WHERE priority = 2 AND due_at IS NOT NULL)) AS due,
         (SELECT min(at) FROM chunk) AS chunk,
         (SELECT min(due_at) FROM outbox) AS outbox,
         (SELECT min(due_at) FROM stray WHERE due_at IS NOT NULL) AS stray,
         (SELECT count(*) FROM chunk WHERE open = 1) AS open`,
    )
    .one();
  // With all chunks out there is nothing to claim: an outcome or the end of a lease comes first, and arms.
  const due = row.open < maxOpenChunks ? row.due : null;
  const moments = [due, row.chunk, row.outbox, row.stray].filter((at) => at !== null);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

/**
 * The one place that sets the alarm: when none is set, when the set one has passed, or when something is due earlier.
 * Never at or before the millisecond of the alarm that runs: re-armed to that, it would never fire again
 * (https://github.com/cloudflare/workerd/issues/6866).
 */
export async function arm(storage: DurableObjectStorage, now: number, runningAt?: number): Promise<void> {
  const next = nextWake(storage.sql);
  if (next === undefined) return;
  const earliest = Math.max(now, runningAt ?? 0) + 1;
  const at = Math.max(next, earliest);
  const set = await storage.getAlarm();
  if (set === null || set <= now || at < set) await storage.setAlarm(at);
}
