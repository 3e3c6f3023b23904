import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions } from "../../provider/options.ts";
import { entryOf, recordOf, textOf, wordOf } from "../../provider/reading.ts";
import type { VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent, EventType } from "../../result/delivery-event.ts";
import { formFields, hmacOverUrlAndFieldsScheme } from "../../webhook/scheme/hmac-over-url-and-fields.ts";
import { bodyHashParameter } from "./callback-url.ts";
import { publicUrlRules, tokenRules, type TwilioWebhookOptions } from "./options.ts";

type Fields = Readonly<Record<string, unknown>>;

/** https://www.twilio.com/docs/messaging/api/message-resource#message-status-values (read 2026-11-23). */
const typeByStatus: Readonly<Record<string, EventType>> = {
  accepted: "accepted",
  scheduled: "accepted",
  queued: "accepted",
  sending: "accepted",
  sent: "sent",
  delivered: "delivered",
  read: "opened",
  undelivered: "soft_bounced",
  failed: "failed",
  canceled: "failed",
};

/**
 * What an `ErrorCode` says that `undelivered` and `failed` alone do not.
 * https://www.twilio.com/docs/messaging/guides/debugging-tools#error-codes (read 2026-11-23)
 */
const typeByCode: readonly (readonly [codes: RegExp, type: EventType])[] = [
  // Unknown or no longer in service; a landline; no mobile number; not on this channel.
  [/^(30005|30006|21211|21614|21635|63003)$/, "bounced"],
  // Blocked by or for the recipient: a STOP, a carrier's list, a block in the app.
  [/^(21610|30004|63014)$/, "suppressed"],
  // Handset off, queue full, carrier congested, reason unknown: another time it may be reached.
  [/^(30001|30003|30008|30009|30017|30022|30023|30027|30410)$/, "soft_bounced"],
  // Account, sender or content: filtered, not registered, not verified, too dear.
  [/^(30002|30007|30010|30011|30019|30024|30032|30033|30034|30035|30036|30450)$/, "failed"],
];

function typeOf(status: string, code: string | undefined): EventType {
  const type = entryOf(typeByStatus, status) ?? "unrecognized";
  const isFailing = type === "soft_bounced" || type === "failed";
  return (isFailing && typeByCode.find(([codes]) => codes.test(code ?? ""))?.[1]) || type;
}

/** The body is a form, unless its hash in the URL says that it may be something else. */
function fieldsOf({ body, json }: VerifiedWebhook, query: URLSearchParams): Fields {
  const isHashed = query.has(bodyHashParameter);
  return isHashed && json !== undefined ? recordOf(json) : Object.fromEntries(formFields(body));
}

function readEvents(webhook: VerifiedWebhook): readonly DeliveryEvent[] {
  const query = new URLSearchParams(/\?([^#]*)/.exec(webhook.url)?.[1]);
  const fields = fieldsOf(webhook, query);
  const providerMessageId = textOf(fields["MessageSid"]) ?? textOf(fields["SmsSid"]);
  const status = textOf(fields["MessageStatus"]) ?? textOf(fields["SmsStatus"]);
  if (!providerMessageId || !status) return [];
  query.delete(bodyHashParameter);
  // Zero and absent say the same: no error.
  const code = /^[1-9]\d{4}$/.exec(wordOf(fields["ErrorCode"]) ?? "")?.[0];
  // A message that came in: with advanced opt-out on, Twilio says that it was a STOP.
  const isStop = status === "received" && fields["OptOutType"] === "STOP";
  return [
    {
      id: [providerMessageId, status, code].filter(Boolean).join(":"),
      provider: "twilio",
      type: isStop ? "unsubscribed" : typeOf(status, code),
      // Twilio does not say when: the epoch stands for that, as everywhere.
      occurredAt: new Date(0),
      ...readCorrelation(Object.fromEntries(query)),
      providerMessageId,
      address: textOf(fields[status === "received" ? "From" : "To"]),
      providerType: status,
      reason: textOf(fields["ErrorMessage"]),
      code,
      raw: fields,
    },
  ];
}

/**
 * Receives Twilio's status callbacks, and its webhooks of incoming messages. The signature covers the URL that Twilio called
 * and the form's fields, or the whole body where the URL carries its hash.
 *
 * Errors: throws `ConfigurationError` for a token that is missing or blank, or a public URL that is none.
 * Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security (read 2026-11-23)
 */
export function twilioWebhook(options: TwilioWebhookOptions): WebhookSource {
  checkOptions("twilioWebhook", options, tokenRules, publicUrlRules);
  return {
    id: "twilio",
    scheme: hmacOverUrlAndFieldsScheme({
      secrets: [options.authToken].flat(),
      signatureHeader: "x-twilio-signature",
      publicUrl: options.publicUrl,
      bodyHashParameter,
    }),
    parse: (webhook) => ({ events: readEvents(webhook) }),
  };
}
