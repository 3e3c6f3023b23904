import { simulatorCredentials } from "../../credentials.ts";
import type { EmailContent } from "../../message.ts";
import type { RouteWebhook, SimulatedEvent } from "../../route.ts";
import { fromBase64, randomBytes, toBase64, toBase64Url, utf8 } from "../../wire/bytes.ts";
import { derSignature } from "../../wire/der.ts";
import { lazy } from "../../wire/lazy.ts";

const { webhookPrivateKey } = simulatorCredentials.sendgrid;

function details(type: SimulatedEvent["type"]): object | undefined {
  const client = { ip: "192.0.2.1", useragent: "Mozilla/5.0 (simulator)" };
  switch (type) {
    case "sent":
      return { event: "processed" };
    case "delivered":
      return { event: "delivered", response: "250 2.0.0 OK", tls: 1 };
    case "deferred":
      return { event: "deferred", response: "451 4.7.1 greylisted, try again later", attempt: "1" };
    case "bounced":
      return {
        event: "bounce",
        type: "bounce",
        status: "5.1.1",
        reason: "550 5.1.1 The email account does not exist.",
        bounce_classification: "Invalid Address",
        tls: 1,
      };
    case "soft_bounced":
      return {
        event: "bounce",
        type: "blocked",
        status: "4.2.2",
        reason: "452 4.2.2 The mailbox is full.",
        bounce_classification: "Mailbox Unavailable",
        tls: 1,
      };
    case "complained":
      return { event: "spamreport" };
    case "opened":
      return { event: "open", sg_machine_open: false, ...client };
    case "clicked":
      return { event: "click", url: "https://example.com/", url_offset: { index: 0, type: "html" }, ...client };
    case "unsubscribed":
      return { event: "unsubscribe" };
    case "suppressed":
      return { event: "dropped", reason: "Bounced Address", status: "5.0.0" };
    case "dropped":
      return { event: "dropped", reason: "Spam Content" };
    case "failed":
      return { event: "dropped", reason: "Invalid" };
    case "scheduled":
      return undefined;
  }
}

const signingKey = /* @__PURE__ */ lazy(() =>
  crypto.subtle.importKey("pkcs8", fromBase64(webhookPrivateKey), { name: "ECDSA", namedCurve: "P-256" }, false, [
    "sign",
  ]),
);

/** Events: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event, signature: getting-started-event-webhook-security-features there. */
export const webhook: RouteWebhook<EmailContent> = {
  newEventId: () => toBase64Url(randomBytes(24)),
  payload(event, message) {
    const known = details(event.type);
    if (known === undefined) return undefined;
    const [category] = message.tags;
    return {
      // Custom args lie flat beside the event's own fields, which win.
      ...message.metadata,
      email: event.recipient,
      timestamp: Math.floor(event.atMs / 1000),
      "smtp-id": `<${message.providerMessageId}@simulator.test>`,
      sg_event_id: event.id,
      sg_message_id: `${message.providerMessageId}.filterdsimulator-0-0-0.0`,
      ...(category !== undefined && { category: message.tags.length === 1 ? category : message.tags }),
      ...known,
    };
  },
  maxEvents: 1000,
  async sign({ payloads, nowMs }) {
    const body = `[${payloads.map((payload) => JSON.stringify(payload)).join(",\r\n")}]\r\n`;
    const timestamp = String(Math.floor(nowMs / 1000));
    const raw = await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      await signingKey(),
      utf8(timestamp + body),
    );
    return {
      body,
      headers: {
        "content-type": "application/json",
        "user-agent": "SendGrid Event API (carillon simulator)",
        "x-twilio-email-event-webhook-signature": toBase64(derSignature(new Uint8Array(raw))),
        "x-twilio-email-event-webhook-timestamp": timestamp,
      },
    };
  },
  retries: () => true,
};
