import { lanesFor } from "../dispatch/lanes.ts";
import { stemOf, uuidAt } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { insertContent } from "./accept.ts";
import { collectedFor, noteChanges } from "./count-changes.ts";
import type { CountsReport, PartCounts, PartHead } from "./part-types.ts";
import { firstOpenLane } from "./pauses.ts";
import type { StoredAddress } from "./rows.ts";
import { execForEach } from "./sql.ts";

/** A broadcast's messages on one shard: with its content, once, and under the same ids wherever they are. */

export interface PartMessage {
  /** Where its id stands, unless another's stands there. */
  readonly position: number;
  /** What tells it from another at that position. */
  readonly member: string;
  readonly recipient: unknown;
  readonly addresses: readonly StoredAddress[];
  readonly recipientId: string;
}

export interface PartCommand {
  readonly head: PartHead;
  /** JSON; undefined where the shard is thought to have it. */
  readonly content: string | undefined;
  readonly messages: readonly PartMessage[];
  readonly now: number;
}

export type PartAnswer = "accepted" | "content-wanted" | "canceled";

/** The last position of a message of a broadcast: what is above belongs to routes (ids.ts). */
export const lastPosition = 0x7fffffff;

/** How long somebody may take who tells counts. */
const tellLeaseMs = 30_000;

const partsPerTurn = 20;

/** Writes messages that are not there yet: the same page again changes nothing. */
export function receivePart(
  sql: SqlStorage,
  { head, content, messages, now }: PartCommand,
  settings: Settings,
): PartAnswer {
  const { uuid, home, priority, channel, providers } = head;
  const known = sql
    .exec<{ canceled_at: number | null }>("SELECT canceled_at FROM broadcast_part WHERE uuid = ?", uuid)
    .toArray()[0];
  if (known !== undefined && known.canceled_at !== null) return "canceled";
  if (known === undefined) {
    const isHere = sql.exec("SELECT 1 FROM notification WHERE uuid = ?", uuid).toArray().length > 0;
    if (!isHere && content === undefined) return "content-wanted";
    if (!isHere)
      insertContent(sql, stemOf(uuid), { ...head, home }, { ...head, content: content ?? "" }, head.acceptedAt);
    sql.exec("INSERT INTO broadcast_part (uuid, home) VALUES (?, ?)", uuid, home);
  }
  const placed = place(sql, stemOf(uuid), messages);
  execForEach(
    sql,
    `INSERT INTO message (uuid, recipient, addresses, priority, place, status, due_at, lane, recipient_id, member)
     SELECT value ->> 'uuid', value -> 'recipient', value -> 'addresses', ?2, 'queued', 'queued', ?3,
            ${firstOpenLane("?4", "?3")}, value ->> 'recipientId', value ->> 'member' FROM json_each(?1)`,
    placed,
    priority,
    now,
    JSON.stringify(lanesFor(settings, channel, providers).map(({ key }) => key)),
  );
  if (placed.length > 0) noteChanges(sql, [uuid], Date.now());
  return "accepted";
}

/**
 * Gives each new message the first free position from its own on, and leaves out those that are there: the positions are a
 * hash table with open addressing, whose keys are the messages' `member`s. Messages never leave it while pages come, so that
 * one that is looked for again is found where it was put.
 */
function place(
  sql: SqlStorage,
  stem: string,
  messages: readonly PartMessage[],
): readonly (PartMessage & { readonly uuid: string })[] {
  const taken = new Map<string, string | null>();
  const placed: (PartMessage & { readonly uuid: string })[] = [];
  let open = messages.map((message) => ({ message, at: message.position }));
  while (open.length > 0) {
    const wanted = open.map(({ at }) => uuidAt(stem, at)).filter((uuid) => !taken.has(uuid));
    for (const { uuid, member } of sql.exec<{ uuid: string; member: string | null }>(
      "SELECT m.uuid, m.member FROM json_each(?1) AS wanted JOIN message AS m ON m.uuid = wanted.value",
      JSON.stringify(wanted),
    ))
      taken.set(uuid, member);
    const next: typeof open = [];
    for (const { message, at } of open) {
      const uuid = uuidAt(stem, at);
      const holder = taken.get(uuid);
      if (holder === message.member) continue;
      if (holder === undefined) {
        taken.set(uuid, message.member);
        placed.push({ ...message, uuid });
      } else next.push({ message, at: at >= lastPosition ? 1 : at + 1 });
    }
    open = next;
  }
  return placed;
}

/**
 * Nothing more of a broadcast is sent from here: what is claimed later ends as canceled, and pages that come late are refused.
 * To a claim it is a notification whose time is over.
 */
export function cancelPart(sql: SqlStorage, uuid: string, home: number, at: number): void {
  sql.exec(
    `INSERT INTO broadcast_part (uuid, home, canceled_at, sweep_at) VALUES (?1, ?2, ?3, ?3)
     ON CONFLICT (uuid) DO UPDATE SET canceled_at = excluded.canceled_at, sweep_at = excluded.sweep_at
     WHERE broadcast_part.canceled_at IS NULL`,
    uuid,
    home,
    at,
  );
  sql.exec("UPDATE notification SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE uuid = ?1", uuid, at);
}

const sweptPerTurn = 1_000;

/** Has messages of canceled broadcasts that wait for another try end now, some at a time. */
export function sweepCanceled(sql: SqlStorage, now: number): void {
  const [part] = sql
    .exec<{ uuid: string }>("SELECT uuid FROM broadcast_part WHERE sweep_at <= ? ORDER BY sweep_at LIMIT 1", now)
    .toArray();
  if (part === undefined) return;
  const waiting = sql
    .exec<{ uuid: string }>(
      "SELECT uuid FROM message WHERE uuid > ?1 AND uuid <= ?2 AND due_at > ?3 LIMIT ?4",
      part.uuid,
      uuidAt(stemOf(part.uuid), lastPosition),
      now,
      sweptPerTurn,
    )
    .toArray()
    .map(({ uuid }) => uuid);
  execForEach(
    sql,
    "UPDATE message SET due_at = ?2 FROM json_each(?1) AS one WHERE message.uuid = one.value",
    waiting,
    now,
  );
  if (waiting.length < sweptPerTurn) sql.exec("UPDATE broadcast_part SET sweep_at = NULL WHERE uuid = ?", part.uuid);
}

/** What is to be told of messages that changed: the whole number of each status, so that a report that is lost is made up for. */
export function takeCounts(sql: SqlStorage, now: number): readonly CountsReport[] {
  const due = sql
    .exec<{ uuid: string; home: number; changed: number; trimmed: string | null }>(
      `SELECT p.uuid, p.home, p.changed, n.trimmed FROM broadcast_part AS p LEFT JOIN notification AS n ON n.uuid = p.uuid
       WHERE p.due_at <= ? ORDER BY p.due_at LIMIT ?`,
      now,
      partsPerTurn,
    )
    .toArray();
  return due.map(({ uuid, home, changed, trimmed }) => {
    const byStatus = JSON.parse(trimmed ?? "{}") as Record<string, number>;
    let size = 0;
    for (const { status, count } of sql.exec<{ status: string; count: number }>(
      "SELECT status, count(*) AS count FROM message WHERE uuid > ? AND uuid <= ? GROUP BY status",
      uuid,
      uuidAt(stemOf(uuid), lastPosition),
    )) {
      byStatus[status] = (byStatus[status] ?? 0) + count;
      size += count;
    }
    sql.exec("UPDATE broadcast_part SET due_at = ?2, size = ?3 WHERE uuid = ?1", uuid, now + tellLeaseMs, size);
    return { uuid, home, version: changed, byStatus };
  });
}

/** That counts have arrived; what has changed since is told a while later. */
export function settleCounts(
  sql: SqlStorage,
  told: readonly Pick<PartCounts, "uuid" | "version">[],
  now: number,
): void {
  execForEach(
    sql,
    `UPDATE broadcast_part SET due_at = iif(changed > told.value ->> 'version', ?2 + ${collectedFor}, NULL)
     FROM json_each(?1) AS told WHERE broadcast_part.uuid = told.value ->> 'uuid'`,
    told,
    now,
  );
}
