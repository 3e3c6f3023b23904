import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions } from "../../provider/options.ts";
import { entryOf, recordOf, smtpCodeOf, textOf, timeOf, wordOf } from "../../provider/reading.ts";
import type { VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent, EventType } from "../../result/delivery-event.ts";
import { ecdsaOverTimestampAndBodyScheme } from "../../webhook/scheme/signed-timestamp-ecdsa.ts";
import { readCustomArgs } from "./custom-args.ts";
import { type SendGridWebhookOptions, webhookRules } from "./options.ts";

const signatureHeader = "x-twilio-email-event-webhook-signature";
const timestampHeader = "x-twilio-email-event-webhook-timestamp";

/** https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-23). Two are decided by more. */
const typeByName: Readonly<Record<string, EventType>> = {
  processed: "accepted",
  delivered: "delivered",
  deferred: "deferred",
  open: "opened",
  click: "clicked",
  spamreport: "complained",
  unsubscribe: "unsubscribed",
  group_unsubscribe: "unsubscribed",
};

/** Why SendGrid dropped a message without trying: these three are its suppression lists. */
const suppressionReasons: readonly string[] = ["Bounced Address", "Unsubscribed Address", "Spam Reporting Address"];

function typeOf(name: string, type: unknown, reason: string): EventType {
  // A block is a refusal of the moment; both are called "bounce".
  if (name === "bounce") return type === "blocked" ? "soft_bounced" : "bounced";
  if (name === "dropped") return suppressionReasons.some((list) => reason.startsWith(list)) ? "suppressed" : "failed";
  return entryOf(typeByName, name) ?? "unrecognized";
}

/**
 * The `X-Message-Id` of the send, of which `sg_message_id` is that id, a dot and more. The id may hold dots itself, so
 * `smtp-id` (`<id@...>`) is asked first; it is the id only where the two agree, or where it is SendGrid's own and stands
 * alone, as in a late bounce.
 */
function providerMessageIdOf(event: Readonly<Record<string, unknown>>): string | undefined {
  const long = textOf(event["sg_message_id"]);
  const [, id, host = ""] = /^<([^@>]+)@([^>]*)>$/.exec(textOf(event["smtp-id"]) ?? "") ?? [];
  if (long === undefined) return host.endsWith(".sendgrid.net") ? id : undefined;
  if (id !== undefined && (long === id || long.startsWith(`${id}.`))) return id;
  const end = long.search(/\.(filter|recvd)/);
  return end > 0 ? long.slice(0, end) : long.replace(/\..*$/s, "");
}

function readEvent(raw: unknown, sentAt: string | null): readonly DeliveryEvent[] {
  const event = recordOf(raw);
  const providerType = textOf(event["event"]);
  if (providerType === undefined) return [];
  const address = textOf(event["email"]);
  const reason = textOf(event["reason"]) ?? textOf(event["response"]);
  const longId = textOf(event["sg_message_id"]);
  return [
    {
      id: textOf(event["sg_event_id"]) ?? `${providerType}:${longId}:${address}:${wordOf(event["timestamp"])}`,
      provider: "sendgrid",
      type: typeOf(providerType, event["type"], reason ?? ""),
      occurredAt: timeOf(event["timestamp"], sentAt),
      ...readCorrelation(readCustomArgs(event)),
      providerMessageId: providerMessageIdOf(event),
      address,
      providerType,
      reason,
      code: smtpCodeOf(event["status"]) ?? smtpCodeOf(reason),
      raw,
    },
  ];
}

function readEvents({ json, headers }: VerifiedWebhook): readonly DeliveryEvent[] {
  const sentAt = headers.get(timestampHeader);
  return (Array.isArray(json) ? json : [json]).flatMap((raw) => readEvent(raw, sentAt));
}

/**
 * Receives SendGrid's signed event webhook: ECDSA P-256 over the timestamp and the raw body. No tolerance, since it is
 * not documented whether a retry, up to 24 hours later, is signed afresh; `sg_event_id` makes repeats harmless.
 *
 * Errors: throws `ConfigurationError` for a key that is missing or no base64 SPKI.
 * Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
 *   (read 2026-11-23)
 */
export function sendgridWebhook(options: SendGridWebhookOptions): WebhookSource {
  checkOptions("sendgridWebhook", options, webhookRules);
  const publicKeys = [options.publicKey].flat();
  return {
    id: "sendgrid",
    scheme: ecdsaOverTimestampAndBodyScheme({ publicKeys, signatureHeader, timestampHeader }),
    parse: (webhook) => ({ events: readEvents(webhook) }),
  };
}
