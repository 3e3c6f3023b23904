import { evidenceOf, joinEvidence } from "carillon";
import type { Evidence } from "carillon";
import { stemOf } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { addressEffect } from "./address-effects.ts";
import { putOutbox } from "./outbox.ts";
import type { Effect } from "./outbox.ts";
import { contextsOf } from "./context.ts";
import type { Context } from "./context.ts";
import { consequenceIn, eventKey, ownProvider } from "./incoming-event.ts";
import type { IncomingEvent } from "./incoming-event.ts";
import { followRoutes } from "./escalations.ts";
import { tellerOf } from "./listeners.ts";
import { isCarried, isRecorded, recorded, unrecorded } from "./evidence.ts";
import type { EvidenceByAttempt, Milestones } from "./evidence.ts";
import type { MessageRow, StoredAddress, TimelineRow } from "./rows.ts";
import { change } from "./settle.ts";
import { effectsOfStrays, keepStrays } from "./strays.ts";
import { changedByEvents, insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";

/** Clicks of link scanners must not fill a shard: past this, events still move the status and are not listed. */
const maxTimeline = 1_000;

/**
 * Writes what providers reported: one transaction, whatever the number of events. An event that is known already changes
 * nothing, but its effects are put down again, so that a repeated webhook repairs what a crash left undone.
 */
export function ingest(sql: SqlStorage, events: readonly IncomingEvent[], now: number, settings: Settings): void {
  const uuids = [...new Set(events.map(({ uuid }) => uuid))];
  const rows = new Map(selectMessages(sql, uuids).map((row) => [row.uuid, row]));
  // Only what causes something asks for its channel: most webhooks say "delivered".
  const causing = events.flatMap((event) => {
    const row = rows.get(event.uuid);
    return row !== undefined && causes(event, row) ? row : [];
  });
  const contexts = contextsOf(sql, causing, settings);
  const history = readHistory(sql, [...rows.keys()]);
  const timeline: TimelineRow[] = [];
  const moved = new Set<string>();
  const effects: Effect[] = [];
  const strays: IncomingEvent[] = [];
  const teller = tellerOf(sql);

  for (const event of events) {
    const row = rows.get(event.uuid);
    if (row === undefined) {
      if (event.provider !== ownProvider) strays.push(event);
      continue;
    }
    const past = history.get(row.uuid) ?? { events: new Map<string, number>(), attempts: [] };
    const key = eventKey(event);
    // One that the provider gives no time to was of the time at which it first came.
    const causedAt = past.events.get(key) ?? event.occurredAt;
    effects.push(...effectsOf(event, row, contexts.get(stemOf(row.uuid)), causedAt));
    if (past.events.has(key)) continue;
    past.events.set(key, causedAt);
    history.set(row.uuid, past);
    const seq = row.seq + 1;
    const listed = seq <= maxTimeline;
    const entry = entryOf(event, row.uuid, seq, key);
    if (listed) timeline.push(entry);
    const next = { ...row, ...applyEvent(row, event, past.attempts), seq: listed ? seq : row.seq };
    const { status } = change(next, {});
    rows.set(row.uuid, { ...next, status });
    teller.tellStep({ before: row, after: { ...next, status }, entry, event, unlisted: !listed });
    const { evidence, milestones, place } = row;
    if (next.evidence !== evidence || next.milestones !== milestones || next.place !== place) moved.add(row.uuid);
  }
  insertTimeline(sql, timeline);
  const changes = Array.from(moved, (uuid) => rows.get(uuid)).filter((row) => row !== undefined);
  updateMessages(
    sql,
    changes.map((row): MessageChange => change(row, {})),
    changedByEvents,
  );
  effects.push(...effectsOfStrays(sql, strays));
  putOutbox(sql, effects, now);
  teller.write(now);
  keepStrays(sql, strays, now);
  // Also of what is known already: it repairs what was not followed when it first came.
  followRoutes(sql, [...rows.keys()], now);
}

interface Attempt {
  readonly seq: number;
  readonly provider: string | null;
  readonly provider_message_id: string | null;
}

interface History {
  /** With their times. */
  readonly events: Map<string, number>;
  readonly attempts: Attempt[];
}

function readHistory(sql: SqlStorage, uuids: readonly string[]): Map<string, History> {
  const history = new Map<string, History>();
  const rows = sql.exec<
    { message: string; at: number; kind: string; event_key: string | null } & Attempt & Record<string, SqlStorageValue>
  >(
    `SELECT t.message, t.seq, t.at, t.kind, t.event_key, t.provider, t.provider_message_id
     FROM json_each(?1) AS wanted JOIN timeline AS t ON t.message = wanted.value`,
    JSON.stringify(uuids),
  );
  for (const { message, seq, at, kind, event_key, provider, provider_message_id } of rows) {
    let past = history.get(message);
    if (past === undefined) history.set(message, (past = { events: new Map(), attempts: [] }));
    if (event_key !== null) past.events.set(event_key, at);
    if (kind === "attempt") past.attempts.push({ seq, provider, provider_message_id });
  }
  return history;
}

/** The first join: evidence of an attempt and an address only ever grows. */
function applyEvent(row: MessageRow, event: IncomingEvent, attempts: readonly Attempt[]): Partial<MessageRow> {
  const evidence = evidenceOf(event.type);
  const milestones: Record<string, number> = { ...(JSON.parse(row.milestones) as Milestones) };
  if (evidence === undefined) return {};
  const addresses = JSON.parse(row.addresses) as StoredAddress[];
  const concerned = indexOf(event, addresses);
  // An alias that an address of the envelope is forwarded to says nothing of the envelope's own.
  if (concerned === undefined) return {};
  const known = JSON.parse(row.evidence) as EvidenceByAttempt;
  // When a message was sent is known best by whoever sent it.
  if (evidence !== "sent" || !isRecorded(known)) {
    milestones[evidence] = Math.min(milestones[evidence] ?? event.occurredAt, event.occurredAt);
  }
  const attempt = attemptOf(event, attempts, known);
  const joined = addresses.map((_, index): Evidence | null => {
    const before = known[attempt]?.[index] ?? undefined;
    return (index === concerned ? joinEvidence(before, evidence) : before) ?? null;
  });
  const all: EvidenceByAttempt = { ...known, [attempt]: joined };
  const open = ["scheduled", "queued", "held", "failed"].includes(row.place);
  return {
    evidence: JSON.stringify(all),
    milestones: JSON.stringify(milestones),
    ...(open && isCarried(milestones) ? { due_at: null, place: "done" as const } : {}),
  };
}

/** The attempt that an event belongs to, by the provider's id; where no attempt was accepted under it, the id itself. */
function attemptOf(
  { provider, providerMessageId: id }: IncomingEvent,
  attempts: readonly Attempt[],
  known: EvidenceByAttempt,
): string {
  const exact = attempts.find((one) => one.provider === provider && id !== undefined && one.provider_message_id === id);
  if (exact === undefined) return unrecorded(provider, id);
  const before = String(exact.seq);
  return before in known ? before : recorded(exact.seq, provider);
}

/**
 * Which of the message's addresses an event is about: the first when there is but one, or it does not say; undefined when
 * it names one that is not among several.
 */
function indexOf({ addressKey }: IncomingEvent, addresses: readonly StoredAddress[]): number | undefined {
  if (addresses.length === 1 || addressKey === undefined) return 0;
  const index = addresses.findIndex(({ key }) => key === addressKey);
  return index === -1 ? undefined : index;
}

/** Whether an event has an effect; that a message was received has one only for one that had softly bounced. */
function causes(event: IncomingEvent, { milestones }: MessageRow): boolean {
  const kind = consequenceIn(event)?.kind;
  return kind !== undefined && (kind !== "received" || hasBouncedSoftly(milestones));
}

function hasBouncedSoftly(milestones: string): boolean {
  return (JSON.parse(milestones) as Milestones).soft_bounced !== undefined;
}

const receivedEvidence = new Set<Evidence | null | undefined>(["delivered", "opened", "clicked"]);

function effectsOf(
  event: IncomingEvent,
  row: MessageRow,
  context: Context | undefined,
  causedAt: number,
): readonly Effect[] {
  const consequence = consequenceIn(event);
  if (consequence === undefined || context === undefined) return [];
  const addresses = JSON.parse(row.addresses) as StoredAddress[];
  const index = addresses.length === 1 ? 0 : addresses.findIndex(({ key }) => key === event.addressKey);
  const address = addresses[index];
  if (address === undefined) return [];
  const bothSoftAndReceived =
    consequence.kind === "soft"
      ? Object.values(JSON.parse(row.evidence) as EvidenceByAttempt).some((one) => receivedEvidence.has(one[index]))
      : consequence.kind === "received" && hasBouncedSoftly(row.milestones);
  const cause = { id: eventKey(event), causedAt, message: row.uuid, bothSoftAndReceived };
  return [addressEffect(consequence, address, context, cause)].filter((effect) => effect !== undefined);
}

/** Mail servers like to repeat the address that they refuse. */
function withoutAddresses(text: string): string {
  return text.replaceAll(
    /[^\s<>()"',;:@]+@[^\s<>()"',;:@]+/g,
    (address) => `${address.slice(0, 1)}***${address.slice(address.indexOf("@"))}`,
  );
}

function entryOf(event: IncomingEvent, message: string, seq: number, key: string): TimelineRow {
  const { type, occurredAt, claimedAt, providerType, reason, code, raw, provider, providerMessageId } = event;
  const data = { type, providerType, reason: reason && withoutAddresses(reason), code, claimedAt, raw };
  return {
    message,
    seq,
    at: occurredAt,
    kind: "event",
    data,
    event_key: key,
    provider,
    provider_message_id: providerMessageId,
  };
}

/** uuids of messages by the providers' ids, for events that do not carry ours. */
export function findByProviderIds(
  sql: SqlStorage,
  wanted: readonly { readonly provider: string; readonly id: string }[],
): readonly { readonly provider: string; readonly id: string; readonly uuid: string }[] {
  return sql
    .exec<{ provider: string; id: string; uuid: string }>(
      `SELECT m.provider, m.provider_message_id AS id, m.uuid FROM json_each(?1) AS wanted
       JOIN message AS m ON m.provider_message_id = wanted.value ->> 'id' AND m.provider = wanted.value ->> 'provider'`,
      JSON.stringify(wanted),
    )
    .toArray();
}
