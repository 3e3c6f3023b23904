import { type OptionRules, secret, secrets, text } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";

export interface ResendOptions {
  /** `re_...`; "Sending access" is enough. */
  readonly apiKey: Secret;
  /** Which of several Resend accounts this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://api.resend.com`. */
  readonly baseUrl?: string | undefined;
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

export const factoryRules: OptionRules = { apiKey: secret };

export const webhookRules: OptionRules = { secret: secrets };

export const messageRules: OptionRules = {
  scheduledAt: (value) =>
    (matches(/^\d{4}-.+T.+(Z|[+-]\d\d:?\d\d)$/, value) && Date.parse(value) > 0) ||
    "a time in ISO 8601 with a time zone",
  topicId: text,
};
