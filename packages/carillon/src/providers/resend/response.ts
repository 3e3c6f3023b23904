import type { Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, type Meaning, meaningOfStatus, unexpected } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/**
 * A used-up quota ends with the day, the month, or when somebody buys more. Once an hour finds out soon enough, and is
 * far beyond what the core waits for by itself, so that the next provider carries on.
 */
const quotaRetryMs = 3_600_000;

/** https://resend.com/docs/api-reference/errors (read 2026-11-23). Other names go by their status. */
const meaningOfName: Readonly<Record<string, Meaning>> = {
  invalid_idempotency_key: { kind: "rejected", tryNext: true },
  // The first request under this key is still running and may send: only the same key makes a repeat safe.
  concurrent_idempotent_requests: { kind: "unavailable" },
  // Something else went out under this key: this, or its parts, must not be sent under another key or by another provider.
  invalid_idempotent_request: { kind: "unexpected-response" },
  invalid_attachment: { kind: "invalid-message", field: "attachments" },
  invalid_from_address: { kind: "invalid-message", field: "from" },
  invalid_to_address: { kind: "invalid-message", field: "to" },
  // About our keys, scopes and regions, not about the message.
  invalid_access: { kind: "rejected", tryNext: true },
  invalid_region: { kind: "rejected", tryNext: true },
  daily_quota_exceeded: { kind: "rate-limited", retryAfterMs: quotaRetryMs },
  monthly_quota_exceeded: { kind: "rate-limited", retryAfterMs: quotaRetryMs },
  security_error: { kind: "rejected" },
};

function readFailure({ status, json }: ProviderResponse): ProviderFailure {
  if (status < 400) return unexpected("Resend", status);
  const { name, message } = recordOf(json);
  const code = textOf(name, 100);
  // A known name never turns a 5xx into more than that: what became of the request stays unknown.
  const known = code !== undefined && status < 500 && Object.hasOwn(meaningOfName, code) && meaningOfName[code];
  return failed(known || meaningOfStatus(status), "Resend", status, code, message);
}

export function readResendResponse(response: ProviderResponse): Outcome {
  const id = textOf(recordOf(response.json)["id"], 256);
  return response.status === 200 && id !== undefined ? { ok: true, providerMessageId: id } : readFailure(response);
}

/** Ids stand in the order of the request; any other number of them leaves open whose they are. */
export function readResendBatch(response: ProviderResponse, count: number): readonly Outcome[] | ProviderFailure {
  const { data } = recordOf(response.json);
  if (response.status === 200 && Array.isArray(data) && data.length === count) {
    return data.map((entry) => {
      const id = textOf(recordOf(entry)["id"], 256);
      return id === undefined ? unexpected("Resend", 200) : { ok: true, providerMessageId: id };
    });
  }
  return readFailure(response);
}
