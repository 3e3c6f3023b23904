import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions } from "../../provider/options.ts";
import { entryOf, matches, recordOf, smtpCodeOf, textOf, timeOf, wordOf } from "../../provider/reading.ts";
import type { VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent, EventType } from "../../result/delivery-event.ts";
import { basicCredentialScheme, headerCredentialScheme } from "../../webhook/scheme/credential.ts";
import { basicRules, headerRules, type PostmarkWebhookOptions } from "./options.ts";

type Fields = Readonly<Record<string, unknown>>;

/** https://postmarkapp.com/developer/webhooks/webhooks-overview (read 2026-11-23). */
const typeByRecord: Readonly<Record<string, EventType>> = {
  Delivery: "delivered",
  SpamComplaint: "complained",
  Open: "opened",
  Click: "clicked",
};

/** https://postmarkapp.com/developer/api/bounce-api#bounce-types (read 2026-11-23). Others are no news of the message. */
const typeByBounce: Readonly<Record<string, EventType>> = {
  HardBounce: "bounced",
  BadEmailAddress: "bounced",
  ManuallyDeactivated: "suppressed",
  Transient: "deferred",
  SoftBounce: "soft_bounced",
  DnsError: "soft_bounced",
  Blocked: "soft_bounced",
  SpamNotification: "soft_bounced",
  DMARCPolicy: "soft_bounced",
  Unknown: "soft_bounced",
  VirusNotification: "soft_bounced",
  ChallengeVerification: "soft_bounced",
  SpamComplaint: "complained",
  Unsubscribe: "unsubscribed",
  SMTPApiError: "failed",
  TemplateRenderingFailed: "failed",
};

function typeOf(record: string, fields: Fields): EventType {
  if (record === "Bounce") {
    const type = entryOf(typeByBounce, textOf(fields["Type"])) ?? "unrecognized";
    // Postmark has given the address up, however soft this bounce was.
    return type === "soft_bounced" && fields["Inactive"] === true ? "bounced" : type;
  }
  if (record === "SubscriptionChange") {
    if (fields["SuppressSending"] !== true) return "unrecognized";
    // A bounce or complaint that put the address on the list has a webhook of its own.
    return matches(/^(HardBounce|SpamComplaint)$/, fields["SuppressionReason"]) ? "suppressed" : "unsubscribed";
  }
  return entryOf(typeByRecord, record) ?? "unrecognized";
}

/**
 * Made of what the body says, so that a retry, and a webhook set up twice, give the same id. Only what says too little is
 * named by Postmark's trace id, which is the same for all retries of one webhook.
 */
function idOf(record: string, fields: Fields, address: string | undefined, headers: Headers): string {
  const time = fields["DeliveredAt"] ?? fields["BouncedAt"] ?? fields["ReceivedAt"] ?? fields["ChangedAt"];
  const bounceId = wordOf(fields["ID"]);
  const message = textOf(fields["MessageID"]);
  const trace = textOf(headers.get("x-pm-webhook-trace-id"));
  const parts =
    bounceId !== undefined
      ? [bounceId]
      : (message !== undefined && time !== undefined) || trace === undefined
        ? [message, address, time, fields["OriginalLink"]]
        : [trace, message, address];
  return [record, ...parts].map(wordOf).filter(Boolean).join(":");
}

function readEvents({ json, headers }: VerifiedWebhook): readonly DeliveryEvent[] {
  const fields = recordOf(json);
  const record = textOf(fields["RecordType"]);
  if (record === undefined) return [];
  // `Email` in bounces and complaints, `Recipient` elsewhere.
  const address = textOf(fields["Email"]) ?? textOf(fields["Recipient"]);
  const bounceType = record === "Bounce" ? textOf(fields["Type"]) : undefined;
  const details = textOf(fields["Details"]);
  return [
    {
      id: idOf(record, fields, address, headers),
      provider: "postmark",
      type: typeOf(record, fields),
      occurredAt: timeOf(fields["DeliveredAt"], fields["BouncedAt"], fields["ReceivedAt"], fields["ChangedAt"]),
      ...readCorrelation(fields["Metadata"]),
      providerMessageId: textOf(fields["MessageID"]),
      address,
      providerType: bounceType ?? record,
      reason: details ?? textOf(fields["Description"]) ?? textOf(fields["SuppressionReason"]),
      code: smtpCodeOf(details),
      raw: json,
    },
  ];
}

/**
 * Receives Postmark's webhooks, known by Basic credentials in the URL or by a custom header: there is no signature.
 *
 * Errors: throws `ConfigurationError` for a credential that is missing or blank.
 * Source: https://postmarkapp.com/developer/webhooks/webhooks-overview (read 2026-11-23)
 */
export function postmarkWebhook(options: PostmarkWebhookOptions): WebhookSource {
  checkOptions("postmarkWebhook", options, "header" in recordOf(options) ? headerRules : basicRules);
  return {
    id: "postmark",
    scheme:
      "header" in options
        ? headerCredentialScheme({ header: options.header, values: [options.value].flat() })
        : basicCredentialScheme({
            pairs: [options.password].flat().map((password) => ({ username: options.username, password })),
          }),
    parse: (webhook) => ({ events: readEvents(webhook) }),
  };
}
