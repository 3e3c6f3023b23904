import { backoffMs, nextStep } from "carillon";
import type { ProviderFailure } from "carillon";
import type { Budget } from "./budgets.ts";
import { laneAfter } from "./lanes.ts";
import type { Lane } from "./lanes.ts";
import { leaseMs } from "./limits.ts";

/** Tries on one lane before the next is asked. */
const triesPerLane = 3;

/** A pause that a provider asks for is waited out up to here; beyond, another lane carries the message. */
export const patienceMs = 30_000;

/** Between rounds over all lanes: a minute at first, an hour at most. */
const roundBaseMs = 60_000;
const roundCapMs = 3_600_000;

/** Kinds that pass with time, so that the lanes are worth another round. A wrong key passes when somebody mends it. */
const passing = new Set<ProviderFailure["kind"]>(["rate-limited", "unavailable", "timeout", "network", "unauthorized"]);

export type Decision =
  | {
      readonly action: "retry";
      readonly lane: string;
      readonly at: number;
      readonly possibleDuplicate: boolean;
      /** The request may have arrived: only the same request again is safe, so its members stay together. */
      readonly sameRequest: boolean;
    }
  | {
      readonly action: "stop";
      readonly place: "done" | "held" | "failed" | "suppressed";
      /** `exhausted`: another try would be worth it, and its budget is spent. */
      readonly because: ProviderFailure["kind"] | "exhausted" | "carried";
    };

export interface FailedTry {
  readonly failure: Pick<ProviderFailure, "kind" | "notAccepted" | "tryNext" | "retryAfterMs">;
  /** The outcome is not known: the message may have been sent. */
  readonly unknown: boolean;
}

/** What a message has behind it, as its row says. */
export interface Tried {
  readonly tries: number;
  /** How many of them ended without an answer. */
  readonly unknown_tries: number;
  /** On the lane that it is on. */
  readonly lane_tries: number;
  /** When the first of those began, in milliseconds. */
  readonly lane_since: number | null;
}

export interface Policy {
  readonly now: number;
  readonly onUnknown: "resend" | "hold";
  readonly budget: Budget;
  /** When the message was first due, in milliseconds. */
  readonly dueSince: number;
}

/** What becomes of a message after a try that failed. `message` has that try counted. */
export function decide(
  message: Tried,
  { failure, unknown: thisUnknown }: FailedTry,
  lane: Lane,
  lanes: readonly Lane[],
  policy: Policy,
): Decision {
  const step = plan(message, { failure, unknown: thisUnknown }, lane, lanes, policy);
  const { budget, dueSince } = policy;
  const isSpent = step.action === "retry" && (message.tries >= budget.maxTries || step.at > dueSince + budget.maxAgeMs);
  return isSpent ? { ...ended(message, failure, thisUnknown), because: "exhausted" } : step;
}

type Stop = Extract<Decision, { action: "stop" }>;

/** A refusal now says nothing of an earlier try whose answer was lost. */
function ended(message: Tried, { kind }: FailedTry["failure"], unknown: boolean): Stop {
  const maybeSent = unknown || message.unknown_tries > 0;
  return {
    action: "stop",
    place: kind === "recipient-gone" ? "suppressed" : maybeSent ? "held" : "failed",
    because: kind,
  };
}

/** What would be done if tries cost nothing. */
function plan(
  message: Tried,
  { failure, unknown: thisUnknown }: FailedTry,
  lane: Lane,
  lanes: readonly Lane[],
  { now, onUnknown }: Policy,
): Decision {
  const unknown = thisUnknown || message.unknown_tries > 0;
  const final = ended(message, failure, thisUnknown);
  const pause =
    failure.retryAfterMs ??
    backoffMs({ attempt: message.lane_tries, baseMs: 2_000, capMs: 60_000, random: Math.random });
  // The retry may start as late as its lease ends, and so may the try that the provider counts from.
  const isKeyOpen = (pauseMs: number): boolean =>
    now + pauseMs + leaseMs - (message.lane_since ?? now) < lane.keyWindowMs;
  const step = nextStep({
    failure,
    inFlight: thisUnknown,
    earlierUnknown: message.unknown_tries > 0,
    keyOpen: isKeyOpen(pause),
    attemptsLeft: message.lane_tries < triesPerLane,
    onUnknown,
  });
  const next = laneAfter(lanes, lane.key);
  if (step.action === "retry") {
    if (pause > patienceMs && next !== undefined && !unknown) {
      return { action: "retry", lane: next.key, at: now, possibleDuplicate: false, sameRequest: false };
    }
    const { possibleDuplicate } = step;
    return { action: "retry", lane: lane.key, at: now + pause, possibleDuplicate, sameRequest: unknown };
  }
  if (step.action === "next" && next !== undefined) {
    const { possibleDuplicate } = step;
    return { action: "retry", lane: next.key, at: now, possibleDuplicate, sameRequest: false };
  }
  const first = lanes[0];
  if (first === undefined || !passing.has(failure.kind) || (unknown && onUnknown === "hold")) return final;
  const round = Math.ceil(message.tries / (triesPerLane * lanes.length));
  const roundPause = Math.max(
    failure.retryAfterMs ?? 0,
    backoffMs({ attempt: round, baseMs: roundBaseMs, capMs: roundCapMs, random: Math.random }),
  );
  const at = now + roundPause;
  // Where there is one lane, its provider may know the key still.
  const sameRequest = unknown && first.key === lane.key && isKeyOpen(roundPause);
  return { action: "retry", lane: first.key, at, possibleDuplicate: unknown && !sameRequest, sameRequest };
}
