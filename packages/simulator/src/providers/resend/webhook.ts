import { simulatorCredentials } from "../../credentials.ts";
import type { EmailContent } from "../../message.ts";
import type { RouteWebhook } from "../../route.ts";
import { fromBase64, randomBytes, toBase64, toBase64Url, utf8 } from "../../wire/bytes.ts";
import { lazy } from "../../wire/lazy.ts";

const { webhookSecret } = simulatorCredentials.resend;

const eventNames: Partial<Record<string, string>> = {
  scheduled: "email.scheduled",
  sent: "email.sent",
  deferred: "email.delivery_delayed",
  delivered: "email.delivered",
  opened: "email.opened",
  clicked: "email.clicked",
  soft_bounced: "email.bounced",
  bounced: "email.bounced",
  complained: "email.complained",
  suppressed: "email.suppressed",
  dropped: "email.failed",
  failed: "email.failed",
};

function details(type: string, at: string): object {
  const userAgent = "Mozilla/5.0 (simulator)";
  switch (type) {
    case "bounced":
      return {
        bounce: {
          message: "The recipient's email provider said that the address does not exist.",
          type: "Permanent",
          subType: "General",
          diagnosticCode: ["smtp; 550 5.1.1 user unknown"],
        },
      };
    case "soft_bounced":
      return {
        bounce: {
          message: "The recipient's mailbox is full.",
          type: "Transient",
          subType: "MailboxFull",
          diagnosticCode: ["smtp; 452 4.2.2 mailbox full"],
        },
      };
    case "clicked":
      return { click: { ipAddress: "192.0.2.1", link: "https://example.com/", timestamp: at, userAgent } };
    case "dropped":
      return { failed: { reason: "content_rejected" } };
    case "failed":
      return { failed: { reason: "reached_daily_quota" } };
    case "suppressed":
      return {
        suppressed: {
          message: "The address bounced before.",
          type: "OnAccountSuppressionList",
          reason: "previous_bounce",
        },
      };
    default:
      return {};
  }
}

const signingKey = /* @__PURE__ */ lazy(() =>
  crypto.subtle.importKey(
    "raw",
    fromBase64(webhookSecret.slice("whsec_".length)),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  ),
);

/** https://resend.com/docs/dashboard/webhooks/introduction, signed as https://docs.svix.com/receiving/verifying-payloads/how-manual says. */
export const webhook: RouteWebhook<EmailContent> = {
  newEventId: () => `msg_${toBase64Url(randomBytes(20))}`,
  payload(event, message) {
    const type = eventNames[event.type];
    if (type === undefined) return undefined;
    const at = new Date(event.atMs).toISOString();
    const { content } = message;
    const from = content.from.name === undefined ? content.from.email : `${content.from.name} <${content.from.email}>`;
    return {
      type,
      created_at: at,
      data: {
        email_id: message.providerMessageId,
        created_at: new Date(message.receivedAtMs).toISOString(),
        from,
        to: [event.recipient],
        subject: content.subject,
        message_id: `<${message.providerMessageId}@simulator.test>`,
        ...(Object.keys(message.metadata).length > 0 && { tags: message.metadata }),
        ...(content.headers.length > 0 && { headers: content.headers.map(([name, value]) => ({ name, value })) }),
        ...details(event.type, at),
      },
    };
  },
  maxEvents: 1,
  async sign({ eventIds, payloads, nowMs }) {
    const [id, payload] = [eventIds[0] ?? "", payloads[0]];
    const body = JSON.stringify(payload);
    const timestamp = String(Math.floor(nowMs / 1000));
    const mac = await crypto.subtle.sign("HMAC", await signingKey(), utf8(`${id}.${timestamp}.${body}`));
    return {
      body,
      headers: {
        "content-type": "application/json",
        "user-agent": "Svix-Webhooks/1.0 (carillon simulator)",
        "svix-id": id,
        "svix-timestamp": timestamp,
        "svix-signature": `v1,${toBase64(new Uint8Array(mac))}`,
      },
    };
  },
  retries: () => true,
};
