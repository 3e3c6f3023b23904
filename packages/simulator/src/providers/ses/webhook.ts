import type { AcceptedMessage, EmailContent } from "../../message.ts";
import type { RouteWebhook, SimulatedEvent } from "../../route.ts";
import { notification, signed, type SnsMessage, subscriptionConfirmation } from "./sns.ts";

// Sources: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html, notification-contents.html.

type Details = readonly [type: string, name: string, details: object];

const bounces: Readonly<
  Record<
    "bounced" | "soft_bounced" | "suppressed",
    readonly [type: string, subType: string, status: string, diagnostic: string]
  >
> = {
  bounced: ["Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"],
  soft_bounced: ["Transient", "MailboxFull", "4.2.2", "smtp; 452 4.2.2 mailbox full"],
  suppressed: [
    "Permanent",
    "OnAccountSuppressionList",
    "5.1.1",
    "Amazon SES did not send the message to this address because it is on the suppression list for your account.",
  ],
};

function detailsOf({ type, recipient: emailAddress, atMs, id }: SimulatedEvent): Details | undefined {
  const timestamp = new Date(atMs).toISOString();
  const client = { ipAddress: "192.0.2.1", timestamp, userAgent: "Mozilla/5.0 (simulator)" };
  const feedbackId = `0102${atMs.toString(16).padStart(12, "0")}-${id}-000000`;
  switch (type) {
    case "scheduled":
      return undefined;
    case "bounced":
    case "soft_bounced":
    case "suppressed": {
      const [bounceType, bounceSubType, status, diagnosticCode] = bounces[type];
      const bouncedRecipients = [{ emailAddress, action: "failed", status, diagnosticCode }];
      return ["Bounce", "bounce", { bounceType, bounceSubType, bouncedRecipients, timestamp, feedbackId }];
    }
    case "sent":
      return ["Send", "send", {}];
    case "delivered":
      return [
        "Delivery",
        "delivery",
        {
          timestamp,
          processingTimeMillis: 500,
          recipients: [emailAddress],
          smtpResponse: "250 2.6.0 Message received",
        },
      ];
    case "deferred": {
      const diagnosticCode = "smtp; 451 4.7.1 greylisted, try again later";
      const delayedRecipients = [{ emailAddress, status: "4.7.1", diagnosticCode }];
      const expirationTime = new Date(atMs + 50_400_000).toISOString();
      return [
        "DeliveryDelay",
        "deliveryDelay",
        { timestamp, delayType: "RecipientServerError", expirationTime, delayedRecipients },
      ];
    }
    case "complained":
      return [
        "Complaint",
        "complaint",
        { complainedRecipients: [{ emailAddress }], timestamp, feedbackId, complaintFeedbackType: "abuse" },
      ];
    case "opened":
      return ["Open", "open", client];
    case "clicked":
      return ["Click", "click", { ...client, link: "https://example.com/", linkTags: null }];
    case "unsubscribed":
      return [
        "Subscription",
        "subscription",
        {
          contactList: "simulator",
          timestamp,
          source: "UnsubscribeHeader",
          newTopicPreferences: { unsubscribeAll: true, topicSubscriptionStatus: [] },
          oldTopicPreferences: { unsubscribeAll: false, topicSubscriptionStatus: [] },
        },
      ];
    case "dropped":
      return ["Reject", "reject", { reason: "Bad content" }];
    case "failed":
      return ["Rendering Failure", "failure", { errorMessage: "Attribute 'name' is not present.", templateName: "" }];
  }
}

/** What an identity tells of messages without a configuration set. */
const feedback: readonly string[] = ["Bounce", "Complaint", "Delivery"];
/** Those that name their recipients; of the others, the plan has one for each. */
const namesRecipients: readonly string[] = [...feedback, "DeliveryDelay"];

function mailOf(
  {
    providerMessageId,
    content,
    receivedAtMs,
    recipients,
  }: AcceptedMessage<EmailContent> & { readonly receivedAtMs: number },
  destination: readonly string[] = recipients,
): object {
  const { email, name } = content.from;
  return {
    timestamp: new Date(receivedAtMs).toISOString(),
    messageId: providerMessageId,
    source: name === undefined ? email : `${name} <${email}>`,
    sourceArn: `arn:aws:ses:eu-west-1:000000000000:identity/${email}`,
    sendingAccountId: "000000000000",
    destination,
  };
}

/** Through SNS, of event publishing where the message has a configuration set, else of the identity's notifications. */
export const webhook: RouteWebhook<EmailContent> = {
  newEventId: () => crypto.randomUUID(),
  payload(event, message): SnsMessage | undefined {
    const found = detailsOf(event);
    if (!found) return undefined;
    const [type, name, details] = found;
    const mail = mailOf(message, namesRecipients.includes(type) ? undefined : [event.recipient]);
    const set = message.extra?.["configurationSet"];
    if (set === undefined) {
      if (!feedback.includes(type)) return undefined;
      return notification(event.id, undefined, { notificationType: type, [name]: details, mail }, event.atMs);
    }
    const tags = Object.entries({ "ses:configuration-set": set, ...message.metadata }).map(([key, value]) => [
      key,
      [value],
    ]);
    const published = { eventType: type, [name]: details, mail: { ...mail, tags: Object.fromEntries(tags) as object } };
    return notification(event.id, "Amazon SES Email Event Notification", published, event.atMs);
  },
  maxEvents: 1,
  sign: ({ payloads }) => signed(payloads[0] as SnsMessage),
  // https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html: client errors are for good.
  retries: (status) => status === undefined || status >= 500 || status === 429,
  confirmation: subscriptionConfirmation,
};
