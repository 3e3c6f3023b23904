import type { FailureKind } from "../result/failure-kind.ts";
import type { ProviderFailure } from "./contract.ts";
import { type OptionRule, optionProblems } from "./options.ts";

/** What an answer means: its kind, and whether another provider may be asked although this one refused. */
export type Meaning = Pick<ProviderFailure, "kind" | "field" | "retryAfterMs" | "notAccepted" | "tryNext">;

/** The message breaks a rule of the provider that is known before it is asked. */
export function invalidMessage(field: string, detail: string): ProviderFailure {
  return { ok: false, kind: "invalid-message", field, detail };
}

/** What a status means where a provider's own code says nothing more. */
export function meaningOfStatus(status: number): Meaning {
  // 408: the server gave up on the request half-way; what it did with it is not known.
  if (status >= 500 || status === 408) return { kind: "unavailable" };
  if (status === 429) return { kind: "rate-limited" };
  if (status === 401 || status === 403) return { kind: "unauthorized" };
  if (status === 400 || status === 413 || status === 422) return { kind: "invalid-message" };
  // The rest of 4xx is about the request that we make or the account, not about the message: another provider may do.
  if (status >= 400) return { kind: "rejected", tryNext: true };
  return { kind: "unexpected-response" };
}

/** A failure whose detail says who answered what; `said` is the provider's own text, cut, redacted later by the core. */
export function failed(
  meaning: Meaning,
  provider: string,
  status: number,
  providerCode: string | undefined,
  said: unknown,
): ProviderFailure {
  const what = providerCode === undefined ? "" : ` ${providerCode}`;
  const why = typeof said === "string" && said !== "" ? `: ${said.slice(0, 300)}` : "";
  return { ok: false, ...meaning, detail: `${provider} answered ${status}${what}${why}`, providerCode };
}

/** A 2xx, or a redirect, that says nothing known: the message may have been taken. */
export function unexpected(provider: string, status: number): ProviderFailure {
  const kind: FailureKind = "unexpected-response";
  return { ok: false, kind, detail: `${provider} answered ${status} with a body that says nothing known` };
}

/** Checks `providerOptions.<id>` field by field; the first problem, if any. */
export function checkProviderOptions(
  id: string,
  options: Readonly<Record<string, unknown>> | undefined,
  rules: Readonly<Record<string, OptionRule>>,
): ProviderFailure | undefined {
  const first = options && optionProblems(options, rules)[0];
  return first && invalidMessage(`providerOptions.${id}.${first.option}`, `${id}: ${first.problem}`);
}
