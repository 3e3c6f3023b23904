import type { FailureKind } from "../result/failure-kind.ts";
import type { ProviderFailure } from "./contract.ts";
import { textOf } from "./reading.ts";

/** What an answer says beside the kind of failure. */
type More = Pick<ProviderFailure, "field" | "retryAfterMs" | "notAccepted" | "tryNext">;

/** What answers mean, by patterns of `<status> <code>` (`undefined` for none); the first that fits decides. */
export type Meanings = readonly (readonly [answer: RegExp, kind: FailureKind, more?: More])[];

/** With `rejected`: it is about our request or this account, not about the message, so that another provider may do. */
export const here: More = { tryNext: true };

/** What a status means where a provider's own code says nothing more. */
const byStatus: Meanings = [
  // With 408 the server gave up on the request half-way; what it did with it is not known.
  [/^(5|408)/, "unavailable"],
  [/^40[13]/, "unauthorized"],
  [/^4(00|13|22)/, "invalid-message"],
  [/^429/, "rate-limited"],
  [/^4/, "rejected", here],
  // A 2xx that says nothing known, or a redirect: the message may have been taken.
  [/^/, "unexpected-response"],
];

/**
 * A failure whose detail says what was answered: the provider's code, and its own text, which goes whole to the core, to
 * be redacted before it is cut. `byCode` is what the provider's codes are documented to mean.
 */
export function failed(
  status: number,
  providerCode: string | undefined,
  said: unknown,
  byCode: Meanings = [],
): ProviderFailure {
  const answer = `${status} ${providerCode}`;
  // What became of a request that was answered 5xx stays unknown, whatever the code would make of it; at most it says
  // that nothing was taken.
  const [, kind, more] = [...byCode, ...byStatus].find(
    ([pattern, meant]) => pattern.test(answer) && (status < 500 || meant === "unavailable"),
  ) as Meanings[number];
  return {
    ok: false,
    kind,
    ...more,
    detail: `Answered ${[status, providerCode, textOf(said)].filter(Boolean).join(": ")}`,
    providerCode,
  };
}
