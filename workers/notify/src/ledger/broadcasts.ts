import type { Member } from "../directory/topics.ts";
import { randomToken } from "../ids.ts";
import type { ExpiresBefore, Move, Target } from "./cancel.ts";
import { putOutbox } from "./outbox.ts";
import type { PartCounts, PartHead } from "./part-types.ts";

/**
 * A notification to a topic, on the shard that took it: how far its members have been read, and what the shards say of the
 * messages that were made of them.
 */

/** `waiting`: for its moment. `running`: members are being read. `complete`: each has their messages. */
export type BroadcastState = "waiting" | "running" | "complete" | "canceled" | "expired";

/** The next pages that somebody is to make messages of. */
export interface BroadcastJob {
  readonly head: PartHead;
  /** Fences what is told of it, should the lease have ended meanwhile. */
  readonly token: string;
  readonly topic: string;
  /** Where the last page ended. */
  readonly cursor: Member | undefined;
}

/** That messages were made of a page. */
export interface Advance {
  readonly uuid: string;
  readonly token: string;
  /** Where the page ended; undefined: there are no more members. */
  readonly cursor: Member | undefined;
  readonly members: number;
  readonly messages: number;
  /** Members of the page who do not want it. */
  readonly unwanted: number;
  /** Members of the page who have no address on its channel. */
  readonly unreachable: number;
  /** Whether whoever reads goes on; else another invocation does, at once. */
  readonly goesOn: boolean;
  readonly now: number;
}

export interface BroadcastDetail {
  readonly topic: string;
  readonly state: BroadcastState;
  /** Read so far. */
  readonly members: number;
  /** Made of them so far. */
  readonly messages: number;
  readonly unwanted: number;
  readonly unreachable: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

/** Longer than an invocation reads, and the request that it has begun by then. */
export const broadcastLeaseMs = 60_000;

/** Of one shard, that are being read at a time. */
const broadcastsPerTurn = 4;

export function planBroadcast(
  sql: SqlStorage,
  { uuid, topic, priority, dueAt }: { uuid: string; topic: string; priority: number; dueAt: number },
): void {
  sql.exec(
    "INSERT INTO broadcast (uuid, topic, priority, state, due_at) VALUES (?, ?, ?, 'waiting', ?)",
    uuid,
    topic,
    priority,
    dueAt,
  );
}

interface Due extends Record<string, SqlStorageValue> {
  uuid: string;
  topic: string;
  priority: number;
  cursor: string | null;
  tries: number;
  channel: string;
  accepted_at: number;
  send_at: number;
  expires_at: number | null;
  providers: string | null;
  category: string | null;
  metadata: string | null;
  schedule: string | null;
}

/** Hands out broadcasts whose next pages are due, each under a lease. Those whose time is over end here. */
export function takeBroadcasts(sql: SqlStorage, shard: number, now: number): readonly BroadcastJob[] {
  const due = sql
    .exec<Due>(
      `SELECT b.uuid, b.topic, b.priority, b.cursor, b.tries, n.channel, n.accepted_at, n.send_at, n.expires_at,
         n.providers, n.category, n.metadata, n.schedule
       FROM broadcast AS b JOIN notification AS n ON n.uuid = b.uuid
       WHERE b.due_at <= ? ORDER BY b.due_at LIMIT ?`,
      now,
      broadcastsPerTurn,
    )
    .toArray();
  return due.flatMap((row): BroadcastJob | readonly [] => {
    if (row.expires_at !== null && row.expires_at <= now) {
      end(sql, row.uuid, "expired");
      return [];
    }
    const token = randomToken(8);
    sql.exec(
      "UPDATE broadcast SET state = 'running', token = ?2, due_at = ?3, tries = tries + 1 WHERE uuid = ?1",
      row.uuid,
      token,
      now + broadcastLeaseMs * Math.min(row.tries + 1, 10),
    );
    const cursor = row.cursor === null ? undefined : (JSON.parse(row.cursor) as Member);
    return { head: headOf(row, shard), token, topic: row.topic, cursor };
  });
}

function headOf(row: Due, home: number): PartHead {
  return {
    uuid: row.uuid,
    home,
    channel: row.channel,
    priority: row.priority,
    acceptedAt: row.accepted_at,
    sendAt: row.send_at,
    expiresAt: row.expires_at ?? undefined,
    providers: row.providers === null ? undefined : (JSON.parse(row.providers) as string[]),
    category: row.category ?? undefined,
    metadata: row.metadata ?? undefined,
    schedule: row.schedule ?? undefined,
  };
}

/** Goes past a page. False for who is not listened to any more: the broadcast was canceled, or somebody else reads it. */
export function advance(sql: SqlStorage, page: Advance): boolean {
  const { uuid, token, cursor, members, messages, unwanted, unreachable, goesOn, now } = page;
  const isOver = cursor === undefined;
  const gone = sql.exec(
    `UPDATE broadcast SET state = iif(?3, 'complete', 'running'), cursor = ?4, members = members + ?5,
       unwanted = unwanted + ?6, unreachable = unreachable + ?7, tries = 0,
       token = iif(?8, token, NULL), due_at = ?9, messages = messages + ?10
     WHERE uuid = ?1 AND token = ?2 RETURNING uuid`,
    uuid,
    token,
    Number(isOver),
    // It names somebody: once it is of no use it is gone.
    isOver ? null : JSON.stringify(cursor),
    members,
    unwanted,
    unreachable,
    Number(goesOn && !isOver),
    isOver ? null : goesOn ? now + broadcastLeaseMs : now,
    messages,
  );
  return gone.toArray().length > 0;
}

/** Takes what a shard says of its messages, unless it has said something newer. */
export function keepCounts(sql: SqlStorage, shard: number, counts: PartCounts): void {
  sql.exec(
    `INSERT INTO broadcast_count (uuid, shard, version, counts) SELECT ?1, ?2, ?3, ?4
     WHERE EXISTS (SELECT 1 FROM broadcast WHERE uuid = ?1)
     ON CONFLICT (uuid, shard) DO UPDATE SET version = excluded.version, counts = excluded.counts
     WHERE excluded.version > broadcast_count.version`,
    counts.uuid,
    shard,
    counts.version,
    JSON.stringify(counts.byStatus),
  );
}

/** Undefined for a notification that is none. */
export function readBroadcast(sql: SqlStorage, uuid: string): BroadcastDetail | undefined {
  const row = sql
    .exec<Omit<BroadcastDetail, "byStatus"> & Record<string, SqlStorageValue>>(
      "SELECT topic, state, members, messages, unwanted, unreachable FROM broadcast WHERE uuid = ?",
      uuid,
    )
    .toArray()[0];
  if (row === undefined) return undefined;
  const byStatus: Record<string, number> = {};
  for (const { counts } of sql.exec<{ counts: string }>("SELECT counts FROM broadcast_count WHERE uuid = ?", uuid)) {
    for (const [status, count] of Object.entries(JSON.parse(counts) as Record<string, number>)) {
      byStatus[status] = (byStatus[status] ?? 0) + count;
    }
  }
  return { ...row, byStatus };
}

export interface CanceledBroadcast {
  readonly broadcast: BroadcastDetail;
  /** It had come to its end. */
  readonly isTooLate: boolean;
}

/**
 * Nobody is read from now on, and the outbox tells all shards to send no more of it. One that has nothing left to send stays as
 * it is. Undefined when there is no such broadcast.
 */
export function cancelBroadcast(sql: SqlStorage, uuid: string, now: number): CanceledBroadcast | undefined {
  const before = readBroadcast(sql, uuid);
  if (before === undefined) return undefined;
  if (before.state === "canceled") return { broadcast: before, isTooLate: false };
  if (before.state === "expired" || isFinished(before)) return { broadcast: before, isTooLate: true };
  end(sql, uuid, "canceled");
  putOutbox(sql, [{ kind: "withdraw", id: `withdraw:${uuid}`, notification: uuid, at: now }], now);
  return { broadcast: { ...before, state: "canceled" }, isTooLate: false };
}

/** As far as the shards have said. */
function isFinished({ state, messages, byStatus }: BroadcastDetail): boolean {
  const counted = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  return state === "complete" && counted >= messages && (byStatus["queued"] ?? 0) === 0;
}

/** Whether what an id names as a notification is one that another shard took, and of which some messages are here. */
export function isPart(sql: SqlStorage, { kind, uuid }: Target): boolean {
  if (kind !== "ntf") return false;
  return sql.exec("SELECT 1 FROM notification WHERE uuid = ? AND home IS NOT NULL", uuid).toArray().length > 0;
}

/** `begun`: its first page has been read. */
export type MovedBroadcast = { readonly outcome: "moved" | "begun" };

/** Moves one whose first page has not been read. Undefined when there is no such broadcast. */
export function moveBroadcast(
  sql: SqlStorage,
  uuid: string,
  { sendAt, expiresAt }: Move,
): MovedBroadcast | ExpiresBefore | undefined {
  const [row] = sql
    .exec<{ state: BroadcastState; expires_at: number | null }>(
      `SELECT b.state, n.expires_at FROM broadcast AS b JOIN notification AS n ON n.uuid = b.uuid WHERE b.uuid = ?`,
      uuid,
    )
    .toArray();
  if (row === undefined) return undefined;
  if (row.state !== "waiting") return { outcome: "begun" };
  const end = expiresAt ?? row.expires_at;
  if (end !== null && end <= sendAt) return { expiresAt: end };
  sql.exec("UPDATE broadcast SET due_at = ?2 WHERE uuid = ?1", uuid, sendAt);
  sql.exec("UPDATE notification SET send_at = ?2, expires_at = ?3 WHERE uuid = ?1", uuid, sendAt, end);
  return { outcome: "moved" };
}

function end(sql: SqlStorage, uuid: string, state: "canceled" | "expired"): void {
  sql.exec("UPDATE broadcast SET state = ?2, cursor = NULL, token = NULL, due_at = NULL WHERE uuid = ?1", uuid, state);
}
