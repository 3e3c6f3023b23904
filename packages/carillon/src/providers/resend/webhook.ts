import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions } from "../../provider/options.ts";
import { entryOf, recordOf, smtpCodeOf, textOf, timeOf } from "../../provider/reading.ts";
import { envelopeName, readTags } from "../../text/tags.ts";
import type { VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent, EventType } from "../../result/delivery-event.ts";
import { standardWebhooksScheme } from "../../webhook/scheme/standard-webhooks.ts";
import { type ResendWebhookOptions, webhookRules } from "./options.ts";

/** https://resend.com/docs/webhooks/event-types (read 2026-11-23). `email.bounced` is decided by its bounce's type. */
const typeByName: Readonly<Record<string, EventType>> = {
  "email.scheduled": "accepted",
  "email.sent": "sent",
  "email.delivered": "delivered",
  "email.delivery_delayed": "deferred",
  "email.complained": "complained",
  "email.opened": "opened",
  "email.clicked": "clicked",
  "email.failed": "failed",
  "email.suppressed": "suppressed",
  // Of an address, and of no message: https://resend.com/docs/webhooks/suppressions/added (read 2026-11-24).
  "suppression.added": "suppressed",
};

function typeOf(name: string, bounceType: unknown): EventType {
  // `Transient` and `Undetermined` leave the address in use.
  if (name === "email.bounced") return bounceType === "Permanent" ? "bounced" : "soft_bounced";
  return entryOf(typeByName, name) ?? "unrecognized";
}

function readEvents(webhook: VerifiedWebhook): readonly DeliveryEvent[] {
  const event = recordOf(webhook.json);
  const providerType = textOf(event["type"]);
  if (providerType === undefined) return [];
  const data = recordOf(event["data"]);
  const bounce = recordOf(data["bounce"]);
  const suppressed = recordOf(data["suppressed"]);
  const diagnostic = bounce["diagnosticCode"] ?? suppressed["diagnosticCode"];
  const tags = recordOf(data["tags"]);
  const to = Array.isArray(data["to"]) ? data["to"] : [];
  const providerMessageId = textOf(data["email_id"]);
  const { headers } = webhook;
  return [
    {
      id: textOf(headers.get("svix-id")) ?? `${providerType}:${providerMessageId}`,
      provider: "resend",
      type: typeOf(providerType, bounce["type"]),
      occurredAt: timeOf(event["created_at"], headers.get("svix-timestamp")),
      ...readCorrelation(readTags(tags)),
      providerMessageId,
      // One webhook is one event, and `to` is the envelope. Of several addresses, cc and bcc included, it does not say
      // which one bounced: naming none is better than suppressing the wrong one.
      address: providerType.startsWith("suppression.")
        ? textOf(data["email"])
        : to.length === 1 && !Object.hasOwn(tags, envelopeName)
          ? textOf(to[0])
          : undefined,
      providerType,
      reason: textOf(bounce["message"] ?? recordOf(data["failed"])["reason"] ?? suppressed["message"]),
      code: smtpCodeOf(Array.isArray(diagnostic) ? diagnostic[0] : diagnostic),
      raw: webhook.json,
    },
  ];
}

/**
 * Receives Resend's webhooks: Svix signatures over the raw body, 5 minutes of tolerance.
 *
 * Errors: throws `ConfigurationError` for a secret that is missing, blank or not base64 after `whsec_`.
 * Source: https://resend.com/docs/webhooks/introduction (read 2026-11-23)
 */
export function resendWebhook(options: ResendWebhookOptions): WebhookSource {
  checkOptions("resendWebhook", options, webhookRules);
  const secrets = [options.secret].flat();
  return {
    id: "resend",
    scheme: standardWebhooksScheme({ secrets, headerPrefix: "svix-" }),
    parse: (webhook) => ({ events: readEvents(webhook) }),
  };
}
