import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, Outcome, ProviderFailure } from "../../provider/contract.ts";
import { failed, type Meaning, refusedHere } from "../../provider/failure.ts";
import { entryOf, recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/** The server or the account cannot send this, or anything: another provider may. */
const account: Meaning = { kind: "unauthorized" };

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
  402: refusedHere,
  403: refusedHere,
  405: account,
  406: { kind: "recipient-gone", field: "to" },
  409: refusedHere,
  410: refusedHere,
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
  const listed = /these inactive addresses: (.+?)\.?$/s.exec(textOf(text) ?? "")?.[1];
  const inactive = new Set(listed?.toLowerCase().split(/,\s*/));
  return listed !== undefined && message.to.every(({ email }) => inactive.has(email.toLowerCase()));
}

function readFailure(status: number, code: unknown, said: unknown): ProviderFailure {
  const known = typeof code === "number" && code !== 0 ? `${code}` : undefined;
  // An entry of a batch that was refused for a reason not listed above: refused it was, and only here.
  const unlisted = known && status < 400 ? refusedHere : undefined;
  return failed("Postmark", status, known, said, entryOf(meaningOfCode, known) ?? unlisted);
}

/** One answer: the body of a single send, or an entry of a batch, whose status is the batch's own 200. */
function readAnswer(status: number, answer: unknown, message: EmailMessage): Outcome {
  const { ErrorCode: code, Message: said, MessageID: id } = recordOf(answer);
  const providerMessageId = textOf(id);
  if (status !== 200 || code !== 0 || !providerMessageId) return readFailure(status, code, said);
  return missesEveryone(said, message) ? readFailure(status, 406, said) : { ok: true, providerMessageId };
}

export function readPostmarkResponse({ status, json }: ProviderResponse, message: EmailMessage): Outcome {
  return readAnswer(status, json, message);
}

/** The batch is answered 200 even where messages fail: each entry, in order, has its own `ErrorCode`. */
export function readPostmarkBatch(
  { status, json }: ProviderResponse,
  items: readonly BatchItem<"email">[],
): readonly Outcome[] | ProviderFailure {
  if (status === 200 && Array.isArray(json) && json.length === items.length) {
    return items.map(({ message }, index) => readAnswer(status, json[index], message));
  }
  const { ErrorCode: code, Message: said } = recordOf(json);
  return readFailure(status, status < 400 ? undefined : code, said);
}
