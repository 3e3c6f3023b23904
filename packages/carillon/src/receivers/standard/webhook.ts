import { checkOptions, type OptionRules, positive, secrets } from "../../provider/options.ts";
import { recordOf, textOf, timeOf } from "../../provider/reading.ts";
import type { VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent } from "../../result/delivery-event.ts";
import { standardWebhooksScheme } from "../../webhook/scheme/standard-webhooks.ts";

export interface StandardWebhookOptions {
  /** `whsec_` and the key in base64, or the base64 alone; a list while it rotates. */
  readonly secret: string | readonly string[];
  /** `svix-` for senders that use Svix and have not changed its headers. @default "webhook-" */
  readonly headerPrefix?: "webhook-" | "svix-" | undefined;
  /** How old or early the signed time may be. @default 300, as the specification has it */
  readonly toleranceSeconds?: number | undefined;
}

const optionalRules: OptionRules = {
  headerPrefix: (value) => value === "webhook-" || value === "svix-" || '"webhook-" or "svix-"',
  toleranceSeconds: positive,
};

function readEvent({ headers, json, text }: VerifiedWebhook, prefix: string): DeliveryEvent {
  const { type, timestamp } = recordOf(json);
  return {
    id: `${headers.get(`${prefix}id`)}`,
    provider: "standard",
    type: "unrecognized",
    occurredAt: timeOf(timestamp, headers.get(`${prefix}timestamp`)),
    providerType: textOf(type) ?? "",
    raw: json ?? text,
  };
}

/**
 * Receives the webhooks of any sender that follows Standard Webhooks. What they mean is for the caller to say: each is one
 * `unrecognized` event with the sender's id, the payload's `type` as `providerType`, and the payload as `raw`, text where
 * it is no JSON.
 *
 * Errors: throws `ConfigurationError` for a secret that is missing, blank or not base64 after `whsec_`.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (read 2026-11-23)
 */
export function standardWebhook(options: StandardWebhookOptions): WebhookSource {
  checkOptions("standardWebhook", options, { secret: secrets }, optionalRules);
  const { secret, headerPrefix = "webhook-", toleranceSeconds } = options;
  return {
    id: "standard",
    scheme: standardWebhooksScheme({ secrets: [secret].flat(), headerPrefix, toleranceSeconds }),
    parse: (webhook) => ({ events: [readEvent(webhook, headerPrefix)] }),
  };
}
