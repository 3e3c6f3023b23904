import type { EmailMessage } from "../../channels/email.ts";
import type { Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, type Meaning, meaningOfStatus, unexpected } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/** The server or the account cannot send this, or anything: another provider may. */
const account: Meaning = { kind: "unauthorized" };
/** We asked wrongly; nothing is wrong with the message. */
const ours: Meaning = { kind: "rejected", tryNext: true };

/**
 * `ErrorCode`, which is no HTTP status although some look like one.
 * https://postmarkapp.com/developer/api/overview#error-codes (read 2026-11-23)
 */
const meaningOfCode: Readonly<Record<number, Meaning>> = {
  10: account,
  // Maintenance: the API is off, and has taken nothing.
  100: { kind: "unavailable", notAccepted: true },
  300: { kind: "invalid-message" },
  // Sender signature not found, not confirmed.
  400: account,
  401: account,
  // Broken JSON, JSON that does not fit, not allowed to send, no JSON, too many in a batch.
  402: ours,
  403: ours,
  405: account,
  406: { kind: "recipient-gone", field: "to" },
  409: ours,
  410: ours,
  411: { kind: "invalid-message", field: "attachments" },
  // Account pending, account may not send.
  412: account,
  413: account,
  429: { kind: "rate-limited" },
};

/**
 * With some recipients inactive, Postmark answers 200, sends to the others, and only its text says so. Where that leaves
 * nobody of `to`, those who were written to got nothing: only copies went out.
 */
function missesEveryone(text: unknown, message: EmailMessage): boolean {
  const listed = /these inactive addresses: (.+?)\.?$/s.exec(textOf(text, 10_000) ?? "")?.[1];
  const inactive = new Set(listed?.toLowerCase().split(/,\s*/));
  return listed !== undefined && message.to.every(({ email }) => inactive.has(email.toLowerCase()));
}

/** One answer: the body of a single send, or an entry of a batch, whose status is the batch's own 200. */
function readAnswer(status: number, answer: unknown, message: EmailMessage): Outcome {
  const { ErrorCode: code, Message: said, MessageID: id } = recordOf(answer);
  if (typeof code !== "number") return status < 400 ? unexpected("Postmark", status) : fail(status, undefined, said);
  if (status >= 400 || code !== 0) return fail(status, code, said);
  const providerMessageId = textOf(id, 256);
  if (status !== 200 || providerMessageId === undefined) return unexpected("Postmark", status);
  return missesEveryone(said, message) ? fail(status, 406, said) : { ok: true, providerMessageId };
}

function fail(status: number, code: number | undefined, said: unknown): ProviderFailure {
  const known = code !== undefined && Object.hasOwn(meaningOfCode, code) ? meaningOfCode[code] : undefined;
  // An entry of a batch that was refused for a reason not listed above: refused it was, and only here. Of a 5xx nothing
  // is certain but what the code for maintenance says.
  const meaning =
    (status < 500 || known?.notAccepted ? known : undefined) ?? (status < 400 ? ours : meaningOfStatus(status));
  return failed(meaning, "Postmark", status, code === undefined ? undefined : String(code), said);
}

export function readPostmarkResponse({ status, json }: ProviderResponse, message: EmailMessage): Outcome {
  return readAnswer(status, json, message);
}

/** The batch is answered 200 even where messages fail: each entry, in order, has its own `ErrorCode`. */
export function readPostmarkBatch(
  { status, json }: ProviderResponse,
  messages: readonly EmailMessage[],
): readonly Outcome[] | ProviderFailure {
  if (status === 200 && Array.isArray(json) && json.length === messages.length) {
    return messages.map((message, index) => readAnswer(status, json[index], message));
  }
  if (status < 400) return unexpected("Postmark", status);
  const { ErrorCode: code, Message: said } = recordOf(json);
  return fail(status, typeof code === "number" ? code : undefined, said);
}
