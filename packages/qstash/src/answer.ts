import type { FailedResult, SendResult } from "carillon";
import { failureTable } from "carillon";

/** Says to QStash: not again. It goes to the dead letters and to the failure callback (docs `qstash/features/retry`). */
export function noRetry(reason: string, more: object = {}): Response {
  return Response.json({ error: reason, ...more }, { status: 489, headers: { "Upstash-NonRetryable-Error": "true" } });
}

/** Says to QStash: again; after so long, or with its own back-off. */
export function retryLater(status: 429 | 503, reason: string, afterMs?: number, more: object = {}): Response {
  const headers = afterMs === undefined ? undefined : { "Retry-After": String(Math.max(1, Math.ceil(afterMs / 1000))) };
  return Response.json({ error: reason, ...more }, { status, ...(headers && { headers }) });
}

/** What QStash is answered when the notifier has sent, or could not. */
export function answerTo(result: SendResult, onUnknown: "hold" | "retry"): Response {
  if (result.ok) return Response.json({ outcome: result.outcome, messageId: result.messageId });
  const { kind, detail, field, messageId, mayHaveBeenSent, retryAfterMs } = result;
  const more = { detail, field, messageId, mayHaveBeenSent };
  if (isFinal(result, onUnknown)) return noRetry(kind, more);
  return retryLater(kind === "rate-limited" ? 429 : 503, kind, retryAfterMs, more);
}

/**
 * Whether to say "not again": a refusal of the message itself, and a message that may have been sent. A refused credential
 * may be put right before the retries are over, and who aborted was not the provider.
 */
function isFinal({ kind, mayHaveBeenSent }: FailedResult, onUnknown: "hold" | "retry"): boolean {
  if (mayHaveBeenSent) return onUnknown === "hold";
  return failureTable[kind].retry === "no" && kind !== "unauthorized" && kind !== "aborted";
}
