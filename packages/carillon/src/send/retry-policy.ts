import type { ProviderFailure } from "../provider/contract.ts";
import type { FailureKind } from "../result/failure-kind.ts";

/** What may be done about a failure, by its kind. */
export interface FailureRule {
  /** Whether the same provider may be asked again: after the delay it named, or with backoff. */
  readonly retry: "no" | "after-delay" | "backoff";
  /** Whether the next provider may be asked; `if-told`: where the failure says `tryNext`. */
  readonly next: "no" | "yes" | "if-told";
  /** `if-in-flight`: only when the request had been started. */
  readonly mayHaveBeenSent: "no" | "yes" | "if-in-flight";
}

function rule(
  retry: FailureRule["retry"] = "no",
  next: FailureRule["next"] = "no",
  mayHaveBeenSent: FailureRule["mayHaveBeenSent"] = "no",
): FailureRule {
  return { retry, next, mayHaveBeenSent };
}

const final: FailureRule = /* @__PURE__ */ rule();
const openEnded: FailureRule = /* @__PURE__ */ rule("backoff", "yes", "yes");

/** The one table of what a failure says. Everything that retries, fails over or holds decides with it. */
export const failureTable: Readonly<Record<FailureKind, FailureRule>> = {
  "invalid-message": final,
  unauthorized: /* @__PURE__ */ rule("no", "yes"),
  "recipient-gone": final,
  rejected: /* @__PURE__ */ rule("no", "if-told"),
  "rate-limited": /* @__PURE__ */ rule("after-delay", "yes"),
  unavailable: openEnded,
  timeout: openEnded,
  network: openEnded,
  "unexpected-response": /* @__PURE__ */ rule("no", "no", "yes"),
  aborted: /* @__PURE__ */ rule("no", "no", "if-in-flight"),
};

/**
 * Whether a copy may have gone out. A failure that says `notAccepted`, or whose request was never started
 * (`inFlight: false`), left nothing behind, whatever its kind.
 */
export function mayHaveBeenSent({
  kind,
  notAccepted,
  inFlight,
}: Pick<ProviderFailure, "kind" | "notAccepted"> & { readonly inFlight?: boolean | undefined }): boolean {
  const { mayHaveBeenSent } = failureTable[kind];
  return mayHaveBeenSent !== "no" && !notAccepted && (inFlight ?? mayHaveBeenSent === "yes");
}

export interface NextStepInput {
  readonly failure: Pick<ProviderFailure, "kind" | "notAccepted" | "tryNext" | "retryAfterMs">;
  /** Whether the request had been started; of an attempt that was reported, `outcome === "unknown"`. */
  readonly inFlight?: boolean | undefined;
  /** The provider honours the key that was sent, and its window will still be open at the retry. */
  readonly keyOpen: boolean;
  /** Tries are left on this provider. */
  readonly attemptsLeft: boolean;
  readonly onUnknown: "hold" | "resend";
  /** An earlier attempt of the same message ended unknown: what is said of this one does not clear that one. */
  readonly earlierUnknown?: boolean | undefined;
}

export type NextStep =
  /** The same provider again; `afterMs` undefined: after the caller's own backoff. */
  | { readonly action: "retry"; readonly afterMs: number | undefined; readonly possibleDuplicate: boolean }
  | { readonly action: "next"; readonly possibleDuplicate: boolean }
  | { readonly action: "stop" };

/**
 * What to do after a failed attempt. Where the message may have been sent, the same provider is asked again only while it
 * honours the key; anything else risks a second copy and needs `onUnknown: "resend"`.
 */
export function nextStep(input: NextStepInput): NextStep {
  const { failure, inFlight, keyOpen, attemptsLeft, earlierUnknown } = input;
  const { retry, next } = failureTable[failure.kind];
  const unknown = earlierUnknown || mayHaveBeenSent({ ...failure, inFlight });
  const mayRepeat = !unknown || input.onUnknown === "resend";
  if (attemptsLeft && retry !== "no" && (mayRepeat || keyOpen)) {
    return { action: "retry", afterMs: failure.retryAfterMs, possibleDuplicate: unknown && !keyOpen };
  }
  return mayRepeat && (next === "yes" || (next === "if-told" && failure.tryNext))
    ? { action: "next", possibleDuplicate: unknown }
    : { action: "stop" };
}

/**
 * Milliseconds before the next try: exponential with full jitter, so that many that failed together do not return together.
 * `attempt` is the number of the try that failed, from 1; `random` gives numbers in [0, 1).
 */
export function backoffMs({
  attempt,
  baseMs,
  capMs,
  random,
}: {
  readonly attempt: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly random: () => number;
}): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** (attempt - 1)));
}
