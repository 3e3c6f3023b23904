import { simulatorCredentials } from "../../credentials.ts";
import type { EmailContent } from "../../message.ts";
import type { RouteWebhook, SimulatedEvent } from "../../route.ts";
import { randomBytes, toBase64Url, utf8 } from "../../wire/bytes.ts";
import { lazy } from "../../wire/lazy.ts";

// Sources: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads and securing-webhooks.

const { webhookSigningKey } = simulatorCredentials.mailgun;

function status(code: number, message: string, more: object = {}): object {
  return { "delivery-status": { "attempt-no": 1, code, message, description: "", "session-seconds": 0.5, ...more } };
}

function details(type: SimulatedEvent["type"]): object | undefined {
  const client = {
    ip: "192.0.2.1",
    geolocation: { city: "Unknown", country: "US", region: "Unknown", timezone: "UTC" },
    "client-info": {
      "client-name": "Simulator",
      "client-os": "Unknown",
      "client-type": "browser",
      "device-type": "desktop",
      "user-agent": "Mozilla/5.0 (simulator)",
      bot: null,
    },
  };
  const permanent = { event: "failed", severity: "permanent", "log-level": "error" };
  switch (type) {
    case "sent":
      return { event: "accepted", method: "HTTP" };
    case "delivered":
      return { event: "delivered", ...status(250, "OK", { "enhanced-code": null, tls: true }) };
    case "deferred":
      return {
        event: "failed",
        severity: "temporary",
        "log-level": "warn",
        reason: "generic",
        ...status(451, "4.7.1 greylisted, try again later", { "enhanced-code": "4.7.1", "retry-seconds": 600 }),
      };
    case "bounced": {
      const why = "5.1.1 The email account does not exist.";
      return {
        ...permanent,
        reason: "bounce",
        ...status(550, why, { "enhanced-code": "5.1.1", "bounce-type": "hard" }),
      };
    }
    case "soft_bounced": {
      const why = "5.2.2 The mailbox is full.";
      return {
        ...permanent,
        reason: "generic",
        ...status(552, why, { "enhanced-code": "5.2.2", "bounce-type": "soft" }),
      };
    }
    case "suppressed":
      return {
        ...permanent,
        reason: "suppress-bounce",
        ...status(605, "", { description: "Not delivering to previously bounced address" }),
      };
    case "complained":
      return { event: "complained", "log-level": "warn" };
    case "opened":
      return { event: "opened", ...client };
    case "clicked":
      return { event: "clicked", url: "https://example.com/", ...client };
    case "unsubscribed":
      return { event: "unsubscribed", ...client };
    case "dropped":
      return { event: "rejected", "log-level": "warn", reject: { reason: "Spam content", description: "" } };
    case "failed":
      return { event: "rejected", "log-level": "warn", reject: { reason: "Cannot be sent", description: "" } };
    case "scheduled":
      return undefined;
  }
}

const signingKey = /* @__PURE__ */ lazy(() =>
  crypto.subtle.importKey("raw", utf8(webhookSigningKey), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
);

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The signature covers timestamp and token, which travel in the body beside the event. */
export const webhook: RouteWebhook<EmailContent> = {
  newEventId: () => toBase64Url(randomBytes(16)),
  payload(event, message) {
    const known = details(event.type);
    if (known === undefined) return undefined;
    const { content } = message;
    return {
      id: event.id,
      timestamp: event.atMs / 1000,
      "log-level": "info",
      recipient: event.recipient,
      "recipient-domain": event.recipient.replace(/^.*@/, ""),
      tags: message.tags,
      campaigns: [],
      flags: {
        "is-authenticated": true,
        "is-routed": false,
        "is-system-test": false,
        "is-test-mode": message.extra?.["testMode"] === "yes",
      },
      message: {
        headers: {
          to: content.to.map(({ email }) => email).join(", "),
          "message-id": message.providerMessageId,
          from: content.from.email,
          subject: content.subject,
        },
        attachments: [],
        size: (content.text ?? "").length + (content.html ?? "").length,
      },
      // As PHP writes it: an empty one is a list.
      "user-variables": Object.keys(message.metadata).length === 0 ? [] : message.metadata,
      ...known,
    };
  },
  maxEvents: 1,
  async sign({ payloads, nowMs }) {
    const timestamp = String(Math.floor(nowMs / 1000));
    const token = hex(randomBytes(25));
    const signature = hex(
      new Uint8Array(await crypto.subtle.sign("HMAC", await signingKey(), utf8(timestamp + token))),
    );
    return {
      body: JSON.stringify({ signature: { token, timestamp, signature }, "event-data": payloads[0] }),
      headers: { "content-type": "application/json", "user-agent": "mailgun/treq (carillon simulator)" },
    };
  },
  // 406 means: taken note of, and not wanted again.
  retries: (code) => code === undefined || (code !== 406 && (code < 200 || code > 299)),
};
