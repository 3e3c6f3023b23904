import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, here, type Meanings } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/**
 * `ErrorCode`, which is no HTTP status although some look like one.
 * https://postmarkapp.com/developer/api/overview#error-codes (read 2026-11-23)
 */
const byCode: Meanings = [
  // No token; sender signature not found, or not confirmed; no credits; account pending, or not allowed to send.
  [/ (10|40[015]|41[23])$/, "unauthorized"],
  // Maintenance: the API is off, and has taken nothing.
  [/ 100$/, "unavailable", { notAccepted: true }],
  [/ 300$/, "invalid-message"],
  // Broken JSON, JSON that does not fit, no JSON, too many in a batch.
  [/ (40[239]|410)$/, "rejected", here],
  [/ 406$/, "recipient-gone", { field: "to" }],
  [/ 411$/, "invalid-message", { field: "attachments" }],
  [/ 429$/, "rate-limited"],
  // An entry of a batch that was refused for another reason: refused it was, and only here.
  [/^200 \d/, "rejected", here],
];

interface Answer {
  readonly ErrorCode?: unknown;
  readonly Message?: unknown;
  readonly MessageID?: unknown;
}

/**
 * With some recipients inactive, Postmark answers 200, sends to the others, and only its text says so. Where that leaves
 * nobody of `to`, those who were written to got nothing: only copies went out.
 */
function missesEveryone(text: unknown, message: EmailMessage): boolean {
  const listed = /these inactive addresses: (.+?)\.?$/s.exec(textOf(text) ?? "")?.[1];
  const inactive = listed?.toLowerCase().split(/,\s*/) ?? [];
  return message.to.every(({ email }) => inactive.includes(email.toLowerCase()));
}

function readFailure(status: number, { ErrorCode: code, Message: said }: Answer): ProviderFailure {
  return failed(status, typeof code === "number" && code ? `${code}` : undefined, said, byCode);
}

/** One answer: the body of a single send, or an entry of a batch, whose status is the batch's own 200. */
function readAnswer(status: number, answer: unknown, message: EmailMessage): Outcome {
  const fields: Answer = recordOf(answer);
  const providerMessageId = textOf(fields.MessageID);
  if (status !== 200 || fields.ErrorCode !== 0 || !providerMessageId) return readFailure(status, fields);
  return missesEveryone(fields.Message, message)
    ? readFailure(status, { ...fields, ErrorCode: 406 })
    : { ok: true, providerMessageId };
}

export function readPostmarkResponse({ status, json }: ProviderResponse, message: EmailMessage): Outcome {
  return readAnswer(status, json, message);
}

/** The batch is answered 200 even where messages fail: each entry, in order, has its own `ErrorCode`. */
export function readPostmarkBatch(
  { status, json }: ProviderResponse,
  items: readonly BatchItem<"email">[],
): readonly Outcome[] | ProviderFailure {
  return status === 200 && Array.isArray(json) && json.length === items.length
    ? items.map(({ message }, index) => readAnswer(status, json[index], message))
    : readFailure(status, recordOf(json));
}
