import type { Channel, Message } from "../channels/channel.ts";
import type { Outcome, Provider, ProviderFailure } from "../provider/contract.ts";
import type { AttemptReport, SendResult } from "../result/send-result.ts";
import type { AttemptBase } from "./attempt.ts";
import type { Core } from "./options.ts";
import { mayHaveBeenSent } from "./retry-policy.ts";

/** One message on its way through the providers. */
export interface Journey {
  readonly channel: Channel;
  /** The channel's providers, in the order in which they are asked. Never empty. */
  readonly providers: readonly Provider[];
  message: Message;
  readonly messageId: string;
  readonly idempotencyKey: string;
  readonly attempts: AttemptReport[];
  /** Some attempt may have been sent, and we were not told. */
  unknown: boolean;
  /** It was tried again where no key protects from a second copy. */
  duplicate: boolean;
  result?: SendResult;
}

/** Writes the attempt into the message's history and tells `onAttempt`. */
export function record(core: Core, journey: Journey, base: AttemptBase, outcome: Outcome): void {
  const { ok, ...said } = outcome;
  // Whatever never left us says that it was not accepted.
  const unknown = "kind" in said && mayHaveBeenSent({ ...said, inFlight: true });
  journey.unknown ||= unknown;
  const report: AttemptReport = { ...base, outcome: ok ? "accepted" : unknown ? "unknown" : "failed", ...said };
  journey.attempts.push(report);
  try {
    core.onAttempt?.({ ...report, messageId: journey.messageId });
  } catch {
    // A listener's trouble is not the message's.
  }
}

type Conclusion<R = SendResult> = R extends SendResult ? Omit<R, "messageId" | "channel" | "attempts"> : never;

function end(journey: Journey, conclusion: Conclusion): void {
  const { messageId, channel, attempts } = journey;
  journey.result = { ...conclusion, messageId, channel: channel.id, attempts };
}

/** The last attempt was accepted. */
export function succeed(journey: Journey): void {
  const { provider, account, providerMessageId } = journey.attempts.at(-1) as AttemptReport;
  end(journey, {
    ok: true,
    outcome: "sent",
    provider,
    account,
    providerMessageId,
    possibleDuplicate: journey.duplicate,
  });
}

export function capture(journey: Journey, reason: string): void {
  end(journey, { ok: true, outcome: "captured", reason });
}

/** The journey ends with this failure; its texts have been redacted. Names the provider that was asked last. */
export function fail(journey: Journey, { notAccepted: _, tryNext: __, ...told }: ProviderFailure): void {
  const { provider, account, status } = journey.attempts.at(-1) ?? {};
  end(journey, { ...told, provider, account, status, mayHaveBeenSent: journey.unknown });
}
