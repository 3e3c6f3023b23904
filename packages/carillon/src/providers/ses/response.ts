import type { BatchItem, Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/**
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, API_BulkEmailEntryResult.html and
 * CommonErrors.html (read 2026-11-23). Other codes go by their status.
 */
const byCode: Meanings = [
  // Whatever is wrong with the signature, its time included; then an account, or a domain, that may not send.
  [/signature|token|client|denied|notauthorized|expired|skewed|suspended|paused|not_?verified/i, "unauthorized"],
  // Of an entry; a single send has the code of throttling for it.
  [/ ACCOUNT_DAILY_QUOTA/, "rate-limited", { retryAfterMs: 3_600_000 }],
  [/throttl|toomanyrequests/i, "rate-limited"],
  // "Unable to process your request because of a temporary issue", said of an entry, which then has no id.
  [/ TRANSIENT_FAILURE/, "unavailable", { notAccepted: true }],
  [/ INVALID_PARAMETER/, "invalid-message"],
  // Content that SES does not take, or an address that this account may not use yet: which, only the text says. And what is
  // about our request, or the set-up of the account: its configuration set, pool, quota of resources.
  [/rejected|limitexceeded|serialization|_not_found|_pool| failed/i, "rejected", here],
];

/**
 * The code of an error, without what may stand around it: `com.amazonaws.ses#Code:http://...`. Of an entry it is the status;
 * gateways before SES say it in the body.
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization (read 2026-11-23)
 */
function readFailure({ status, headers }: ProviderResponse, answer: unknown): ProviderFailure {
  const { code, __type: type, Status, message, Message, Error: said } = recordOf(answer);
  const spelled = [headers.get("x-amzn-errortype"), code, type, Status].map(textOf).find(Boolean) ?? "";
  const [, providerCode] = /^(?:[^,:]*#)?([^,:]+)/.exec(spelled) ?? [];
  return failed(status, providerCode, message ?? Message ?? said, byCode);
}

/** The outcome of one message: of a bulk send its own entry is given, else the answer is it. */
export function readSesResponse(response: ProviderResponse, entry: unknown = response.json): Outcome {
  const { MessageId, Status = "SUCCESS" } = recordOf(entry);
  const providerMessageId = textOf(MessageId);
  return response.status === 200 && Status === "SUCCESS" && providerMessageId
    ? { ok: true, providerMessageId }
    : readFailure(response, entry);
}

/** A bulk send is answered 200 even where messages fail: each entry, in order, has its own status. */
export function readSesBulk(
  response: ProviderResponse,
  items: readonly BatchItem<"email">[],
): readonly Outcome[] | ProviderFailure {
  const { BulkEmailEntryResults: results } = recordOf(response.json);
  return response.status === 200 && Array.isArray(results) && results.length === items.length
    ? results.map((entry) => readSesResponse(response, entry))
    : readFailure(response, response.json);
}
