import type { BatchItem, Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/** https://resend.com/docs/api-reference/errors (read 2026-11-23). Other names go by their status. */
const byName: Meanings = [
  // About our keys, scopes and regions, not about the message.
  [/ invalid_(idempotency_key|access|region)$/, "rejected", here],
  // The first request under this key is still running and may send: only the same key makes a repeat safe.
  [/ concurrent_idempotent_requests$/, "unavailable"],
  // Something else went out under this key: this, or its parts, must not be sent under another key or by another provider.
  [/ invalid_idempotent_request$/, "unexpected-response"],
  [/ invalid_attachment$/, "invalid-message", { field: "attachments" }],
  [/ invalid_from_address$/, "invalid-message", { field: "from" }],
  [/ invalid_to_address$/, "invalid-message", { field: "to" }],
  // A used-up quota ends with the day, the month, or when somebody buys more. Once an hour finds out soon enough, and is
  // far beyond what the core waits for by itself, so that the next provider carries on.
  [/_quota_exceeded$/, "rate-limited", { retryAfterMs: 3_600_000 }],
  [/ security_error$/, "rejected"],
];

function readFailure({ status, json }: ProviderResponse): ProviderFailure {
  const { name, message } = recordOf(json);
  return failed(status, textOf(name), message, byName);
}

/** The outcome of one message: of a batch its own entry is given, else the answer is it. */
export function readResendResponse(response: ProviderResponse, entry: unknown = response.json): Outcome {
  const providerMessageId = textOf(recordOf(entry)["id"]);
  return response.status === 200 && providerMessageId ? { ok: true, providerMessageId } : readFailure(response);
}

/** Ids stand in the order of the request; any other number of them leaves open whose they are. */
export function readResendBatch(
  response: ProviderResponse,
  items: readonly BatchItem<"email">[],
): readonly Outcome[] | ProviderFailure {
  const { data } = recordOf(response.json);
  return response.status === 200 && Array.isArray(data) && data.length === items.length
    ? data.map((entry) => readResendResponse(response, entry))
    : readFailure(response);
}
