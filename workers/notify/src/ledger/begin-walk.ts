import { escalationOf, isRouted } from "../ids.ts";
import { readPeople } from "./escalations.ts";
import { messagesOf } from "./person.ts";
import type { AddressesByPart, Person, RoutedAddress, RoutedMessage, Trace } from "./person.ts";
import { execForEach } from "./sql.ts";

/** The walks that begin with these messages, by message. */
export function walksOf(sql: SqlStorage, messages: Iterable<string>): ReadonlyMap<string, Person> {
  const routed = [...messages].filter(isRouted);
  if (routed.length === 0) return new Map();
  return new Map(readPeople(sql, routed.map(escalationOf)).map((person) => [person.uuid, person]));
}

/** The beginning of a walk whose person has been looked up. */
export interface BegunWalk {
  readonly uuid: string;
  readonly addresses: AddressesByPart;
  readonly trace: Trace;
  /** Of the first step. */
  readonly messages: readonly RoutedMessage[];
}

/** Gives a walk the addresses of its person: for messages of the first step, and for the later ones what is kept. */
export function beginWalk(
  { uuid, route, trace }: Person,
  addresses: Readonly<Record<string, readonly RoutedAddress[]>>,
): BegunWalk {
  const byPart: AddressesByPart = Object.fromEntries(
    route.channels.map((channel, part) => [String(part), addresses[channel] ?? []]),
  );
  const messages = messagesOf(route, 0, uuid, byPart);
  const first = new Set(route.steps[0]?.parts.map(String));
  const kept = Object.entries(byPart).filter(([part, list]) => !first.has(part) && list.length > 0);
  // Where there is no address for it, the message that stood for the first step says so.
  const started = trace.started.map((one) =>
    one.step === 0 ? { ...one, messages: Math.max(1, messages.length) } : one,
  );
  return { uuid, addresses: Object.fromEntries(kept), trace: { ...trace, started }, messages };
}

/** Writes down how walks begin; `followRoutes` goes on from there. */
export function keepBegun(sql: SqlStorage, walks: readonly BegunWalk[]): void {
  execForEach(
    sql,
    `UPDATE escalation SET addresses = value -> 'addresses', trace = value -> 'trace'
     FROM json_each(?1) WHERE escalation.uuid = value ->> 'uuid'`,
    walks.map(({ uuid, addresses, trace }) => ({ uuid, addresses, trace })),
  );
}
