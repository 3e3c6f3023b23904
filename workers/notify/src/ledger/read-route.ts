import { escalate, inWords, metBy } from "../dispatch/escalate.ts";
import type { Reason, Route } from "../dispatch/escalate.ts";
import { lastOf } from "../ids.ts";
import { readPeople } from "./escalations.ts";
import { stepOf, walkOf } from "./person.ts";
import type { Person } from "./person.ts";

/** Where one person is on a route, step by step, and why. */
export interface PersonDetail {
  /** The step that was started last, from 0. */
  readonly step: number;
  readonly steps: readonly PersonStep[];
  readonly canceledAt: number | undefined;
}

export interface PersonStep {
  /** `skipped`: as things stand it is not wanted. `waiting` without a time: it starts if the step before fails. */
  readonly state: "started" | "skipped" | "waiting" | "canceled" | "over";
  /** When it was started, or will be. */
  readonly at?: number | undefined;
  readonly because?: string | undefined;
  readonly reason?: string | undefined;
  /** uuids. */
  readonly messages: readonly string[];
}

export interface RouteDetail {
  readonly route: Route;
  /** At most 1,000, in the order of the request. */
  readonly people: readonly PersonDetail[];
}

const maxPeopleShown = 1_000;

/** Everybody's walk along a notification's route, as it stands now. */
export function readWalks(sql: SqlStorage, notification: string, now: number): readonly PersonDetail[] {
  const uuids = sql
    .exec<{ uuid: string }>(
      "SELECT uuid FROM escalation WHERE uuid > ? AND uuid <= ? ORDER BY uuid LIMIT ?",
      notification,
      lastOf(notification, true),
      maxPeopleShown,
    )
    .toArray()
    .map(({ uuid }) => uuid);
  return readPeople(sql, uuids)
    .toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1))
    .map((person) => detailOf(person, now));
}

function detailOf(person: Person, now: number): PersonDetail {
  const { route, trace, rows, expiresAt } = person;
  const { canceledAt } = trace;
  // What the next turn would do has not been done.
  const walk = { ...walkOf(person, now), now: Math.min(now, person.dueAt ?? now) };
  const { skipped, next, dueAt } = escalate(walk);
  const last = trace.started.at(-1)?.step ?? 0;
  const words = (step: number, { because, of }: Partial<Reason>): Pick<PersonStep, "because" | "reason"> =>
    because === undefined || of === undefined ? {} : { because, reason: inWords(route, step, { because, of }) };
  const steps = route.steps.map((_, step): PersonStep => {
    const started = trace.started.find((one) => one.step === step);
    const messages = rows.filter(({ uuid }) => stepOf(route, uuid) === step).map(({ uuid }) => uuid);
    if (started !== undefined) return { state: "started", at: started.at, ...words(step, started), messages };
    // Once a later one has been started, there is no way back.
    const passed =
      skipped.find((one) => one.step === step) ?? (step < last ? (metBy(walk, trace.started, step) ?? {}) : undefined);
    if (passed !== undefined) return { state: "skipped", ...words(step, passed), messages };
    if (canceledAt !== undefined) return { state: "canceled", at: canceledAt, messages };
    if (expiresAt !== undefined && expiresAt <= now) return { state: "over", because: "expired", messages };
    return { state: "waiting", at: step === next ? dueAt : undefined, messages };
  });
  return { step: last, steps, canceledAt };
}
