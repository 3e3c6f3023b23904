import { maxOpenChunks, openChunksOf } from "../dispatch/limits.ts";

/** The last of the priorities. */
const bulk = openChunksOf.length - 1;

/**
 * Queues: what is due, by priority and lane. Those of no lane yet (written by a build before, or without a choice) are the
 * queue of the empty name. One look into the index leads from each queue to the next, and one to its first message. Bulk of a lane that
 * has one chunk at a time is not among them while that is out.
 */
const queues = `WITH RECURSIVE queue (priority, lane) AS (
    VALUES (0, ''), (1, ''), (2, '')
    UNION ALL
    SELECT queue.priority, (SELECT min(m.lane) FROM message AS m INDEXED BY message_due
                            WHERE m.priority = queue.priority AND m.lane > queue.lane AND m.due_at IS NOT NULL)
    FROM queue WHERE queue.lane IS NOT NULL
  ), waits (priority, lane, due) AS (
    SELECT priority, lane, (SELECT min(m.due_at) FROM message AS m INDEXED BY message_due
                            WHERE m.priority = queue.priority AND m.lane IS nullif(queue.lane, '') AND m.due_at IS NOT NULL)
    FROM queue WHERE lane IS NOT NULL
  ), next (priority, lane, due, opens) AS (
    SELECT waits.priority, waits.lane, due, max(due, coalesce(gate.until, 0))
    FROM waits LEFT JOIN lane_gate AS gate ON gate.lane = waits.lane AND gate.priority = waits.priority
    WHERE due IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM chunk WHERE open = 1 AND narrow = 1 AND chunk.lane = waits.lane AND waits.priority = ${bulk})
  )`;

/** When something can be claimed, whichever the priority; for a health's sake, not counting whether there is room for it. */
export const earliestDue = `(${queues} SELECT min(opens) FROM next)`;

/** The same, where there is room: with many chunks out, only what is more urgent can be claimed. */
export const earliestClaim = `(${queues} SELECT min(opens) FROM next
    WHERE (SELECT count(*) FROM chunk WHERE open = 1) <
      CASE priority WHEN 0 THEN ${openChunksOf[0]} WHEN 1 THEN ${openChunksOf[1]} ELSE ${openChunksOf[2]} END)`;

/** When a waiting chunk is tried again, where there is room for it. */
export const earliestRepeat = `(SELECT min(at) FROM chunk
    WHERE open = 0 AND (SELECT count(*) FROM chunk WHERE open = 1) < ${maxOpenChunks})`;

export interface Queue {
  readonly priority: number;
  /** Empty: of those that have none yet. */
  readonly lane: string;
}

/** The queues in which something can be claimed now: the most urgent first, then that which waits for longest. */
export function readQueues(sql: SqlStorage, now: number): readonly Queue[] {
  return sql
    .exec<{ priority: number; lane: string }>(
      `${queues} SELECT priority, lane FROM next WHERE opens <= ?1 ORDER BY priority, due, lane`,
      now,
    )
    .toArray();
}

/** How many are due in each lane, up to `most` a queue. */
export function countWaiting(sql: SqlStorage, now: number, most: number): Readonly<Record<string, number>> {
  const rows = sql
    .exec<{ lane: string; waiting: number }>(
      `${queues} SELECT lane, sum((SELECT count(*) FROM (SELECT 1 FROM message AS m INDEXED BY message_due
         WHERE m.priority = waits.priority AND m.lane IS nullif(waits.lane, '') AND m.due_at <= ?1 LIMIT ?2))) AS waiting
       FROM waits WHERE due <= ?1 GROUP BY lane`,
      now,
      most,
    )
    .toArray();
  return Object.fromEntries(rows.map(({ lane, waiting }) => [lane, waiting]));
}

/** A due message, as far as planning needs it. */
export interface DueRow extends Record<string, SqlStorageValue> {
  uuid: string;
  lane: string | null;
  due_at: number;
  unknown_tries: number;
  lost_leases: number;
  channel: string;
  providers: string | null;
  content_bytes: number;
  expires_at: number | null;
}

const columns = `due.uuid, due.lane, due.due_at, m.unknown_tries, m.lost_leases,
  n.channel, n.providers, n.content_bytes, n.expires_at`;

const joined = `JOIN message AS m ON m.uuid = due.uuid
  JOIN notification AS n ON n.uuid = substr(due.uuid, 1, 24) || '00000000'`;

/** Those of a queue that wait for longest. */
export function readHead(sql: SqlStorage, { priority, lane }: Queue, now: number, limit: number): readonly DueRow[] {
  return sql
    .exec<DueRow>(
      `SELECT ${columns}
       FROM (SELECT uuid, lane, due_at FROM message INDEXED BY message_due
             WHERE priority = ?1 AND lane IS nullif(?2, '') AND due_at <= ?3 ORDER BY due_at, uuid LIMIT ?4) AS due
       ${joined} ORDER BY due.due_at, due.uuid`,
      priority,
      lane,
      now,
      limit,
    )
    .toArray();
}

/** Notifications that are looked for behind the head. */
const mostBehind = 64;

/**
 * What other notifications have due behind the head of a long queue. Messages of one notification that are due at the same
 * moment stand together in the index: one look skips them all, however many they are.
 */
export function readBehind(
  sql: SqlStorage,
  { priority, lane }: Queue,
  now: number,
  last: Pick<DueRow, "uuid" | "due_at">,
  each: number,
): readonly DueRow[] {
  return sql
    .exec<DueRow>(
      `WITH RECURSIVE first (place, at) AS (
         VALUES (0, printf('%015d', ?4) || ?5)
         UNION ALL
         SELECT place + 1, (
           SELECT printf('%015d', m.due_at) || m.uuid FROM message AS m INDEXED BY message_due
           WHERE m.priority = ?1 AND m.lane IS nullif(?2, '') AND m.due_at <= ?3
             AND (m.due_at, m.uuid) > (CAST(substr(first.at, 1, 15) AS INTEGER), substr(first.at, 16, 24) || 'ffffffff')
           ORDER BY m.due_at, m.uuid LIMIT 1)
         FROM first WHERE first.at IS NOT NULL AND place < ${mostBehind}
       ), due (uuid, lane, due_at) AS (
         SELECT one.uuid, one.lane, one.due_at
         FROM first JOIN message AS one ON one.uuid IN (
           SELECT m.uuid FROM message AS m INDEXED BY message_due
           WHERE m.priority = ?1 AND m.lane IS nullif(?2, '') AND m.due_at = CAST(substr(first.at, 1, 15) AS INTEGER)
             AND m.uuid BETWEEN substr(first.at, 16) AND substr(first.at, 16, 24) || 'ffffffff'
           ORDER BY m.uuid LIMIT ?6)
         WHERE first.place > 0 AND first.at IS NOT NULL
       )
       SELECT ${columns} FROM due ${joined} ORDER BY due.due_at, due.uuid`,
      priority,
      lane,
      now,
      last.due_at,
      last.uuid,
      each,
    )
    .toArray();
}
