import type { Route } from "../dispatch/escalate.ts";
import { lastOf, partOf, stemOf, uuidAt } from "../ids.ts";
import { readContents } from "./accept.ts";
import { readBroadcast } from "./broadcasts.ts";
import type { BroadcastDetail } from "./broadcasts.ts";
import type { EvidenceByAttempt, Milestones } from "./evidence.ts";
import { readWalks } from "./read-route.ts";
import type { RouteDetail } from "./read-route.ts";
import type { MessageRow, Status, StoredAddress } from "./rows.ts";

export interface MessageSummary {
  /** Undefined: transactional. */
  readonly category: string | undefined;
  readonly uuid: string;
  readonly channel: string;
  readonly status: Status;
  /** Whom it is for, where no address was given. */
  readonly recipient: string | undefined;
  readonly to: readonly string[];
  readonly acceptedAt: number;
  readonly sendAt: number;
  readonly expiresAt: number | undefined;
  readonly provider: string | undefined;
  readonly possibleDuplicate: boolean;
}

export interface MessageDetail extends MessageSummary {
  readonly providerMessageId: string | undefined;
  readonly tries: number;
  readonly nextTryAt: number | undefined;
  readonly milestones: Milestones;
  readonly evidence: EvidenceByAttempt;
  readonly timeline: readonly TimelineEntry[];
  readonly subject: string | undefined;
  /** uuids of the messages that it repeats, and that repeats it. */
  readonly replayOf: string | undefined;
  readonly replayedAs: string | undefined;
  /** Of its notification. */
  readonly schedule: string | undefined;
}

export interface TimelineEntry {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly provider: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface NotificationDetail {
  readonly uuid: string;
  readonly channel: string;
  readonly acceptedAt: number;
  readonly sendAt: number;
  readonly expiresAt: number | undefined;
  /** Id of the schedule that made it. */
  readonly schedule: string | undefined;
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** At most 1,000, in the order of the request; of a route first those of its first step. */
  readonly messages: readonly {
    readonly uuid: string;
    /** Of a route. */
    readonly channel?: string | undefined;
    readonly recipient: string | undefined;
    readonly to: readonly string[];
    readonly status: Status;
  }[];
  /** Undefined: it goes one way. */
  readonly route?: RouteDetail | undefined;
  /** Of a notification to a topic: its messages are on all shards, and are not listed here. */
  readonly broadcast?: BroadcastDetail | undefined;
}

type Listed = MessageRow & {
  channel: string;
  category: string | null;
  accepted_at: number;
  send_at: number;
  expires_at: number | null;
  schedule: string | null;
};

const listed = `SELECT m.*, n.channel, n.category, n.accepted_at, n.send_at, n.expires_at, n.schedule FROM message AS m
  JOIN notification AS n ON n.uuid = substr(m.uuid, 1, 24) || '00000000'`;

/** Newest first; `before` is the uuid that the last page ended with. */
export function listMessages(sql: SqlStorage, before: string | undefined, limit: number): readonly MessageSummary[] {
  return sql
    .exec<Listed>(`${listed} WHERE m.uuid < ? ORDER BY m.uuid DESC LIMIT ?`, before ?? "g", limit)
    .toArray()
    .map(summaryOf);
}

export function readMessage(sql: SqlStorage, uuid: string): MessageDetail | undefined {
  const row = sql.exec<Listed>(`${listed} WHERE m.uuid = ?`, uuid).toArray()[0];
  if (row === undefined) return undefined;
  const timeline = sql
    .exec<{ seq: number; at: number; kind: string; provider: string | null; data: string }>(
      "SELECT seq, at, kind, provider, data FROM timeline WHERE message = ? ORDER BY seq",
      uuid,
    )
    .toArray();
  return {
    ...summaryOf(row),
    providerMessageId: row.provider_message_id ?? undefined,
    // A message that was started over counts anew.
    tries: Math.max(row.tries, timeline.filter(({ kind }) => kind === "attempt").length),
    nextTryAt: row.due_at ?? waitingUntil(sql, row.chunk) ?? lookupAt(sql, row),
    milestones: JSON.parse(row.milestones) as Milestones,
    evidence: JSON.parse(row.evidence) as EvidenceByAttempt,
    timeline: timeline.map(({ seq, at, kind, provider, data }) => ({
      seq,
      at,
      kind,
      provider: provider ?? undefined,
      data: JSON.parse(data) as Record<string, unknown>,
    })),
    subject: subjectOf(sql, uuid),
    replayOf: row.replay_of ?? undefined,
    replayedAs: row.replayed_as ?? undefined,
    schedule: row.schedule ?? undefined,
  };
}

/** Undefined, too, where another shard took it, and some of its messages are here. */
export function readNotification(sql: SqlStorage, uuid: string, now: number): NotificationDetail | undefined {
  const found = sql
    .exec<NotificationRow>(
      `SELECT channel, accepted_at, send_at, expires_at, schedule, trimmed, route FROM notification
       WHERE uuid = ? AND home IS NULL`,
      uuid,
    )
    .toArray()[0];
  if (found === undefined) return undefined;
  const broadcast = readBroadcast(sql, uuid);
  if (broadcast !== undefined) return { ...headOf(uuid, found, broadcast.byStatus), messages: [], broadcast };
  const rows = sql
    .exec<Pick<MessageRow, "uuid" | "addresses" | "status" | "recipient_id">>(
      "SELECT uuid, addresses, status, recipient_id FROM message WHERE uuid > ? AND uuid <= ? ORDER BY uuid",
      uuid,
      lastOf(uuid, found.route !== null),
    )
    .toArray();
  const route = found.route === null ? undefined : (JSON.parse(found.route) as Route);
  const byStatus: Record<string, number> = JSON.parse(found.trimmed ?? "{}") as Record<string, number>;
  for (const { status } of rows) byStatus[status] = (byStatus[status] ?? 0) + 1;
  return {
    ...headOf(uuid, found, byStatus),
    messages: rows.slice(0, 1_000).map((row) => ({
      uuid: row.uuid,
      channel: route?.channels[partOf(row.uuid)],
      recipient: row.recipient_id ?? undefined,
      to: labels(row.addresses),
      status: row.status,
    })),
    route: route && { route, people: readWalks(sql, uuid, now) },
  };
}

interface NotificationRow extends Record<string, SqlStorageValue> {
  channel: string;
  accepted_at: number;
  send_at: number;
  expires_at: number | null;
  schedule: string | null;
  trimmed: string | null;
  route: string | null;
}

function headOf(
  uuid: string,
  { channel, accepted_at, send_at, expires_at, schedule }: NotificationRow,
  byStatus: NotificationDetail["byStatus"],
): Omit<NotificationDetail, "messages"> {
  return {
    uuid,
    channel,
    acceptedAt: accepted_at,
    sendAt: send_at,
    expiresAt: expires_at ?? undefined,
    schedule: schedule ?? undefined,
    count: Object.values(byStatus).reduce((sum, count) => sum + count, 0),
    byStatus,
  };
}

function summaryOf(row: Listed): MessageSummary {
  return {
    uuid: row.uuid,
    channel: row.channel,
    category: row.category ?? undefined,
    status: row.status,
    recipient: row.recipient_id ?? undefined,
    to: labels(row.addresses),
    acceptedAt: row.accepted_at,
    sendAt: row.due_from ?? row.send_at,
    expiresAt: row.expires_at ?? undefined,
    provider: row.provider ?? undefined,
    possibleDuplicate: row.possible_duplicate === 1,
  };
}

function labels(addresses: string): readonly string[] {
  return (JSON.parse(addresses) as StoredAddress[]).map(({ label }) => label);
}

function waitingUntil(sql: SqlStorage, chunk: string | null): number | undefined {
  if (chunk === null) return undefined;
  const row = sql.exec<{ at: number }>("SELECT at FROM chunk WHERE open = 0 AND id = ?", chunk).toArray()[0];
  return row?.at;
}

/** When the recipient's addresses are looked up. */
function lookupAt(sql: SqlStorage, { uuid, recipient_id }: MessageRow): number | undefined {
  if (recipient_id === null) return undefined;
  return sql.exec<{ at: number }>("SELECT due_at AS at FROM lookup WHERE message = ?", uuid).toArray()[0]?.at;
}

/** The one line of the content that tells a person which message this is. */
function subjectOf(sql: SqlStorage, uuid: string): string | undefined {
  const stem = stemOf(uuid);
  const content = readContents(sql, [uuidAt(stem, 0)]).get(stem)?.content;
  const subject = content === undefined ? undefined : (JSON.parse(content) as { subject?: unknown }).subject;
  return typeof subject === "string" ? subject : undefined;
}
