import type { Outcome, ProviderResponse } from "carillon";
import { failureKinds } from "carillon";
import { ensure, ensureSame } from "./check.ts";
import { madeResponse } from "./http-fixture.ts";

/** Bodies that no provider documents. */
const strange: readonly string[] = [
  "",
  "<!doctype html><html><body><h1>Bad Gateway</h1></body></html>",
  '{"id":"cut',
  "null",
  "[]",
  "[null]",
  '"text"',
  "7",
  '{"unknown":true}',
  '{"errors":"none","message":{"nested":[]},"name":7,"ErrorCode":"x","MessageID":{}}',
];
export const failingStatuses: readonly number[] = [
  302, 400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 502, 503, 504,
];

/** Every strange body, with every status; and once cut off by the core's limit. */
export function strangeAnswers(statuses: readonly number[]): readonly ProviderResponse[] {
  return statuses.flatMap((status) => [
    ...strange.map((text) => madeResponse(status, text, { "content-type": "text/html" })),
    madeResponse(status, '{"id":"', {}, true),
  ]);
}

export function ensureReading({ status, text }: ProviderResponse, outcome: Outcome, statusAloneAccepts: boolean): void {
  const what = `${status} with ${text === "" ? "no body" : text}`;
  if (status >= 200 && status < 300) {
    if (statusAloneAccepts) return;
    ensure(!outcome.ok && outcome.kind === "unexpected-response", `${what}: must be unexpected-response`);
    return;
  }
  ensure(!outcome.ok, `${what}: must be a failure`);
  ensure(failureKinds.includes(outcome.kind), `${what}: unknown kind ${outcome.kind}`);
  ensure(outcome.detail !== "", `${what}: says nothing in its detail`);
  if (status >= 500) ensureSame(outcome.kind, "unavailable", `the kind of ${what}`);
  if (status === 429) ensureSame(outcome.kind, "rate-limited", `the kind of ${what}`);
  if (status === 401) ensureSame(outcome.kind, "unauthorized", `the kind of ${what}`);
}
