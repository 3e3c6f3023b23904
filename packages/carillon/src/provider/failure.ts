import type { FailureKind } from "../result/failure-kind.ts";
import type { ProviderFailure } from "./contract.ts";
import { textOf } from "./reading.ts";

/** What an answer means: its kind, and what may be done about it. */
export type Meaning = Pick<ProviderFailure, "kind" | "field" | "retryAfterMs" | "notAccepted" | "tryNext">;

/** It is about our request or this account, not about the message: another provider may do. */
export const refusedHere: Meaning = { kind: "rejected", tryNext: true };

const kindByStatus: Readonly<Record<number, FailureKind>> = {
  400: "invalid-message",
  401: "unauthorized",
  403: "unauthorized",
  // The server gave up on the request half-way; what it did with it is not known.
  408: "unavailable",
  413: "invalid-message",
  422: "invalid-message",
  429: "rate-limited",
};

/** What a status means where a provider's own code says nothing more. */
export function meaningOfStatus(status: number): Meaning {
  // Below 400 stands a 2xx that says nothing known, or a redirect: the message may have been taken.
  const kind = status < 400 ? "unexpected-response" : status < 500 ? kindByStatus[status] : "unavailable";
  return kind ? { kind } : refusedHere;
}

/**
 * A failure whose detail says who answered what: the provider's code, and its own text, which goes whole to the core, to
 * be redacted before it is cut. `known` is what the code is documented to mean.
 */
export function failed(
  provider: string,
  status: number,
  providerCode: string | undefined,
  said: unknown,
  known?: Meaning,
): ProviderFailure {
  const text = textOf(said);
  return {
    ok: false,
    // A code never turns a 5xx into more than that, unless it says that nothing was taken: what became of the request
    // stays unknown.
    ...(known && (status < 500 || known.notAccepted) ? known : meaningOfStatus(status)),
    detail: `${provider} answered ${status}${providerCode ? ` ${providerCode}` : ""}${text ? `: ${text}` : ""}`,
    providerCode,
  };
}
