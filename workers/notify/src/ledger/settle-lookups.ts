import { stemOf, uuidAt } from "../ids.ts";
import { awaitsLookup } from "./awaits-lookup.ts";
import { beginWalk, keepBegun, walksOf } from "./begin-walk.ts";
import type { BegunWalk } from "./begin-walk.ts";
import { dueOrExpired } from "./context.ts";
import { followRoutes } from "./escalations.ts";
import type { RoutedAddress } from "./person.ts";
import { dueAgain, forgetLookups } from "./lookups.ts";
import type { MessageRow, TimelineRow } from "./rows.ts";
import { execForEach, insertTimeline, selectMessages } from "./sql.ts";
import { endUnsent } from "./unsent.ts";
import type { Unsent } from "./unsent.ts";

export type LookupAnswer =
  | {
      readonly uuid: string;
      readonly kind: "known";
      /** By channel, the preferred one first. */
      readonly addresses: ByChannel;
      /** Channels on which they do not want it. */
      readonly unwanted: readonly string[];
    }
  | { readonly uuid: string; readonly kind: "nobody"; readonly reason: "unknown-recipient" | "being-erased" }
  /** The directory cannot be read, or has no room for this one in its answer. */
  | { readonly uuid: string; readonly kind: "postponed"; readonly forMs: number };

type ByChannel = Readonly<Record<string, readonly RoutedAddress[]>>;

export interface SettleLookups {
  readonly token: string;
  readonly now: number;
  readonly answers: readonly LookupAnswer[];
}

/** A message whose recipient has been looked up. */
interface Asked extends Record<string, SqlStorageValue> {
  uuid: string;
  channel: string;
  category: string | null;
  expires_at: number | null;
}

/**
 * Takes the answers of who still looks: later ones, and repeated ones, change nothing. One transaction, whatever the number
 * of addresses.
 */
export function settleLookups(sql: SqlStorage, { token, now, answers }: SettleLookups): void {
  const [job] = sql
    .exec<{ members: string }>("DELETE FROM lookup_job WHERE token = ? RETURNING members", token)
    .toArray();
  if (job === undefined) return;
  // One that was moved meanwhile is not out any more.
  const open = sql
    .exec<Asked>(
      `SELECT l.message AS uuid, n.channel, n.category, n.expires_at FROM json_each(?1) AS wanted
       JOIN lookup AS l ON l.message = wanted.value AND l.due_at IS NULL
       JOIN notification AS n ON n.uuid = substr(l.message, 1, 24) || '00000000'`,
      JSON.stringify(answers.map(({ uuid }) => uuid)),
    )
    .toArray();
  const asked = new Map(open.map((one) => [one.uuid, one]));
  const rows = new Map(selectMessages(sql, [...asked.keys()]).map((row) => [row.uuid, row]));
  const walks = walksOf(sql, rows.keys());
  const postponed: { uuid: string; due: number }[] = [];
  const begun: BegunWalk[] = [];
  const reached: Reached[] = [];
  const ends: Unsent[] = [];
  for (const answer of answers) {
    const row = rows.get(answer.uuid);
    const question = asked.get(answer.uuid);
    if (row === undefined || question === undefined || !awaitsLookup(row)) continue;
    const { channel, expires_at } = question;
    if (answer.kind === "postponed") {
      postponed.push({ uuid: row.uuid, due: dueOrExpired(now + answer.forMs, expires_at) });
      continue;
    }
    const addresses: ByChannel = answer.kind === "known" ? answer.addresses : {};
    const walk = walks.get(row.uuid);
    const begins = walk && beginWalk(walk, addresses);
    if (begins !== undefined) begun.push(begins);
    const messages = begins?.messages ?? messagesTo(row, addresses[channel] ?? []);
    if (messages.length > 0) reached.push({ row, messages, due: dueOrExpired(now, expires_at) });
    if (!messages.some(({ uuid }) => uuid === row.uuid)) ends.push(unreached(row, question, answer));
  }
  // A directory that cannot be read is not the fault of who was looked for.
  execForEach(
    sql,
    `UPDATE lookup SET due_at = value ->> 'due', tries = max(tries - 1, 0)
     FROM json_each(?1) WHERE lookup.message = value ->> 'uuid'`,
    postponed,
  );
  const waiting = new Set(postponed.map(({ uuid }) => uuid));
  forgetLookups(
    sql,
    [...asked.keys()].filter((uuid) => !waiting.has(uuid)),
  );
  // Of whom nothing was said.
  dueAgain(sql, JSON.parse(job.members) as string[], now);
  address(sql, reached, now);
  endUnsent(sql, ends, now);
  keepBegun(sql, begun);
  followRoutes(sql, [...walks.keys()], now);
}

/** The message itself takes the first address. */
function messagesTo({ uuid }: MessageRow, addresses: readonly RoutedAddress[]): Reached["messages"] {
  return addresses.map((one, index) => (index === 0 ? { ...one, uuid } : one));
}

/** Why a message cannot be sent, or is not to be. */
function unreached(row: MessageRow, { channel, category }: Asked, answer: LookupAnswer): Unsent {
  if (answer.kind === "known" && answer.unwanted.includes(channel)) {
    return { row, to: "suppressed", data: { rule: "preference", reason: "preference", category } };
  }
  const reason = answer.kind === "nobody" ? answer.reason : "no-address";
  const dead = { message: row.uuid, channel, provider: undefined, reason };
  return { row, to: "failed", data: { rule: "recipient", reason }, dead };
}

/** Whose addresses were found, and the messages that they make; those without a uuid stand beside the row's. */
interface Reached {
  readonly row: MessageRow;
  readonly messages: readonly (RoutedAddress & { readonly uuid?: string | undefined })[];
  readonly due: number;
}

/** Gives messages their addresses: they are due, and so is a message beside them for each address but the first. */
function address(sql: SqlStorage, reached: readonly Reached[], now: number): void {
  if (reached.length === 0) return;
  const timeline: TimelineRow[] = [];
  const own: object[] = [];
  const beside: object[] = [];
  const last = lastPositions(sql, new Set(reached.map(({ row }) => stemOf(row.uuid))));
  for (const { row, messages, due } of reached) {
    const stem = stemOf(row.uuid);
    for (const message of messages) {
      if (message.uuid === row.uuid) {
        const data = { rule: "recipient", then: "queued", addresses: messages.length };
        timeline.push({ message: row.uuid, seq: row.seq + 1, at: now, kind: "decision", data });
        own.push({ ...message, due });
        continue;
      }
      const position = (last.get(stem) ?? 0) + 1;
      if (message.uuid === undefined) last.set(stem, position);
      beside.push({ ...message, uuid: message.uuid ?? uuidAt(stem, position), like: row.uuid, due });
    }
  }
  execForEach(
    sql,
    `UPDATE message SET recipient = value -> 'recipient', addresses = value -> 'addresses', place = 'queued',
       status = 'queued', due_at = value ->> 'due' FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'`,
    own,
  );
  execForEach(
    sql,
    `INSERT OR IGNORE INTO message (uuid, recipient, addresses, priority, place, status, due_at, due_from, lane, recipient_id)
     SELECT value ->> 'uuid', value -> 'recipient', value -> 'addresses', m.priority, 'queued', 'queued',
            value ->> 'due', m.due_from, m.lane, m.recipient_id
     FROM json_each(?1) JOIN message AS m ON m.uuid = value ->> 'like'`,
    beside,
  );
  insertTimeline(sql, timeline);
}

/** Of the messages that notifications have, by stem. */
function lastPositions(sql: SqlStorage, stems: ReadonlySet<string>): Map<string, number> {
  const rows = sql
    .exec<{ stem: string; last: string | null }>(
      `SELECT wanted.value AS stem, (SELECT max(uuid) FROM message
         WHERE uuid > wanted.value || '00000000' AND uuid < wanted.value || '80000000') AS last
       FROM json_each(?1) AS wanted`,
      JSON.stringify([...stems]),
    )
    .toArray();
  return new Map(rows.map(({ stem, last }) => [stem, Number.parseInt(last?.slice(24) ?? "0", 16)]));
}
