import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions, secrets } from "../../provider/options.ts";
import { entryOf, matches, recordOf, smtpCodeOf, textOf, timeOf } from "../../provider/reading.ts";
import type { ParsedWebhook, VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent, EventType } from "../../result/delivery-event.ts";
import { readTags } from "../../text/tags.ts";
import { snsConfirmation, snsScheme } from "../../webhook/scheme/sns.ts";

export interface SesWebhookOptions {
  /** `arn:aws:sns:eu-west-1:123456789012:ses-events`; a list where there are several. Messages of no other topic are taken. */
  readonly topicArns: string | readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** SES has the address on a list of its own, and has not tried. */
const isListed = /^(Suppressed|OnAccountSuppressionList|UnsubscribedRecipient)$/;

/** Subscribed to nothing, or to a topic less than before. */
function isOptOut({ newTopicPreferences, oldTopicPreferences }: Fields): boolean {
  const [now, before] = [recordOf(newTopicPreferences), recordOf(oldTopicPreferences)];
  return now["unsubscribeAll"] === true || optOuts(now).some((name) => !optOuts(before).includes(name));
}

function optOuts(preferences: Fields): readonly unknown[] {
  return listOf(preferences["topicSubscriptionStatus"])
    .map(recordOf)
    .flatMap(({ topicName, subscriptionStatus }) => (subscriptionStatus === "OptOut" ? [topicName] : []));
}

/** Under which name the details stand, where in these those whom it is about ("": one reader of the message), and the type. */
type Kind = readonly [details: string, recipients: string | undefined, type: EventType];

/**
 * What of `Bounce`, `Complaint` and `Subscription` is not decided here, is by {@link typeOf}.
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html (read 2026-11-23)
 */
const kinds: Readonly<Record<string, Kind>> = {
  Send: ["send", undefined, "sent"],
  Delivery: ["delivery", "recipients", "delivered"],
  DeliveryDelay: ["deliveryDelay", "delayedRecipients", "deferred"],
  Bounce: ["bounce", "bouncedRecipients", "bounced"],
  Complaint: ["complaint", "complainedRecipients", "complained"],
  Reject: ["reject", undefined, "failed"],
  "Rendering Failure": ["failure", undefined, "failed"],
  Open: ["open", "", "opened"],
  Click: ["click", "", "clicked"],
  Subscription: ["subscription", "", "unsubscribed"],
};

function typeOf(type: EventType, details: Fields): EventType {
  if (matches(isListed, details["bounceSubType"] ?? details["complaintSubType"])) return "suppressed";
  // `Transient` and `Undetermined` leave the address in use.
  if (type === "bounced" && details["bounceType"] !== "Permanent") return "soft_bounced";
  // `not-spam` takes an earlier complaint back.
  const isNone = type === "unsubscribed" ? !isOptOut(details) : details["complaintFeedbackType"] === "not-spam";
  return isNone ? "unrecognized" : type;
}

/** Where details say why, the most telling first. */
const reasonNames: readonly string[] = [
  "reason",
  "errorMessage",
  "delayType",
  "bounceSubType",
  "complaintFeedbackType",
];

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Those whom the event is about: texts, or objects with more about each. Without a list of its own it is about the whole
 * message, `mail.destination`. What one reader did (`recipients` is empty) names nobody: of several it may be any.
 */
function recipientsOf(
  recipients: string | undefined,
  details: Fields,
  destination: readonly unknown[],
): readonly Fields[] {
  const only = destination.length === 1 ? destination : [];
  const found = recipients === undefined ? destination : recipients ? listOf(details[recipients]) : only;
  const byAddress = new Map<unknown, Fields>();
  for (const each of found) {
    const recipient = typeof each === "string" ? { emailAddress: each } : recordOf(each);
    if (textOf(recipient["emailAddress"])) byAddress.set(recipient["emailAddress"], recipient);
  }
  return byAddress.size ? [...byAddress.values()] : [{}];
}

function readMessage(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    // Not everything on a topic is an event: SES tries it out with a sentence.
    return undefined;
  }
}

/** Only what SNS has signed is read of the envelope. */
function readEvents({ MessageId, Message, Timestamp }: Fields): readonly DeliveryEvent[] {
  const raw = readMessage(Message);
  const event = recordOf(raw);
  // Of a configuration set, or of an identity's own notifications, which know fewer events and no tags.
  const providerType = textOf(event["eventType"]) ?? textOf(event["notificationType"]);
  if (providerType === undefined) return [];
  const [name, recipients, type = "unrecognized"] = entryOf(kinds, providerType) ?? [];
  const details = recordOf(event[name ?? ""]);
  const mail = recordOf(event["mail"]);
  // Each tag has a list of values; ours have one.
  const tags = Object.entries(recordOf(mail["tags"])).map(([name, values]) => [name, listOf(values)[0]]);
  return recipientsOf(recipients, details, listOf(mail["destination"])).map((recipient) => {
    const address = textOf(recipient["emailAddress"]);
    const diagnostic = recipient["diagnosticCode"];
    return {
      id: [MessageId, address].filter(Boolean).join(":"),
      provider: "ses",
      type: typeOf(type, details),
      occurredAt: timeOf(details["timestamp"], mail["timestamp"], Timestamp),
      ...readCorrelation(readTags(Object.fromEntries(tags))),
      providerMessageId: textOf(mail["messageId"]),
      address,
      providerType,
      reason: [diagnostic, ...reasonNames.map((name) => details[name])].map(textOf).find(Boolean),
      code: smtpCodeOf(recipient["status"]) ?? smtpCodeOf(diagnostic),
      raw,
    };
  });
}

function parse({ json }: VerifiedWebhook): ParsedWebhook {
  const envelope = recordOf(json);
  return {
    events: envelope["Type"] === "Notification" ? readEvents(envelope) : [],
    confirm: snsConfirmation(envelope),
  };
}

/**
 * Receives what SES tells an SNS topic, of configuration sets (event publishing) and of identities (feedback notifications).
 * A new subscription comes as `confirm`, a request that the caller performs; the end of one is acknowledged.
 *
 * A complaint names everybody at the domain that it came from, as most providers do not say who complained.
 *
 * Errors: throws `ConfigurationError` for ARNs that are missing, or no topic's.
 * Source: https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity.html (read 2026-11-23)
 */
export function sesWebhook(options: SesWebhookOptions): WebhookSource {
  checkOptions("sesWebhook", options, { topicArns: secrets });
  return { id: "ses", scheme: snsScheme({ topicArns: [options.topicArns].flat() }), parse };
}
