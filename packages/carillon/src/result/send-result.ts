import type { FailureKind } from "./failure-kind.ts";

/** One try to hand a message to one provider: what the timeline of a message is made of. */
export interface AttemptReport {
  readonly provider: string;
  /** The provider account that was used; `provider:account` is the lane. */
  readonly account: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** `unknown`: the request may have reached the provider, and its answer did not reach us. */
  readonly outcome: "accepted" | "failed" | "unknown";
  /** The idempotency key that the request carried: of the message, or of the batch that it went out with. */
  readonly requestKey: string;
  /** How many messages shared the request: 1 unless it was a batch. */
  readonly batchSize: number;
  readonly providerMessageId?: string | undefined;
  readonly status?: number | undefined;
  readonly kind?: FailureKind | undefined;
  readonly detail?: string | undefined;
  readonly field?: string | undefined;
  readonly providerCode?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The provider documents that this answer means "not accepted". */
  readonly notAccepted?: true | undefined;
  /** The refusal is about this provider or account, so another one may still carry the message. */
  readonly tryNext?: true | undefined;
}

interface ResultBase {
  /** Carillon's id of the message: given by the caller, or made by the notifier. */
  readonly messageId: string;
  readonly channel: string;
  /** In order; empty when nothing was sent. */
  readonly attempts: readonly AttemptReport[];
}

export interface SentResult extends ResultBase {
  readonly ok: true;
  readonly outcome: "sent";
  readonly provider: string;
  readonly account: string;
  readonly providerMessageId?: string | undefined;
  /** An earlier attempt may have been sent too (only ever under `onUnknown: "resend"`). */
  readonly possibleDuplicate: boolean;
}

/** The guard kept the message: nobody received it, no provider was asked. */
export interface CapturedResult extends ResultBase {
  readonly ok: true;
  readonly outcome: "captured";
  readonly reason: string;
}

export interface FailedResult extends ResultBase {
  readonly ok: false;
  readonly kind: FailureKind;
  /** One sentence, at most 500 characters, without secrets and addresses. */
  readonly detail: string;
  /** Path of the field at fault, as the caller spells it: `attachments.0.filename`. */
  readonly field?: string | undefined;
  readonly provider?: string | undefined;
  readonly account?: string | undefined;
  readonly status?: number | undefined;
  readonly providerCode?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** True when a copy may have gone out: not safe to repeat blindly. */
  readonly mayHaveBeenSent: boolean;
}

export type SendResult = SentResult | CapturedResult | FailedResult;

/** Of an operation; `value` is what the provider answered. */
export type CallResult<T> = (SentResult & { readonly value: T }) | CapturedResult | FailedResult;
