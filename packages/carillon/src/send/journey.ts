import type { Channel, Message } from "../channels/channel.ts";
import type { Outcome, Provider } from "../provider/contract.ts";
import type { AttemptReport, SendResult } from "../result/send-result.ts";
import type { Core } from "./options.ts";
import { mayHaveBeenSent } from "./retry-policy.ts";

/** What one call of `send` or `sendBatch` works with. */
export interface Run {
  readonly core: Core;
  readonly signal: AbortSignal | undefined;
  /** Bounds how many requests are in flight at once. */
  readonly gate: <T>(task: () => Promise<T>) => Promise<T>;
}

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
  /** As things stand: another try puts its own in the place of a failure. */
  result?: SendResult;
}

/** At its beginning. */
export function journeyOf(
  providers: Journey["providers"],
  message: Journey["message"],
  messageId: string,
  idempotencyKey: string,
): Journey {
  const { channel } = providers[0] as Provider;
  return { channel, providers, message, messageId, idempotencyKey, attempts: [], unknown: false, duplicate: false };
}

/** Messages of one channel that share a request. Never empty; a single message is a group of one. */
export type Group = readonly Journey[];

/** What the reports of an attempt have in common, whichever message of the request they are about. */
type AttemptBase = Pick<
  AttemptReport,
  "provider" | "account" | "startedAt" | "durationMs" | "requestKey" | "batchSize" | "status"
>;

/**
 * Writes the attempt into the message's history, tells `onAttempt`, and concludes from it what the result is if nothing
 * more is tried.
 */
export function record(core: Core, journey: Journey, base: AttemptBase, outcome: Outcome): void {
  // An operation's answer is its caller's alone.
  const { ok, value: _, ...said }: Outcome & { readonly value?: unknown } = outcome;
  // Whatever never left us says that it was not accepted.
  const unknown = "kind" in said && mayHaveBeenSent({ ...said, inFlight: true });
  journey.unknown ||= unknown;
  const report: AttemptReport = { ...said, ...base, outcome: ok ? "accepted" : unknown ? "unknown" : "failed" };
  journey.attempts.push(report);
  // A listener's trouble is not the message's, whether it throws or rejects. It is called before this goes on.
  const { onAttempt } = core;
  if (onAttempt) (async () => onAttempt({ ...report, messageId: journey.messageId }))().catch(() => {});
  conclude(journey, outcome);
}

/** The result by this outcome, whose texts have been redacted. It names the provider that was asked last, if one was. */
export function conclude(journey: Journey, outcome: Outcome): void {
  const { provider, account, status } = (journey.attempts.at(-1) ?? {}) as AttemptReport;
  if (outcome.ok) {
    end(journey, { ...outcome, outcome: "sent", provider, account, possibleDuplicate: journey.duplicate });
  } else {
    const { notAccepted: _, tryNext: __, ...told } = outcome;
    end(journey, { ...told, provider, account, status, mayHaveBeenSent: journey.unknown });
  }
}

type Conclusion<R = SendResult> = R extends SendResult ? Omit<R, "messageId" | "channel" | "attempts"> : never;

export function end(journey: Journey, conclusion: Conclusion): void {
  const { messageId, channel, attempts } = journey;
  journey.result = { ...conclusion, messageId, channel: channel.id, attempts };
}
