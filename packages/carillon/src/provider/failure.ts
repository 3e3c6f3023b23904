import type { FailureKind } from "../result/failure-kind.ts";
import type { ProviderFailure } from "./contract.ts";
import { textOf } from "./reading.ts";

/** What an answer means: its kind, and what may be done about it. */
export type Meaning = Pick<ProviderFailure, "kind" | "field" | "retryAfterMs" | "notAccepted" | "tryNext">;

/** It is about our request or this account, not about the message: another provider may do. */
export const refusedHere: Meaning = { kind: "rejected", tryNext: true };

/** What a status means where a provider's own code says nothing more. */
export function meaningOfStatus(status: number): Meaning {
  // A 2xx that says nothing known, or a redirect: the message may have been taken.
  if (status < 400) return { kind: "unexpected-response" };
  const kind: FailureKind | undefined =
    // 408: the server gave up on the request half-way; what it did with it is not known.
    status >= 500 || status === 408
      ? "unavailable"
      : status === 429
        ? "rate-limited"
        : status === 401 || status === 403
          ? "unauthorized"
          : status === 400 || status === 413 || status === 422
            ? "invalid-message"
            : undefined;
  return kind ? { kind } : refusedHere;
}

/**
 * A failure whose detail says who answered what: the provider's code, and its own text, which goes whole to the core, to
 * be redacted before it is cut. `known` is what the code is documented to mean.
 */
export function failed(
  provider: string,
  status: number,
  code: string | number | undefined,
  said: unknown,
  known?: Meaning,
): ProviderFailure {
  const text = textOf(said);
  return {
    ok: false,
    // A code never turns a 5xx into more than that, unless it says that nothing was taken: what became of the request
    // stays unknown.
    ...(known && (status < 500 || known.notAccepted) ? known : meaningOfStatus(status)),
    detail: `${provider} answered ${status}${code === undefined ? "" : ` ${code}`}${text ? `: ${text}` : ""}`,
    providerCode: code === undefined ? undefined : `${code}`,
  };
}
