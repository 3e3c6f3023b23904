import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions } from "../../provider/options.ts";
import { entryOf, matches, recordOf, smtpCodeOf, textOf, timeOf } from "../../provider/reading.ts";
import type { VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent, EventType } from "../../result/delivery-event.ts";
import { hmacOverTimestampAndTokenScheme } from "../../webhook/scheme/hmac-over-timestamp-and-token.ts";
import { type MailgunWebhookOptions, signingRules, toleranceRules } from "./options.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads (read 2026-11-23). `failed` is decided
 * by more; `stored` is about incoming mail.
 */
const typeByEvent: Readonly<Record<string, EventType>> = {
  accepted: "accepted",
  delivered: "delivered",
  rejected: "failed",
  opened: "opened",
  clicked: "clicked",
  unsubscribed: "unsubscribed",
  complained: "complained",
};

/**
 * What a failure means. Mailgun calls permanent whatever it has given up: a mailbox that does not exist, an address that it
 * has on one of its lists, and also a server that it did not reach in time or that blocks its own, of which the address is
 * no worse. The last try of such a message may be called temporary, with the reason `old`.
 */
function failureType({ severity, reason, "delivery-status": status }: Fields): EventType {
  const { code, "bounce-type": bounceType } = recordOf(status);
  if (matches(/^suppress-/, reason) || code === 605 || code === 606 || code === 607) return "suppressed";
  if (reason === "old" || reason === "espblock") return "soft_bounced";
  if (severity !== "permanent") return severity === "temporary" ? "deferred" : "unrecognized";
  // Older events do not say which kind of bounce it was.
  return (bounceType === undefined ? Math.floor(Number(code) / 100) === 5 : bounceType === "hard")
    ? "bounced"
    : "soft_bounced";
}

function readEvents({ json }: VerifiedWebhook): readonly DeliveryEvent[] {
  const event = recordOf(recordOf(json)["event-data"]);
  const name = textOf(event["event"]);
  if (name === undefined) return [];
  const status = recordOf(event["delivery-status"]);
  const providerMessageId = textOf(recordOf(recordOf(event["message"])["headers"])["message-id"]);
  const address = textOf(event["recipient"]);
  const occurredAt = timeOf(event["timestamp"]);
  const code = status["code"];
  return [
    {
      // Mailgun's id is unique within a day only.
      id: [occurredAt.toISOString().slice(0, 10), textOf(event["id"]) ?? [name, providerMessageId, address]]
        .flat()
        .join(":"),
      provider: "mailgun",
      type: name === "failed" ? failureType(event) : (entryOf(typeByEvent, name) ?? "unrecognized"),
      occurredAt,
      ...readCorrelation(event["user-variables"]),
      providerMessageId,
      address,
      providerType: name,
      reason:
        textOf(status["description"]) ??
        textOf(status["message"]) ??
        textOf(event["reason"]) ??
        textOf(recordOf(event["reject"])["reason"]),
      // Of the text only its own field: addresses of servers look like codes.
      code: smtpCodeOf(status["enhanced-code"]) ?? (typeof code === "number" && code > 0 ? `${code}` : textOf(code)),
      // Without the signature, which would vouch for other events.
      raw: event,
    },
  ];
}

/**
 * Receives Mailgun's webhooks. Its signature covers a timestamp and a token, and nothing of the event: give `receiveWebhook`
 * a `seen`, which recognises a captured one by its token.
 *
 * Errors: throws `ConfigurationError` for a key that is missing or blank.
 * Source: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks (read 2026-11-23)
 */
export function mailgunWebhook(options: MailgunWebhookOptions): WebhookSource {
  checkOptions("mailgunWebhook", options, signingRules, toleranceRules);
  const { signingKey, toleranceSeconds = 32_400 } = options;
  return {
    id: "mailgun",
    scheme: hmacOverTimestampAndTokenScheme({
      secrets: [signingKey].flat(),
      // A subaccount's event is signed with the subaccount's key, and once more with that of the account it belongs to.
      signatureNames: ["signature", "parent-signature"],
      toleranceSeconds,
    }),
    parse: (webhook) => ({ events: readEvents(webhook) }),
  };
}
