import { simulatorCredentials } from "../../credentials.ts";
import type { EmailContent } from "../../message.ts";
import type { RouteWebhook, SimulatedEvent } from "../../route.ts";
import { toBase64, utf8 } from "../../wire/bytes.ts";

const { webhookUsername, webhookPassword } = simulatorCredentials.postmark;

const bounces: Partial<
  Record<
    SimulatedEvent["type"],
    readonly [type: string, code: number, name: string, details: string, inactive: boolean]
  >
> = {
  bounced: ["HardBounce", 1, "Hard bounce", "smtp;550 5.1.1 The email account does not exist.", true],
  soft_bounced: ["SoftBounce", 4096, "Soft bounce", "smtp;452 4.2.2 The mailbox is full.", false],
  deferred: ["Transient", 2, "Message delayed", "smtp;451 4.7.1 greylisted, try again later", false],
  complained: ["SpamComplaint", 100001, "Spam complaint", "", true],
  dropped: ["SMTPApiError", 100007, "SMTP API error", "The content was rejected.", false],
  failed: ["SMTPApiError", 100007, "SMTP API error", "The message could not be sent.", false],
};

function details(event: SimulatedEvent, from: string, subject: string): object | undefined {
  const at = new Date(event.atMs).toISOString();
  const bounce = bounces[event.type];
  if (bounce) {
    const [type, code, name, text, inactive] = bounce;
    return {
      RecordType: event.type === "complained" ? "SpamComplaint" : "Bounce",
      ID: event.atMs,
      Type: type,
      TypeCode: code,
      Name: name,
      Description: name,
      Details: text,
      Email: event.recipient,
      From: from,
      BouncedAt: at,
      DumpAvailable: false,
      Inactive: inactive,
      CanActivate: inactive && event.type !== "complained",
      Subject: subject,
    };
  }
  const engagements: Partial<Record<SimulatedEvent["type"], object>> = {
    delivered: { RecordType: "Delivery", DeliveredAt: at, Details: "smtp;250 2.0.0 OK" },
    opened: { RecordType: "Open", ReceivedAt: at, FirstOpen: true, ReadSeconds: 3, ...client },
    clicked: {
      RecordType: "Click",
      ReceivedAt: at,
      OriginalLink: "https://example.com/",
      ClickLocation: "HTML",
      ...client,
    },
    unsubscribed: {
      RecordType: "SubscriptionChange",
      ChangedAt: at,
      Origin: "Recipient",
      SuppressSending: true,
      SuppressionReason: "ManualSuppression",
    },
  };
  const engagement = engagements[event.type];
  return engagement && { ...engagement, Recipient: event.recipient };
}

/** What opens and clicks tell about the reader. */
const client = {
  Client: { Name: "Simulator", Company: "", Family: "Simulator" },
  OS: { Name: "", Company: "", Family: "" },
  Platform: "Desktop",
  UserAgent: "Mozilla/5.0 (simulator)",
  Geo: {},
};

/** https://postmarkapp.com/developer/webhooks/webhooks-overview. */
export const webhook: RouteWebhook<EmailContent> = {
  newEventId: () => crypto.randomUUID(),
  payload(event, sent) {
    const known = details(event, sent.content.from.email, sent.content.subject);
    if (known === undefined) return undefined;
    return {
      MessageID: sent.providerMessageId,
      ServerID: 1,
      MessageStream: sent.extra?.["stream"] ?? "outbound",
      Tag: sent.tags[0] ?? "",
      Metadata: sent.metadata,
      ...known,
    };
  },
  maxEvents: 1,
  sign({ eventIds, payloads, retriesRemaining }) {
    return Promise.resolve({
      body: JSON.stringify(payloads[0]),
      headers: {
        "content-type": "application/json",
        "user-agent": "Postmark (carillon simulator)",
        authorization: `Basic ${toBase64(utf8(`${webhookUsername}:${webhookPassword}`))}`,
        "x-pm-retries-remaining": String(retriesRemaining),
        "x-pm-webhook-trace-id": eventIds[0] ?? "",
      },
    });
  },
  // Every other 4xx loses the event for good: https://postmarkapp.com/developer/webhooks/webhooks-overview.
  retries: (status) => status === undefined || status >= 500 || status === 408 || status === 429,
};
