import { escalate, inWords, metBy } from "../dispatch/escalate.ts";
import type { Reason, Route, StartedStep, Walk } from "../dispatch/escalate.ts";
import { dueOrExpired } from "./context.ts";
import { messagesOf, stepOf, walkOf } from "./person.ts";
import type { Person, RoutedMessage, Trace } from "./person.ts";
import type { MessageRow, Place, TimelineRow } from "./rows.ts";
import { change } from "./settle.ts";
import type { MessageChange } from "./sql.ts";
import { tooLateFor } from "./too-late.ts";

/** An entry in the timeline of a message that there is; undefined `change`: it stays as it is. */
interface Entry {
  readonly row: MessageRow;
  readonly entry: TimelineRow;
  readonly change?: MessageChange | undefined;
  /** Set where it is due anew, and its budget begins again: since then. */
  readonly from?: number | undefined;
}

/** A message that is to be written. */
export interface MadeMessage extends RoutedMessage {
  readonly priority: number;
  readonly place: Place;
  readonly due: number;
  /** From when it is due, whenever it expires. */
  readonly from: number;
  /** Of a person who was named by it. */
  readonly recipientId: string | undefined;
}

interface Taken {
  readonly made: readonly MadeMessage[];
  readonly timeline: readonly TimelineRow[];
  readonly entries: readonly Entry[];
  /** uuids of messages that failed and have another way now: nobody needs to look after them. */
  readonly buried: readonly string[];
  readonly trace: Trace;
  readonly due: number | null;
}

/** What is to be done about a person, as things stand. */
export function takeStep(person: Person, now: number): Taken {
  const { uuid, route, trace, addresses, expiresAt, rows } = person;
  if (trace.canceledAt !== undefined) {
    return { made: [], timeline: [], entries: [], buried: [], trace, due: null };
  }
  const walk = walkOf(person, now);
  const { entries, withdrawn, late } = recall(person, walk, now);
  // A step that was called back whole has not been: what comes after it is as if nobody had thought of starting it.
  const started = trace.started.filter(({ step, messages }) => {
    const own = rows.filter((row) => stepOf(route, row.uuid) === step);
    return messages === 0 || own.length === 0 || own.some((row) => !withdrawn.has(row.uuid));
  });
  const to = escalate({ ...walk, started });
  const recipientId = rows.find(({ recipient_id }) => recipient_id !== null)?.recipient_id ?? undefined;
  const made: MadeMessage[] = [];
  const timeline: TimelineRow[] = [];
  const buried: string[] = [];
  for (const one of to.started) {
    const own = rows.filter((row) => stepOf(route, row.uuid) === one.step);
    for (const row of own) {
      if (metBy(walk, to.started, one.step) !== undefined || !withdrawn.delete(row.uuid)) continue;
      // Who got it meanwhile needs it no second time.
      if (row.status === "canceled") entries.push(resumed(row, one, expiresAt, now));
    }
    if (started.includes(one)) continue;
    const place = one.at > now ? "scheduled" : "queued";
    const due = dueOrExpired(one.at, expiresAt);
    for (const message of own.length > 0 ? [] : messagesOf(route, one.step, uuid, addresses)) {
      made.push({ ...message, priority: route.priority, place, due, from: one.at, recipientId });
      timeline.push(startEntry(route, one, message.uuid, now));
    }
    if (one.because !== "time") {
      buried.push(...rows.filter((row) => stepOf(route, row.uuid) === one.of).map((row) => row.uuid));
    }
  }
  const next: Trace = { ...trace, started: to.started, withdrawn: listOf(withdrawn), late: listOf(late) };
  return { made, timeline, entries, buried, trace: next, due: to.dueAt ?? null };
}

function listOf(uuids: ReadonlySet<string>): readonly string[] | undefined {
  return uuids.size > 0 ? [...uuids] : undefined;
}

/** Calls back the messages of steps that are not wanted any more, as far as it is not too late. */
function recall(
  { route, trace, rows }: Person,
  walk: Walk,
  now: number,
): { entries: Entry[]; withdrawn: Set<string>; late: Set<string> } {
  const entries: Entry[] = [];
  const withdrawn = new Set(trace.withdrawn);
  const late = new Set(trace.late);
  for (const row of rows) {
    const step = stepOf(route, row.uuid);
    const met = metBy(walk, trace.started, step);
    const tooLate = tooLateFor(row);
    if (met === undefined || tooLate === "already-finished") continue;
    const seq = row.seq + 1;
    const entryOf = (more: object): TimelineRow => {
      return { message: row.uuid, seq, at: now, kind: "decision", data: { ...reasonData(route, step, met), ...more } };
    };
    if (tooLate === undefined) {
      withdrawn.add(row.uuid);
      const to = change(row, { seq, place: "canceled", due_at: null });
      entries.push({ row, entry: entryOf({ then: "canceled" }), change: to });
    } else if (!late.has(row.uuid)) {
      late.add(row.uuid);
      entries.push({ row, entry: entryOf({ then: row.place, tooLate }) });
    }
  }
  return { entries, withdrawn, late };
}

/** What a message was called back for has come to nothing. */
function resumed(row: MessageRow, { step, at }: StartedStep, expiresAt: number | undefined, now: number): Entry {
  const seq = row.seq + 1;
  const place = at > now ? "scheduled" : "queued";
  const reason = "what it was called back for has come to nothing";
  const data = { rule: "route", step: step + 1, because: "resumed", reason, then: place };
  return {
    row,
    entry: { message: row.uuid, seq, at: now, kind: "decision", data },
    change: change(row, { seq, place, due_at: dueOrExpired(Math.max(at, now), expiresAt) }),
    from: Math.max(at, now),
  };
}

/** The entry that a message of a later step begins with. */
export function startEntry(route: Route, started: StartedStep, message: string, now: number): TimelineRow {
  const { step, at, because = "", of = 0 } = started;
  const data = { ...reasonData(route, step, { because, of }), then: at > now ? "scheduled" : "queued" };
  return { message, seq: 1, at: now, kind: "decision", data };
}

function reasonData(route: Route, step: number, reason: Reason): Record<string, unknown> {
  return {
    rule: "route",
    step: step + 1,
    because: reason.because,
    of: reason.of + 1,
    reason: inWords(route, step, reason),
  };
}
