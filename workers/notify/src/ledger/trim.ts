import { isRouted, lastOf, notificationOf, randomToken } from "../ids.ts";
import { earliestDue } from "./queues.ts";
import type { Place, Status } from "./rows.ts";
import { execForEach } from "./sql.ts";
import { trimBroadcasts, uuidBefore } from "./trim-broadcasts.ts";

/** Looked at in one turn. */
const keysPerSweep = 500;

/** Rows of messages and their timelines that one turn deletes, about. */
const rowsPerSweep = 500;

const dayMs = 86_400_000;

/** What is still to be done about a message keeps it, however old it is. Held ones go: nobody has cared for so long. */
const unfinished: readonly Place[] = ["scheduled", "queued"];

/**
 * Deletes what is over: idempotency keys, events that found no message, and, while nothing is due, finished messages that
 * were due more than `retentionDays` ago. How many those were stays, by day, channel and status.
 */
export function trim(sql: SqlStorage, now: number, { retentionDays }: { readonly retentionDays: number }): void {
  const cutoff = now - retentionDays * dayMs;
  trimScattered(
    sql,
    "SELECT key AS id, expires_at <= ?3 AS over FROM idempotency WHERE key >= ?1 ORDER BY key LIMIT ?2",
    now,
    (ids) => execForEach(sql, "DELETE FROM idempotency WHERE key IN (SELECT value FROM json_each(?1))", ids),
  );
  trimScattered(
    sql,
    "SELECT id, due_at IS NULL AND received_at <= ?3 AS over FROM stray WHERE id >= ?1 ORDER BY id LIMIT ?2",
    cutoff,
    (ids) => execForEach(sql, "DELETE FROM stray WHERE id IN (SELECT value FROM json_each(?1))", ids),
  );
  if (!isBusy(sql, now)) trimMessages(sql, cutoff);
}

/**
 * An index by time would cost each accepted notification a row, and a look at all keys at each sweep reads all of them: so
 * it looks at a few, from a random place on and around. Keys are hashes, so that every place gets its turn.
 */
function trimScattered(sql: SqlStorage, query: string, before: number, remove: (ids: readonly string[]) => void): void {
  const look = (from: string, limit: number): { id: string; over: number }[] =>
    sql.exec<{ id: string; over: number }>(query, from, limit, before).toArray();
  const after = look(randomToken(32), keysPerSweep);
  const seen = after.length < keysPerSweep ? [...after, ...look("", keysPerSweep - after.length)] : after;
  remove(seen.filter(({ over }) => over === 1).map(({ id }) => id));
}

function isBusy(sql: SqlStorage, now: number): boolean {
  const row = sql
    .exec<{ due: number | null; open: number }>(
      `SELECT ${earliestDue} AS due, (SELECT count(*) FROM chunk WHERE open = 1) AS open`,
    )
    .one();
  return row.open > 0 || (row.due !== null && row.due <= now);
}

interface Finished extends Record<string, SqlStorageValue> {
  uuid: string;
  status: Status;
  channel: string;
  rows: number;
}

function trimMessages(sql: SqlStorage, cutoff: number): void {
  trimBroadcasts(sql, cutoff);
  const going = oldest(sql, cutoff);
  if (going.length === 0) return;
  const uuids = going.map(({ uuid }) => uuid);
  for (const [table, column] of [
    ["timeline", "message"],
    ["dead_letter", "message"],
    ["message", "uuid"],
  ]) {
    execForEach(sql, `DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?1))`, uuids);
  }
  countByDay(sql, going);
  settleNotifications(sql, going);
}

/** The oldest that may go, by accept time, as many as one turn deletes. */
function oldest(sql: SqlStorage, cutoff: number): readonly Finished[] {
  const found = sql
    .exec<Finished>(
      `SELECT m.uuid, m.status, n.channel, 1 + (SELECT count(*) FROM timeline AS t WHERE t.message = m.uuid) AS rows
       FROM message AS m JOIN notification AS n ON n.uuid = substr(m.uuid, 1, 24) || '00000000'
       WHERE m.uuid < ?1 AND m.place NOT IN (${unfinished.map((place) => `'${place}'`).join(", ")})
         AND m.chunk IS NULL AND coalesce(m.due_from, n.send_at) < ?2
         AND NOT EXISTS (SELECT 1 FROM escalation AS e
           WHERE e.uuid = substr(m.uuid, 1, 22) || '00' || substr(m.uuid, 25, 5) || '000' AND e.due_at IS NOT NULL)
       ORDER BY m.uuid LIMIT ?3`,
      uuidBefore(cutoff),
      cutoff,
      rowsPerSweep,
    )
    .toArray();
  let rows = 0;
  // One with a long timeline has a turn of its own.
  return found.filter((one, index) => (rows += one.rows) <= rowsPerSweep || index === 0);
}

function countByDay(sql: SqlStorage, going: readonly Finished[]): void {
  const counts = new Map<string, { day: string; channel: string; status: string; count: number }>();
  for (const { uuid, channel, status } of going) {
    const day = new Date(Number.parseInt(uuid.slice(0, 12), 16)).toISOString().slice(0, 10);
    const key = `${day} ${channel} ${status}`;
    const entry = counts.get(key) ?? { day, channel, status, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  execForEach(
    sql,
    `INSERT INTO trimmed (day, channel, status, count)
     SELECT value ->> 'day', value ->> 'channel', value ->> 'status', value ->> 'count' FROM json_each(?1) WHERE true
     ON CONFLICT (day, channel, status) DO UPDATE SET count = count + excluded.count`,
    [...counts.values()],
  );
}

/** A notification goes with the last of its messages; until then it keeps the counts of those that went. */
function settleNotifications(sql: SqlStorage, going: readonly Finished[]): void {
  const byNotification = new Map<string, Record<string, number>>();
  const ends = new Map<string, string>();
  for (const { uuid, status } of going) {
    const notification = notificationOf(uuid);
    const counts = byNotification.get(notification) ?? {};
    counts[status] = (counts[status] ?? 0) + 1;
    byNotification.set(notification, counts);
    ends.set(notification, lastOf(notification, isRouted(uuid)));
  }
  const left = sql
    .exec<{ uuid: string; trimmed: string | null; empty: number }>(
      `SELECT n.uuid, n.trimmed, NOT EXISTS (SELECT 1 FROM message AS m WHERE m.uuid > n.uuid
          AND m.uuid <= wanted.value ->> 'last') AS empty
       FROM json_each(?1) AS wanted JOIN notification AS n ON n.uuid = wanted.value ->> 'uuid'`,
      JSON.stringify(Array.from(ends, ([uuid, last]) => ({ uuid, last }))),
    )
    .toArray();
  const empty = left.filter((one) => one.empty === 1).map(({ uuid }) => ({ uuid, last: ends.get(uuid) ?? uuid }));
  // Of a route all parts go together: those that were never started have no messages that would go.
  for (const [table, column] of [
    ["content_part", "notification"],
    ["escalation", "uuid"],
    ["broadcast", "uuid"],
    ["broadcast_count", "uuid"],
    ["broadcast_part", "uuid"],
    ["notification", "uuid"],
  ]) {
    execForEach(
      sql,
      `DELETE FROM ${table} WHERE ${column} IN (SELECT one.${column} FROM json_each(?1) AS wanted
         JOIN ${table} AS one ON one.${column} BETWEEN wanted.value ->> 'uuid' AND wanted.value ->> 'last')`,
      empty,
    );
  }
  execForEach(
    sql,
    "UPDATE notification SET trimmed = value ->> 'trimmed' FROM json_each(?1) WHERE notification.uuid = value ->> 'uuid'",
    left
      .filter((one) => one.empty === 0)
      .map(({ uuid, trimmed }) => {
        const counts = JSON.parse(trimmed ?? "{}") as Record<string, number>;
        for (const [status, count] of Object.entries(byNotification.get(uuid) ?? {})) {
          counts[status] = (counts[status] ?? 0) + count;
        }
        return { uuid, trimmed: JSON.stringify(counts) };
      }),
  );
}

export interface TrimmedCount extends Record<string, SqlStorageValue> {
  /** `2026-08`, of the accept time in UTC. */
  month: string;
  channel: string;
  status: string;
  count: number;
}

/** How many messages are not kept any more. */
export function readTrimmed(sql: SqlStorage): readonly TrimmedCount[] {
  return sql
    .exec<TrimmedCount>(
      `SELECT substr(day, 1, 7) AS month, channel, status, sum(count) AS count FROM trimmed
       GROUP BY month, channel, status ORDER BY month, channel, status`,
    )
    .toArray();
}
