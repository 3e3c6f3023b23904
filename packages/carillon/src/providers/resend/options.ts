import { checkOptions, optional, required } from "../../provider/options.ts";
import type { Secret } from "../../provider/request.ts";

export interface ResendOptions {
  /** `re_...`; "Sending access" is enough. */
  readonly apiKey: Secret;
  /** Which of several Resend accounts this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://api.resend.com`. */
  readonly baseUrl?: string | undefined;
  /** What Resend allows the team. @default 2 */
  readonly requestsPerSecond?: number | undefined;
}

export interface ResendWebhookOptions {
  /** `whsec_...`; several while it rotates. */
  readonly secret: string | readonly string[];
}

/** `providerOptions.resend` of a message. */
export interface ResendMessageOptions {
  /** ISO 8601 with a time zone. Resend holds the message until then; such a message is never batched. */
  readonly scheduledAt?: string | undefined;
  /** Resend's topic, whose unsubscriptions then count. */
  readonly topicId?: string | undefined;
}

export function checkResendOptions(options: ResendOptions): void {
  checkOptions("resend", options, {
    apiKey: required.secret,
    account: optional.text,
    baseUrl: optional.url,
    requestsPerSecond: optional.positive,
  });
}

export function checkResendWebhookOptions(options: ResendWebhookOptions): void {
  checkOptions("resendWebhook", options, { secret: required.secrets });
}
