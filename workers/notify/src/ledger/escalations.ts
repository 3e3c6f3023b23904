import type { Route } from "../dispatch/escalate.ts";
import { escalationOf, isRouted, partOf, personOf } from "../ids.ts";
import { awaitsLookup } from "./awaits-lookup.ts";
import { tellerOf } from "./listeners.ts";
import type { AddressesByPart, Person, Trace } from "./person.ts";
import type { MessageRow, TimelineRow } from "./rows.ts";
import { execForEach, insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";
import { takeStep } from "./take-step.ts";
import type { MadeMessage } from "./take-step.ts";

/** Walks that are looked at in one turn. */
const walksPerTurn = 1_000;

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

/** Of the messages that people have, those that were called back included. */
function uuidsOf(sql: SqlStorage, people: readonly Omit<Person, "rows">[]): readonly string[] {
  const prefixes = people.flatMap(({ uuid, route, trace }) => {
    const parts = trace.started.flatMap(({ step }) => route.steps[step]?.parts ?? []);
    return Array.from(new Set([...parts, ...(trace.withdrawn ?? []).map(partOf)]), (part) => personOf(uuid, part));
  });
  return sql
    .exec<{ uuid: string }>(
      `SELECT m.uuid FROM json_each(?1) AS wanted
       JOIN message AS m ON m.uuid BETWEEN wanted.value || '000' AND wanted.value || 'fff'`,
      JSON.stringify(prefixes),
    )
    .toArray()
    .map(({ uuid }) => uuid);
}

/** Takes the steps that are to be taken, and calls back the messages of those that are wanted no more. */
export function takeSteps(sql: SqlStorage, people: readonly Person[], now: number): void {
  const made: MadeMessage[] = [];
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  const walks: { uuid: string; trace: string; due: number | null }[] = [];
  const again: { uuid: string; from: number }[] = [];
  const buried: string[] = [];
  const teller = tellerOf(sql);
  for (const person of people) {
    // As long as nobody knows where they are reached, no step can be taken.
    if (person.rows.some(awaitsLookup)) continue;
    const taken = takeStep(person, now);
    made.push(...taken.made);
    timeline.push(...taken.timeline);
    for (const { row, entry, change: next, from } of taken.entries) {
      timeline.push(entry);
      if (from !== undefined) again.push({ uuid: row.uuid, from });
      if (next === undefined) continue;
      changes.push(next);
      teller.tellStep({ before: row, after: next, entry });
    }
    buried.push(...taken.buried);
    const [before, after] = [JSON.stringify(person.trace), JSON.stringify(taken.trace)];
    if (before !== after || taken.due !== person.dueAt) walks.push({ uuid: person.uuid, trace: after, due: taken.due });
  }
  execForEach(
    sql,
    `INSERT OR IGNORE INTO message (uuid, recipient, addresses, priority, place, status, due_at, due_from, recipient_id)
     SELECT value ->> 'uuid', value -> 'recipient', value -> 'addresses', value ->> 'priority', value ->> 'place',
            value ->> 'place', value ->> 'due', value ->> 'from', value ->> 'recipientId' FROM json_each(?1)`,
    made,
  );
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  execForEach(
    sql,
    "UPDATE message SET due_from = value ->> 'from' FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'",
    again,
  );
  execForEach(
    sql,
    `UPDATE escalation SET trace = value ->> 'trace', due_at = value ->> 'due'
     FROM json_each(?1) WHERE escalation.uuid = value ->> 'uuid'`,
    walks,
  );
  execForEach(sql, "DELETE FROM dead_letter WHERE message IN (SELECT value FROM json_each(?1))", buried);
  teller.write(now);
}
