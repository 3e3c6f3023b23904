import { checkOptions, type OptionRules, positive, text, url } from "../../provider/options.ts";
import type { WebhookSource } from "../../provider/webhook.ts";
import { jwtOverBodyScheme } from "../../webhook/scheme/jwt-over-body.ts";
import { type QstashEvent, readEvent } from "./event.ts";

export interface QstashWebhookOptions {
  /** `sig_...`, the whole of it. */
  readonly currentSigningKey: string;
  /** The one that follows at the next rotation: with both, nothing is refused while keys roll. */
  readonly nextSigningKey: string;
  /** The URL that QStash calls, where that is not the URL of the request: behind a proxy. */
  readonly publicUrl?: string | undefined;
  /** How wrong a clock may be, of either side. @default 0 */
  readonly toleranceSeconds?: number | undefined;
}

const keyRules: OptionRules = { currentSigningKey: text, nextSigningKey: text };
const optionalRules: OptionRules = { publicUrl: url, toleranceSeconds: (value) => value === 0 || positive(value) };

/**
 * Receives what Upstash QStash sends: messages that were published to this URL, callbacks and failure callbacks. One request is
 * one event, of which `raw` is the decoded callback or the message.
 *
 * A callback is told by its shape, `sourceMessageId` and `status`: QStash marks it in no other way.
 *
 * Errors: throws `ConfigurationError` for keys that are missing or blank.
 * Source: https://upstash.com/docs/qstash/features/security (read 2026-11-23)
 */
export function qstashWebhook(options: QstashWebhookOptions): WebhookSource<QstashEvent> {
  checkOptions("qstashWebhook", options, keyRules, optionalRules);
  const { currentSigningKey, nextSigningKey, publicUrl, toleranceSeconds = 0 } = options;
  return {
    id: "qstash",
    scheme: jwtOverBodyScheme({
      secrets: [currentSigningKey, nextSigningKey],
      signatureHeader: "upstash-signature",
      issuer: "Upstash",
      publicUrl,
      toleranceSeconds,
    }),
    parse: (webhook) => ({ events: [readEvent(webhook)] }),
  };
}
