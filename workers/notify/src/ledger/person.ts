import { standingOf } from "../dispatch/escalate.ts";
import type { Route, StartedStep, Walk } from "../dispatch/escalate.ts";
import { partOf, partStem, routedUuid } from "../ids.ts";
import type { MessageRow, StoredAddress } from "./rows.ts";

/** Whom a message is sent to: the caller's address, and how it is known. */
export interface RoutedAddress {
  readonly recipient: unknown;
  readonly addresses: readonly StoredAddress[];
}

/** What is kept of a person's walk along a route. */
export interface Trace {
  readonly started: readonly StartedStep[];
  /** uuids of messages that the route called back: sent after all, should what spoke against them come to nothing. */
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
