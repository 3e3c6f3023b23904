import type { Route } from "../dispatch/escalate.ts";
import { escalationOf, isRouted, lastOf, partStem, uuidAt } from "../ids.ts";
import { readPeople, takeSteps } from "./escalations.ts";
import { stepOf } from "./person.ts";
import type { Trace } from "./person.ts";
import { execForEach } from "./sql.ts";

/** What a caller changes of routes that are under way. */

export function isRoute(sql: SqlStorage, notification: string): boolean {
  return readRoute(sql, notification) !== undefined;
}

function readRoute(sql: SqlStorage, notification: string): Route | undefined {
  const [found] = sql
    .exec<{ route: string | null }>("SELECT route FROM notification WHERE uuid = ?", notification)
    .toArray();
  return found?.route ? (JSON.parse(found.route) as Route) : undefined;
}

/** uuids of the notification and, of a route, its later parts. */
export function contentsOf(sql: SqlStorage, notification: string): readonly string[] {
  return partsOf(notification, readRoute(sql, notification));
}

/** The same of one whose route is known. */
export function partsOf(notification: string, route: Route | undefined): readonly string[] {
  const parts = route?.channels ?? [undefined];
  return parts.map((_, part) => (part === 0 ? notification : uuidAt(partStem(notification, part), 0)));
}

/** Starts no further step, for anybody. Gives back uuids of the walks that end by it, or did before. */
export function cancelRoutes(sql: SqlStorage, notification: string, now: number): readonly string[] {
  if (!isRoute(sql, notification)) return [];
  const walks = sql
    .exec<{ uuid: string; trace: string; route: string }>(
      `SELECT e.uuid, e.trace, n.route FROM escalation AS e JOIN notification AS n ON n.uuid = ?1
       WHERE e.uuid > ?1 AND e.uuid <= ?2`,
      notification,
      lastOf(notification, true),
    )
    .toArray()
    .flatMap(({ uuid, trace: json, route }) => {
      const trace = JSON.parse(json) as Trace;
      const isOver = trace.started.at(-1)?.step === (JSON.parse(route) as Route).steps.length - 1;
      return isOver ? [] : { uuid, trace: { ...trace, canceledAt: trace.canceledAt ?? now } };
    });
  execForEach(
    sql,
    `UPDATE escalation SET trace = value -> 'trace', due_at = NULL
     FROM json_each(?1) WHERE escalation.uuid = value ->> 'uuid'`,
    walks,
  );
  return walks.map(({ uuid }) => uuid);
}

/** What a caller has called back stays so, though the route had done it before, and might send it after all. */
export function keepCanceled(sql: SqlStorage, message: string): void {
  if (!isRouted(message)) return;
  const [person] = readPeople(sql, [escalationOf(message)]);
  if (!person?.trace.withdrawn?.includes(message)) return;
  const trace: Trace = { ...person.trace, withdrawn: person.trace.withdrawn.filter((uuid) => uuid !== message) };
  sql.exec("UPDATE escalation SET trace = ? WHERE uuid = ?", JSON.stringify(trace), person.uuid);
}

/** The steps of messages that were moved count as started at their new moment: the next step keeps its distance. */
export function moveSteps(sql: SqlStorage, messages: readonly string[], at: number, now: number): void {
  const routed = messages.filter(isRouted);
  if (routed.length === 0) return;
  const people = readPeople(sql, [...new Set(routed.map(escalationOf))]);
  const moved = people.map((person) => {
    const { route, trace, uuid } = person;
    const own = routed.filter((message) => escalationOf(message) === uuid).map((message) => stepOf(route, message));
    const started = trace.started.map((step) => (own.includes(step.step) ? { ...step, at } : step));
    return { ...person, trace: { ...trace, started } };
  });
  // Written here, as only what changes from then on is written there.
  execForEach(
    sql,
    "UPDATE escalation SET trace = value -> 'trace' FROM json_each(?1) WHERE escalation.uuid = value ->> 'uuid'",
    moved.map(({ uuid, trace }) => ({ uuid, trace })),
  );
  takeSteps(sql, moved, now);
}
