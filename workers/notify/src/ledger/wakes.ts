/** One call that the queue is asked for: `shard` at `at`. */
export interface Wake {
  readonly shard: number;
  /** Unix milliseconds; a whole second, unless it is for at once. */
  readonly at: number;
  /** Grows with each wake of a shard, so that no two have the same id. */
  readonly generation: number;
}

/** How it goes with the queue. */
export interface Waking {
  /** What is due until then goes out by the shard's own alarm. */
  readonly openUntil: number;
  /** Wakes in a row for which nobody called. */
  readonly silent: number;
  /** Since when nothing can be published, and what it answered last. */
  readonly failing: { readonly since: number; readonly lastAt: number; readonly reason: string } | undefined;
}

/** How long after a wake's moment the alarm behind it looks what became of it. */
export const sweepAfterMs = 120_000;

/**
 * A call opens the shard for so long: what becomes due meanwhile (retries, what a lane lets through next, messages that are
 * accepted right after another) goes out by its own alarm. So a busy shard costs two wakes a minute, whatever it sends.
 */
export const openForMs = 30_000;

/** After so many wakes for which nobody called, the shard sends by its own alarm until somebody calls again. */
export const silentWakes = 2;

/** While the queue takes nothing it is asked again after so long. */
export const publishPauseMs = 30_000;

/** A publication of which nothing was heard for so long has died on its way, and is handed over again. */
const publishLeaseMs = 30_000;

/** QStash's Free plan takes delays of up to seven days; a later wake gets there in hops. A minute is for the way there. */
export const longestDelayMs: number = 7 * 86_400_000 - 60_000;

const secondMs = 1_000;

export function readWaking(sql: SqlStorage): Waking {
  const row = sql
    .exec<{
      open_until: number;
      silent: number;
      failing_since: number | null;
      failed_at: number | null;
      failure: string | null;
    }>("SELECT open_until, silent, failing_since, failed_at, failure FROM waking WHERE id = 0")
    .toArray()[0];
  if (row === undefined) return { openUntil: 0, silent: 0, failing: undefined };
  const { open_until: openUntil, silent, failing_since: since, failed_at: lastAt, failure } = row;
  const failing = since === null ? undefined : { since, lastAt: lastAt ?? since, reason: failure ?? "" };
  return { openUntil, silent, failing };
}

/** Whether the queue can be relied on; else the shard sends by its own alarm, and goes on to ask. */
function isTrusted({ silent, failing }: Waking): boolean {
  return silent < silentWakes && failing === undefined;
}

/**
 * What an alarm may send when its next sends are due at `sendAt`: all that is due, if the queue cannot be relied on, or if
 * it is what a call has opened the shard for. A password that is reset meanwhile does not wait for the end of a long list.
 * Otherwise nothing: a call is on its way.
 */
export function mayAlarmSend(sql: SqlStorage, sendAt: number | undefined): boolean {
  const waking = readWaking(sql);
  return !isTrusted(waking) || (sendAt !== undefined && sendAt <= waking.openUntil);
}

/** Counts the wakes for which nobody called in time, and forgets them. */
export function noteSilence(sql: SqlStorage, now: number): void {
  const overdue = sql.exec("DELETE FROM wake WHERE at <= ? RETURNING at", now - sweepAfterMs).toArray().length;
  if (overdue > 0) sql.exec("UPDATE waking SET silent = silent + 1 WHERE id = 0");
}

export interface WakePlan {
  /** When the shard's own alarm must have run. */
  readonly alarmAt: number | undefined;
  /** To be published once this is committed. */
  readonly publish: Wake | undefined;
}

/**
 * Sees to it that somebody calls when the next sends are due: by the shard's own alarm while it is open, else by a wake that
 * is planned already, else by a new one. The alarm stands two minutes behind a wake; while the queue cannot be relied on,
 * it stands at the moment itself.
 */
export function planWake(
  sql: SqlStorage,
  { shard, now, bornAt }: { readonly shard: number; readonly now: number; readonly bornAt: number },
  sendAt: number | undefined,
): WakePlan {
  if (sendAt === undefined) return { alarmAt: undefined, publish: undefined };
  const waking = readWaking(sql);
  if (sendAt <= waking.openUntil) return { alarmAt: sendAt, publish: undefined };
  // The queue counts in seconds: what is due now waits for a wake that comes within this one.
  const second = Math.min(Math.ceil(Math.max(sendAt, now) / secondMs) * secondMs, now + longestDelayMs);
  const planned = findPlanned(sql, second);
  const { failing } = waking;
  if (planned === undefined && failing !== undefined && now < failing.lastAt + publishPauseMs) {
    return { alarmAt: sendAt, publish: undefined };
  }
  const wake = planned ?? insertWake(sql, sendAt <= now ? now : second, now);
  const isDue = planned === undefined || isLost(planned, now, bornAt);
  if (planned !== undefined && isDue) sql.exec("UPDATE wake SET planned_at = ? WHERE at = ?", now, planned.at);
  return {
    alarmAt: isTrusted(waking) ? wake.at + sweepAfterMs : sendAt,
    publish: isDue ? { shard, at: wake.at, generation: wake.generation } : undefined,
  };
}

interface PlannedWake {
  readonly at: number;
  readonly generation: number;
  readonly planned_at: number;
  readonly published_at: number | null;
}

/** The first wake, if it comes early enough: what is due after it is planned when it comes. */
function findPlanned(sql: SqlStorage, at: number): PlannedWake | undefined {
  return sql
    .exec<PlannedWake & Record<string, SqlStorageValue>>(
      "SELECT at, generation, planned_at, published_at FROM wake WHERE at <= ? ORDER BY at LIMIT 1",
      at,
    )
    .toArray()[0];
}

/** What the object handed over before it was started anew may have died with it. */
function isLost({ planned_at, published_at }: PlannedWake, now: number, bornAt: number): boolean {
  return published_at === null && (planned_at <= now - publishLeaseMs || planned_at < bornAt);
}

function insertWake(sql: SqlStorage, at: number, now: number): Pick<Wake, "at" | "generation"> {
  // The first is random: another deployment on the same account has the same shards, and may have the same moments.
  const first = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const { generation } = sql
    .exec<{ generation: number }>(
      `INSERT INTO waking (id, generation, open_until, silent) VALUES (0, ?, 0, 0)
       ON CONFLICT (id) DO UPDATE SET generation = generation + 1 RETURNING generation`,
      first,
    )
    .one();
  sql.exec("INSERT INTO wake (at, generation, planned_at) VALUES (?, ?, ?)", at, generation, now);
  return { at, generation };
}

/**
 * The queue has called: whatever was planned up to now is served by it, and the shard is open. A call that nobody waits for
 * (a second one, one of before) writes nothing.
 */
export function takeWake(sql: SqlStorage, now: number): void {
  const served = sql.exec("DELETE FROM wake WHERE at <= ? RETURNING at", now).toArray().length;
  if (served > 0) sql.exec("UPDATE waking SET open_until = ?, silent = 0 WHERE id = 0", now + openForMs);
  else sql.exec("UPDATE waking SET silent = 0 WHERE id = 0 AND silent > 0");
}

export function notePublished(sql: SqlStorage, { at, generation }: Wake, now: number): void {
  sql.exec("UPDATE wake SET published_at = ? WHERE at = ? AND generation = ?", now, at, generation);
  sql.exec("UPDATE waking SET failing_since = NULL WHERE id = 0 AND failing_since IS NOT NULL");
}

/** It may be there all the same: its call is as good as any. */
export function noteUnpublished(sql: SqlStorage, { at, generation }: Wake, reason: string, now: number): void {
  sql.exec("DELETE FROM wake WHERE at = ? AND generation = ?", at, generation);
  sql.exec(
    "UPDATE waking SET failing_since = coalesce(failing_since, ?1), failed_at = ?1, failure = ?2 WHERE id = 0",
    now,
    reason,
  );
}
