import { isFailing, statusOrder } from "carillon";
import type { ChannelId, Evidence } from "carillon";

/** What a message's recipient did, as far as it is reported; each says all that stand before it. */
export const milestones = ["delivered", "opened", "clicked"] as const;

export type Milestone = (typeof milestones)[number];

export interface RouteStep {
  /** Counted from when the step before was started. Undefined: it starts only when that one has failed. */
  readonly afterMs?: number | undefined;
  /** It does not start once a message of an earlier step has got so far. */
  readonly unless?: Milestone | undefined;
  /** One for each channel; more than one of an `all`. */
  readonly parts: readonly number[];
}

export interface Route {
  readonly steps: readonly RouteStep[];
  /** By part. */
  readonly channels: readonly ChannelId[];
  /** Of all its messages, as stored. */
  readonly priority: number;
}

/** Why a step was started, will not be, or was called back. */
export interface Reason {
  /** `time`, or what the step came to that failed, or how far the message of an earlier step got. */
  readonly because: string;
  /** The step that it is about, from 0. */
  readonly of: number;
}

export interface StartedStep extends Partial<Reason> {
  /** From 0. */
  readonly step: number;
  /** From when its messages are due: what the next step's `after` counts from. */
  readonly at: number;
  /** How many messages were made for it. */
  readonly messages: number;
}

/** How the messages that a step has for a person stand together. */
export interface Standing {
  /** The status that got furthest; undefined where none succeeded. */
  readonly reached?: Evidence | undefined;
  /** What it came to, where every message of it has failed. */
  readonly failed?: string | undefined;
}

/** A person's walk along a route, as it is known now. */
export interface Walk {
  readonly route: Route;
  /** In order; the first step's at least. */
  readonly started: readonly StartedStep[];
  /** Of steps that were started before. */
  readonly standings: ReadonlyMap<number, Standing>;
  /** How many addresses the person has for a step. */
  addresses(step: number): number;
  readonly now: number;
  /** Nothing is started from then on. */
  readonly expiresAt?: number | undefined;
}

export interface Escalation {
  /** All that were started, with those that start now. */
  readonly started: readonly StartedStep[];
  /** Steps that were not started and will not be, as it stands. */
  readonly skipped: readonly (Reason & { readonly step: number })[];
  /** The one that would be next; undefined when there is none left. */
  readonly next?: number | undefined;
  /** When time starts it; undefined: only a failure of the step before does. */
  readonly dueAt?: number | undefined;
}

/**
 * What a walk comes to. It is read off from how things stand and not from what has just happened, so that any order and any
 * repetition of the same news comes to the same, and news that is missed is made up for by the next.
 */
export function escalate(walk: Walk): Escalation {
  const { route, now, expiresAt = Number.POSITIVE_INFINITY } = walk;
  const started = [...walk.started];
  for (;;) {
    const last = started.at(-1);
    if (last === undefined) return { started, skipped: [] };
    const failed = last.messages === 0 ? "no-address" : walk.standings.get(last.step)?.failed;
    const skipped: (Reason & { readonly step: number })[] = [];
    // A step that is passed over counts from when it would have been started: so the later ones come when they were planned for.
    let from = last.at;
    let next = last.step + 1;
    for (let step = route.steps[next]; step !== undefined; step = route.steps[next]) {
      const met = metBy(walk, started, next);
      if (met === undefined) break;
      skipped.push({ step: next, ...met });
      from += step.afterMs ?? 0;
      next += 1;
    }
    const step = route.steps[next];
    if (step === undefined) return { started, skipped };
    const isAtOnce = failed !== undefined && skipped.length === 0;
    const planned = isAtOnce ? Math.max(now, last.at) : step.afterMs === undefined ? undefined : from + step.afterMs;
    if (planned === undefined || planned >= expiresAt) return { started, skipped, next };
    if (!isAtOnce && planned > now) return { started, skipped, next, dueAt: planned };
    const reason = isAtOnce ? { because: failed, of: last.step } : { because: "time", of: last.step };
    started.push({ step: next, at: isAtOnce ? planned : now, messages: walk.addresses(next), ...reason });
  }
}

/** What meets a step's `unless`, if anything does: a success of any step before it, never a failing end. */
export function metBy(
  { route, standings }: Pick<Walk, "route" | "standings">,
  started: readonly StartedStep[],
  step: number,
): Reason | undefined {
  const unless = route.steps[step]?.unless;
  if (unless === undefined) return undefined;
  for (const { step: of } of started) {
    const reached = standings.get(of)?.reached;
    if (of < step && reached !== undefined && statusOrder.indexOf(reached) >= statusOrder.indexOf(unless)) {
      return { because: reached, of };
    }
  }
  return undefined;
}

/** Statuses that say that a message came to nothing. One that somebody called back, or that the guard kept, has not failed. */
const ends = new Set<string>(["expired", ...statusOrder.filter(isFailing)]);

/** Of the statuses of a step's messages. */
export function standingOf(statuses: readonly string[]): Standing {
  const reached = statuses
    .filter((status): status is Evidence => statusOrder.indexOf(status as Evidence) >= statusOrder.indexOf("delivered"))
    .toSorted((a, b) => statusOrder.indexOf(b) - statusOrder.indexOf(a))[0];
  const failed = statuses.length > 0 && statuses.every((status) => ends.has(status)) ? statuses[0] : undefined;
  return { reached, failed };
}

/** Why a step was started or called back, for people who look at a timeline. Steps count from 1 there. */
export function inWords({ steps, channels }: Route, step: number, { because, of }: Reason): string {
  const via = (steps[of]?.parts ?? []).map((part) => channels[part]).join(", ");
  const name = `step ${of + 1} (${via})`;
  const unless = steps[step]?.unless;
  switch (because) {
    case "time":
      return unless === undefined ? `its time after ${name} has come` : `${name} was not ${unless} in time`;
    case "no-address":
      return `there is no address for ${name}`;
    case "failed":
    case "expired":
      return `${name} ${because}`;
    case "complained":
      return `${name} was complained about`;
    default:
      return `${name} was ${because.replace("_", " ")}`;
  }
}
