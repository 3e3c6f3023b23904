import type { Channel, Message } from "../channels/channel.ts";
import { redactor } from "../http/redact.ts";
import { boundRetryAfterMs } from "../http/retry-after.ts";
import type { Outcome, ProviderFailure } from "../provider/contract.ts";
import type { AttemptReport, CapturedResult, FailedResult, SendResult, SentResult } from "../result/send-result.ts";
import type { Attempted } from "./attempt.ts";
import type { Core } from "./options.ts";
import { failureTable, mayHaveBeenSent } from "./retry-policy.ts";

/** One message on its way through the providers. */
export interface Journey {
  readonly channel: Channel;
  readonly message: Message;
  readonly messageId: string;
  readonly idempotencyKey: string;
  readonly attempts: AttemptReport[];
  /** Some attempt may have been sent, and we were not told. */
  unknown: boolean;
  /** It was tried again where no key protects from a second copy. */
  duplicate: boolean;
  result?: SendResult;
}

type Redact = ReturnType<typeof redactor>;

/**
 * Makes what is reported of an attempt free of the request's secrets and the addresses of all its messages. The work is
 * done at the first text that needs it: a success has none.
 */
export function redactorOf(secrets: readonly string[], journeys: readonly Journey[]): () => Promise<Redact> {
  let made: Promise<Redact> | undefined;
  const make = async (): Promise<Redact> => {
    const all = [...secrets];
    for (const { channel, message } of journeys) {
      for (const address of await channel.addresses(message)) all.push(...address.secrets);
    }
    return redactor(all);
  };
  // Addresses that cannot be told cannot be scrubbed, so that then nothing of the provider's text is shown.
  return () => (made ??= make().catch(() => () => "[redacted]"));
}

/** Writes the attempt into the message's history and tells `onAttempt`; gives back the outcome as it was reported. */
export async function record(
  core: Core,
  journey: Journey,
  lane: { readonly provider: { readonly id: string; readonly account: string } },
  attempted: Attempted<object>,
  outcome: Outcome,
  request: { readonly requestKey: string; readonly batchSize: number },
  redact: () => Promise<Redact>,
): Promise<Outcome> {
  const { startedAt, durationMs, status, inFlight } = attempted;
  const { id: provider, account } = lane.provider;
  const { requestKey, batchSize } = request;
  const base = { provider, account, startedAt, durationMs, requestKey, batchSize, status };
  let clean = outcome;
  let report: AttemptReport;
  if (outcome.ok) {
    const { providerMessageId: id } = outcome;
    // An id is what the provider makes it: one that repeats a credential is dropped.
    const leaks = id !== undefined && attempted.secrets.some((secret) => secret !== "" && id.includes(secret));
    report = { ...base, outcome: "accepted", providerMessageId: leaks ? undefined : id };
  } else {
    clean = cleaned(outcome, await redact());
    const { ok: _, ...failed } = clean;
    const unknown = mayHaveBeenSent({ ...failed, inFlight });
    if (unknown) journey.unknown = true;
    report = { ...base, outcome: unknown ? "unknown" : "failed", ...failed };
  }
  journey.attempts.push(report);
  try {
    core.onAttempt?.({ ...report, messageId: journey.messageId });
  } catch {
    // A listener's trouble is not the message's.
  }
  return clean;
}

function cleaned(failure: ProviderFailure, redact: Redact): ProviderFailure {
  const { kind, field, providerCode } = failure;
  return {
    ...failure,
    kind: Object.hasOwn(failureTable, kind) ? kind : "unexpected-response",
    retryAfterMs: boundRetryAfterMs(failure.retryAfterMs),
    detail: redact(failure.detail),
    field: field === undefined ? undefined : redact(field),
    providerCode: providerCode === undefined ? undefined : redact(providerCode),
  };
}

/** What every result says of the message. */
function about({ messageId, attempts, channel }: Journey): Pick<SentResult, "messageId" | "channel" | "attempts"> {
  return { messageId, channel: channel.id, attempts };
}

/** The last attempt was accepted. */
export function sent(journey: Journey): SentResult {
  const { provider, account, providerMessageId } = journey.attempts.at(-1) as AttemptReport;
  const possibleDuplicate = journey.duplicate;
  return { ok: true, outcome: "sent", ...about(journey), provider, account, providerMessageId, possibleDuplicate };
}

export function captured(journey: Journey, reason: string): CapturedResult {
  return { ok: true, outcome: "captured", ...about(journey), reason };
}

/** The journey ends with this failure; its texts have been redacted. Names the provider that was asked last. */
export function failed(journey: Journey, failure: ProviderFailure): FailedResult {
  const { notAccepted: _, tryNext: __, ...told } = failure;
  const { provider, account, status } = journey.attempts.at(-1) ?? {};
  return { ...told, ...about(journey), provider, account, status, mayHaveBeenSent: journey.unknown };
}
