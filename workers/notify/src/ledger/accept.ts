import { lanesFor } from "../dispatch/lanes.ts";
import { partStem, stemOf, uuidAt } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { insertParts, partBytes, readParts } from "./content-parts.ts";
import { planLookups } from "./lookups.ts";
import { firstOpenLane } from "./pauses.ts";
import { planBroadcast } from "./broadcasts.ts";
import type { StoredAddress, TimelineRow } from "./rows.ts";
import { execForEach, insertTimeline } from "./sql.ts";

/** What messages of one channel have in common. */
export interface AcceptedContent {
  readonly channel: string;
  readonly providers: readonly string[] | undefined;
  /** JSON of the content's metadata, for what apps are told. */
  readonly metadata?: string | undefined;
  /** JSON, stored once for all messages. */
  readonly content: string;
}

/** What a notification has beside its first step, if it has more. */
export interface AcceptedRoute {
  /** JSON of a `Route`. */
  readonly route: string;
  /** Of the parts after the first, in order. */
  readonly parts: readonly AcceptedContent[];
  readonly escalations: readonly {
    readonly uuid: string;
    /** JSON. */
    readonly addresses: string;
    readonly trace: string;
    readonly dueAt: number | undefined;
  }[];
  /** Why there are messages of later steps already. */
  readonly timeline: readonly TimelineRow[];
}

/** A notification that has been checked and expanded: nothing is decided here any more. */
export interface AcceptedNotification extends AcceptedContent {
  /** Shared by the ids of the notification and its messages. */
  readonly stem: string;
  readonly priority: number;
  /** Milliseconds; in the future for a scheduled one. */
  readonly sendAt: number;
  /** Undefined: transactional. */
  readonly category?: string | undefined;
  /** Milliseconds; nothing is sent from then on. */
  readonly expiresAt?: number | undefined;
  /** Id of the schedule that made it. */
  readonly schedule?: string | undefined;
  readonly messages: readonly AcceptedMessage[];
  /** Undefined: it has one step, on its channel. */
  readonly route?: AcceptedRoute | undefined;
  /** Its members are made messages of when it is due. */
  readonly topic?: string | undefined;
}

export interface AcceptedMessage {
  /** Where it is not its place in the list that names it. */
  readonly uuid?: string | undefined;
  readonly recipient: unknown;
  /** None while the recipient's are still to be looked up. */
  readonly addresses: readonly StoredAddress[];
  /** The app's own id of whom it is for, where no address was given. */
  readonly recipientId?: string | undefined;
}

/** uuid of the message that stands at a place of the list, from 0. */
export function uuidOf({ stem, messages }: AcceptedNotification, index: number): string {
  return messages[index]?.uuid ?? uuidAt(stem, index + 1);
}

export interface IdempotencyKey {
  /** Hash of the caller's API key id and its own key. */
  readonly key: string;
  readonly requestHash: string;
  readonly keptForMs: number;
}

export interface AcceptCommand {
  readonly now: number;
  readonly notifications: readonly AcceptedNotification[];
  readonly idempotency: IdempotencyKey | undefined;
}

export type AcceptAnswer =
  | { readonly outcome: "accepted" }
  /** The same request was accepted before: these are its notifications. */
  | { readonly outcome: "repeated"; readonly notifications: readonly string[] }
  /** The key was used for another request. */
  | { readonly outcome: "conflict" };

/** Writes everything that was asked for. Runs inside the caller's transaction. */
export function accept(sql: SqlStorage, command: AcceptCommand, settings: Settings): AcceptAnswer {
  const { now, idempotency, notifications } = command;
  if (idempotency !== undefined) {
    const earlier = readKey(sql, idempotency.key, now);
    if (earlier !== undefined) {
      if (earlier.request_hash !== idempotency.requestHash) return { outcome: "conflict" };
      return { outcome: "repeated", notifications: JSON.parse(earlier.notifications) as string[] };
    }
    sql.exec(
      "INSERT OR REPLACE INTO idempotency (key, request_hash, notifications, expires_at) VALUES (?, ?, ?, ?)",
      idempotency.key,
      idempotency.requestHash,
      JSON.stringify(notifications.map(({ stem }) => uuidAt(stem, 0))),
      now + idempotency.keptForMs,
    );
  }
  for (const notification of notifications) insertNotification(sql, notification, now, settings);
  return { outcome: "accepted" };
}

/**
 * Binds a key to a request for a while. False when it is bound to another: kept beside the idempotency keys, of which it is
 * one, though of a request that made no notification.
 */
export function bind(sql: SqlStorage, command: IdempotencyKey & { readonly now: number }): boolean {
  const { key, requestHash, keptForMs, now } = command;
  const earlier = readKey(sql, key, now);
  if (earlier !== undefined) return earlier.request_hash === requestHash;
  sql.exec(
    "INSERT OR REPLACE INTO idempotency (key, request_hash, notifications, expires_at) VALUES (?, ?, '[]', ?)",
    key,
    requestHash,
    now + keptForMs,
  );
  return true;
}

/** uuids of the notifications that this very request made; undefined when it was not accepted before. */
export function findAccepted(
  sql: SqlStorage,
  { key, requestHash }: Pick<IdempotencyKey, "key" | "requestHash">,
  now: number,
): readonly string[] | undefined {
  const earlier = readKey(sql, key, now);
  return earlier?.request_hash === requestHash ? (JSON.parse(earlier.notifications) as string[]) : undefined;
}

function readKey(
  sql: SqlStorage,
  key: string,
  now: number,
): { request_hash: string; notifications: string } | undefined {
  return sql
    .exec<{ request_hash: string; notifications: string }>(
      "SELECT request_hash, notifications FROM idempotency WHERE key = ? AND expires_at > ?",
      key,
      now,
    )
    .toArray()[0];
}

function insertNotification(
  sql: SqlStorage,
  notification: AcceptedNotification,
  now: number,
  settings: Settings,
): void {
  const { stem, channel, providers, priority, sendAt, messages, route, topic } = notification;
  insertContent(sql, stem, notification, notification, now);
  if (topic !== undefined) planBroadcast(sql, { uuid: uuidAt(stem, 0), topic, priority, dueAt: sendAt });
  for (const [index, part] of (route?.parts ?? []).entries()) {
    insertContent(sql, partStem(stem, index + 1), { ...notification, route: undefined }, part, now);
  }
  const place = sendAt > now ? "scheduled" : "queued";
  const rows = messages.map(({ recipient, addresses, recipientId }, index) => {
    return { uuid: uuidOf(notification, index), recipient, addresses, recipientId };
  });
  execForEach(
    sql,
    `INSERT INTO message (uuid, recipient, addresses, priority, place, status, due_at, lane, recipient_id)
     SELECT value ->> 'uuid', value -> 'recipient', value -> 'addresses', ?2, ?3, ?3,
            iif(value ->> 'recipientId' IS NULL, ?4, NULL), ${firstOpenLane("?5", "?6")}, value ->> 'recipientId'
     FROM json_each(?1)`,
    rows,
    priority,
    place,
    sendAt,
    JSON.stringify(lanesFor(settings, channel, providers).map(({ key }) => key)),
    now,
  );
  const unknown = rows.filter(({ recipientId }) => recipientId !== undefined);
  planLookups(
    sql,
    unknown.map(({ uuid }) => ({ message: uuid, priority, dueAt: sendAt })),
  );
  if (route === undefined) return;
  insertTimeline(sql, route.timeline);
  execForEach(
    sql,
    `INSERT INTO escalation (uuid, addresses, trace, due_at)
     SELECT value ->> 'uuid', value ->> 'addresses', value ->> 'trace', value ->> 'dueAt' FROM json_each(?1)`,
    route.escalations,
  );
}

/** `home`: the shard that took the notification, where that is another one. */
export function insertContent(
  sql: SqlStorage,
  stem: string,
  {
    sendAt,
    category,
    expiresAt,
    schedule,
    route,
    home,
  }: Pick<AcceptedNotification, "sendAt" | "category" | "expiresAt" | "schedule" | "route"> & {
    readonly home?: number | undefined;
  },
  { channel, providers, content, metadata }: AcceptedContent,
  now: number,
): void {
  const uuid = uuidAt(stem, 0);
  const bytes = new TextEncoder().encode(content);
  const inParts = bytes.length > partBytes;
  sql.exec(
    `INSERT INTO notification (uuid, channel, accepted_at, send_at, providers, content, content_bytes, category,
                               expires_at, schedule, metadata, route, home)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    uuid,
    channel,
    now,
    sendAt,
    providers === undefined ? null : JSON.stringify(providers),
    inParts ? null : content,
    bytes.length,
    category ?? null,
    expiresAt ?? null,
    schedule ?? null,
    metadata ?? null,
    route?.route ?? null,
    home ?? null,
  );
  if (inParts) insertParts(sql, uuid, bytes);
}

/** Content of notifications, by stem of the uuid; put together again where it was stored in parts. */
export function readContents(sql: SqlStorage, uuids: readonly string[]): Map<string, NotificationContent> {
  const found = sql
    .exec<
      Record<"uuid" | "channel", string> &
        Record<"providers" | "category" | "content", string | null> & { expires_at: number | null }
    >(
      `SELECT uuid, channel, providers, category, content, expires_at FROM json_each(?1) AS wanted
       JOIN notification ON notification.uuid = wanted.value`,
      JSON.stringify(uuids),
    )
    .toArray();
  return new Map(
    found.map(({ uuid, channel, providers, category, content, expires_at }) => [
      stemOf(uuid),
      {
        channel,
        providers: providers === null ? undefined : (JSON.parse(providers) as string[]),
        category: category ?? undefined,
        expiresAt: expires_at ?? undefined,
        content: content ?? readParts(sql, uuid),
      },
    ]),
  );
}

export interface NotificationContent {
  readonly channel: string;
  readonly providers: readonly string[] | undefined;
  /** Undefined: transactional. */
  readonly category?: string | undefined;
  /** Milliseconds; nothing is sent from then on. */
  readonly expiresAt?: number | undefined;
  /** JSON. */
  readonly content: string;
}
