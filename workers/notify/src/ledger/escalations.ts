import { escalate, inWords, metBy, standingOf } from "../dispatch/escalate.ts";
import type { Reason, Route, StartedStep, Walk } from "../dispatch/escalate.ts";
import { escalationOf, isRouted, partOf, partStem, personOf, routedUuid } from "../ids.ts";
import { dueOrExpired } from "./context.ts";
import { tellerOf } from "./listeners.ts";
import type { MessageRow, StoredAddress, TimelineRow } from "./rows.ts";
import { change } from "./settle.ts";
import { execForEach, insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";
import { tooLateFor } from "./too-late.ts";

/** Whom a message is sent to: the caller's address, and how it is known. */
export interface RoutedAddress {
  readonly recipient: unknown;
  readonly addresses: readonly StoredAddress[];
}

/** What is kept of a person's walk along a route. */
export interface Trace {
  readonly started: readonly StartedStep[];
  /** uuids of messages that the route called back: started again, should what spoke against them turn out to be nothing. */
  readonly withdrawn?: readonly string[] | undefined;
  /** uuids of messages that it was too late to call back, and that say so. */
  readonly late?: readonly string[] | undefined;
  /** When somebody called the whole route back: no step is started any more. */
  readonly canceledAt?: number | undefined;
}

/** By part. */
export type AddressesByPart = Readonly<Record<string, readonly RoutedAddress[]>>;

/** A row of `escalation`, read. */
export interface Person {
  readonly uuid: string;
  readonly addresses: AddressesByPart;
  readonly trace: Trace;
  readonly dueAt: number | null;
  readonly route: Route;
  readonly expiresAt: number | undefined;
  /** Its messages that there are. */
  readonly rows: readonly MessageRow[];
}

/** A message that a step makes. */
export interface RoutedMessage extends RoutedAddress {
  readonly uuid: string;
}

/** Walks that are looked at in one turn. */
const walksPerTurn = 1_000;

/** The messages of a step for one person. */
export function messagesOf(
  { steps }: Route,
  step: number,
  escalation: string,
  addresses: AddressesByPart,
): readonly RoutedMessage[] {
  const person = Number.parseInt(escalation.slice(24, 29), 16) - 0x80000;
  return (steps[step]?.parts ?? []).flatMap((part) =>
    (addresses[part] ?? []).map((address, sibling) => ({
      uuid: routedUuid(partStem(escalation, part), person, sibling),
      ...address,
    })),
  );
}

/** How many addresses there are for a step. */
export function countAddresses({ steps }: Route, step: number, addresses: AddressesByPart): number {
  return (steps[step]?.parts ?? []).reduce((sum, part) => sum + (addresses[part]?.length ?? 0), 0);
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

/** Takes the next steps of people of whom something has become known: to be called with the messages of each change. */
export function followRoutes(sql: SqlStorage, messages: readonly string[], now: number): void {
  const escalations = new Set(messages.filter(isRouted).map(escalationOf));
  if (escalations.size > 0) takeSteps(sql, readPeople(sql, [...escalations]), now);
}

/** Starts the steps whose time has come. */
export function startDueSteps(sql: SqlStorage, now: number): void {
  const due = sql
    .exec<{ uuid: string }>(
      "SELECT uuid FROM escalation INDEXED BY escalation_due WHERE due_at <= ? ORDER BY due_at LIMIT ?",
      now,
      walksPerTurn,
    )
    .toArray()
    .map(({ uuid }) => uuid);
  if (due.length > 0) takeSteps(sql, readPeople(sql, due), now);
}

/** The walks with these uuids, with all their messages. */
export function readPeople(sql: SqlStorage, uuids: readonly string[]): readonly Person[] {
  const found = sql
    .exec<{ uuid: string; addresses: string; trace: string; due_at: number | null }>(
      "SELECT e.* FROM json_each(?1) AS wanted JOIN escalation AS e ON e.uuid = wanted.value",
      JSON.stringify(uuids),
    )
    .toArray();
  if (found.length === 0) return [];
  const stems = new Set(found.map(({ uuid }) => uuid.slice(0, 24)));
  const routes = new Map(
    sql
      .exec<{ stem: string; route: string; expires_at: number | null }>(
        `SELECT wanted.value AS stem, n.route, n.expires_at FROM json_each(?1) AS wanted
         JOIN notification AS n ON n.uuid = wanted.value || '00000000'`,
        JSON.stringify([...stems]),
      )
      .toArray()
      .map(({ stem, route, expires_at }) => [
        stem,
        { route: JSON.parse(route) as Route, expiresAt: expires_at ?? undefined },
      ]),
  );
  const people = found.flatMap(({ uuid, addresses, trace, due_at }) => {
    const notification = routes.get(uuid.slice(0, 24));
    if (notification === undefined) return [];
    return {
      uuid,
      addresses: JSON.parse(addresses) as AddressesByPart,
      trace: JSON.parse(trace) as Trace,
      dueAt: due_at,
      ...notification,
    };
  });
  const rows = new Map<string, MessageRow[]>(people.map(({ uuid }) => [uuid, []]));
  for (const row of selectMessages(sql, uuidsOf(sql, people))) rows.get(escalationOf(row.uuid))?.push(row);
  return people.map((person) => ({ ...person, rows: rows.get(person.uuid) ?? [] }));
}

/** Of the messages that people's started steps have. */
function uuidsOf(sql: SqlStorage, people: readonly Omit<Person, "rows">[]): readonly string[] {
  const prefixes = people.flatMap(({ uuid, route, trace }) =>
    trace.started.flatMap(({ step }) => (route.steps[step]?.parts ?? []).map((part) => personOf(uuid, part))),
  );
  return sql
    .exec<{ uuid: string }>(
      `SELECT m.uuid FROM json_each(?1) AS wanted
       JOIN message AS m ON m.uuid BETWEEN wanted.value || '000' AND wanted.value || 'fff'`,
      JSON.stringify(prefixes),
    )
    .toArray()
    .map(({ uuid }) => uuid);
}

/** A person's walk, as {@link escalate} wants it. */
export function walkOf({ route, trace, rows, addresses, expiresAt }: Person, now: number): Walk {
  const statusesOf = (step: number): readonly string[] =>
    rows.filter(({ uuid }) => stepOf(route, uuid) === step).map(({ status }) => status);
  return {
    route,
    started: trace.started,
    standings: new Map(trace.started.map(({ step }) => [step, standingOf(statusesOf(step))])),
    addresses: (step) => countAddresses(route, step, addresses),
    now,
    expiresAt,
  };
}

export function stepOf({ steps }: Route, uuid: string): number {
  return steps.findIndex(({ parts }) => parts.includes(partOf(uuid)));
}

/** Starts steps, and calls back or resumes messages of steps that are wanted no more, or again. */
export function takeSteps(sql: SqlStorage, people: readonly Person[], now: number): void {
  const made: object[] = [];
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  const walks: { uuid: string; trace: string; due: number | null }[] = [];
  const buried: string[] = [];
  const teller = tellerOf(sql);
  for (const person of people) {
    const { uuid, route, trace, addresses, expiresAt } = person;
    const walk = walkOf(person, now);
    const to = trace.canceledAt === undefined ? escalate(walk) : { started: trace.started, dueAt: undefined };
    const starts = to.started.slice(trace.started.length);
    for (const started of starts) {
      const place = started.at > now ? "scheduled" : "queued";
      for (const message of messagesOf(route, started.step, uuid, addresses)) {
        const due = dueOrExpired(started.at, expiresAt);
        made.push({ ...message, priority: route.priority, place, due, from: started.at });
        timeline.push(startEntry(route, started, message.uuid, now));
      }
      // What failed has another way now: nobody needs to look after it.
      if (started.because !== "time") {
        buried.push(...person.rows.filter((row) => stepOf(route, row.uuid) === started.of).map((row) => row.uuid));
      }
    }
    const recalled = recall(person, walk, now);
    for (const { row, entry, change: next } of recalled.entries) {
      timeline.push(entry);
      if (next === undefined) continue;
      changes.push(next);
      teller.tellStep({ before: row, after: next, entry });
    }
    const next: Trace = { ...trace, started: to.started, withdrawn: recalled.withdrawn, late: recalled.late };
    const [before, after] = [JSON.stringify(trace), JSON.stringify(next)];
    const due = to.dueAt ?? null;
    if (before !== after || due !== person.dueAt) walks.push({ uuid, trace: after, due });
  }
  execForEach(
    sql,
    `INSERT OR IGNORE INTO message (uuid, recipient, addresses, priority, place, status, due_at, due_from)
     SELECT value ->> 'uuid', value -> 'recipient', value -> 'addresses', value ->> 'priority', value ->> 'place',
            value ->> 'place', value ->> 'due', value ->> 'from' FROM json_each(?1)`,
    made,
  );
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  execForEach(
    sql,
    `UPDATE escalation SET trace = value ->> 'trace', due_at = value ->> 'due'
     FROM json_each(?1) WHERE escalation.uuid = value ->> 'uuid'`,
    walks,
  );
  execForEach(sql, "DELETE FROM dead_letter WHERE message IN (SELECT value FROM json_each(?1))", buried);
  teller.write(now);
}

interface Recall {
  readonly entries: readonly {
    readonly row: MessageRow;
    readonly entry: TimelineRow;
    readonly change?: MessageChange;
  }[];
  readonly withdrawn: readonly string[] | undefined;
  readonly late: readonly string[] | undefined;
}

/** What becomes of the messages of steps that were started, by what is known of the steps before them. */
function recall({ route, trace, rows, expiresAt }: Person, walk: Walk, now: number): Recall {
  const entries: { row: MessageRow; entry: TimelineRow; change?: MessageChange }[] = [];
  const withdrawn = new Set(trace.withdrawn);
  const late = new Set(trace.late);
  for (const row of trace.canceledAt === undefined ? rows : []) {
    const step = stepOf(route, row.uuid);
    const met = metBy(walk, trace.started, step);
    const seq = row.seq + 1;
    const entryOf = (data: Record<string, unknown>): TimelineRow => {
      return { message: row.uuid, seq, at: now, kind: "decision", data };
    };
    if (met === undefined) {
      if (!withdrawn.delete(row.uuid) || row.place !== "canceled") continue;
      const reason = "what it was called back for came to nothing";
      const entry = entryOf({ rule: "route", step: step + 1, because: "resumed", reason, then: "queued" });
      entries.push({ row, entry, change: change(row, { seq, place: "queued", due_at: dueOrExpired(now, expiresAt) }) });
      continue;
    }
    const tooLate = row.place === "canceled" ? "already-finished" : tooLateFor(row);
    if (tooLate === "already-finished") continue;
    const why = reasonData(route, step, met);
    if (tooLate === undefined) {
      withdrawn.add(row.uuid);
      const entry = entryOf({ ...why, then: "canceled" });
      entries.push({ row, entry, change: change(row, { seq, place: "canceled", due_at: null }) });
    } else if (!late.has(row.uuid)) {
      late.add(row.uuid);
      entries.push({ row, entry: entryOf({ ...why, then: row.place, tooLate }) });
    }
  }
  const listed = (uuids: ReadonlySet<string>): readonly string[] | undefined =>
    uuids.size > 0 ? [...uuids] : undefined;
  return { entries, withdrawn: listed(withdrawn), late: listed(late) };
}
