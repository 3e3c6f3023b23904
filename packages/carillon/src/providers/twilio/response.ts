import type { Outcome } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";
import type { TwilioAnswer } from "./wire.ts";

/**
 * Twilio adds codes without notice: one that is not here is judged by its status.
 * https://www.twilio.com/docs/api/errors (read 2026-11-23)
 */
const byCode: Meanings = [
  // The account is not active, or its credentials are wrong.
  [/ (10001|20003|20005|21472|30002)$/, "unauthorized"],
  [/ 21610$/, "recipient-gone", { field: "to" }],
  // No number, none to reach by SMS, a landline, or the sender itself.
  [/ 21(211|217|266|401|421|604|614|635)$/, "invalid-message", { field: "to" }],
  [/ 21(602|605|617|618)$/, "invalid-message", { field: "text" }],
  [/ 216(20|23)$/, "invalid-message", { field: "mediaUrls" }],
  [/ (21624|30012|90007)$/, "invalid-message", { field: "validitySeconds" }],
  // The sender is not ours, cannot send this, or is not of the service.
  [/ 21(212|601|603|606|607|616|657|659|660|661|709|711)$/, "rejected", { ...here, field: "from" }],
  // Region not enabled, trial account, no way from this sender, callback URL, messaging service.
  [/ 21(408|609|608|612|214|626|701|702|703|704|705)$/, "rejected", here],
  // Requests, or messages, that this account or this number may make at a time: nothing was taken.
  [/ (14107|20429|21611|30001|63018|63038)$/, "rate-limited"],
  [/ 21730$/, "unavailable", { notAccepted: true }],
];

/** 201 with the message's `sid`; else a `code`, which is no HTTP status. */
export function readTwilioResponse({ status, json }: ProviderResponse): Outcome {
  const { sid, code, message }: TwilioAnswer = recordOf(json);
  const providerMessageId = textOf(sid);
  if (status === 201 && providerMessageId) return { ok: true, providerMessageId };
  return failed(status, typeof code === "number" ? `${code}` : undefined, message, byCode);
}
