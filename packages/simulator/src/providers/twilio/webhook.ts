import { simulatorCredentials } from "../../credentials.ts";
import type { SmsContent } from "../../message.ts";
import type { SimulatedEventType } from "../../outcome.ts";
import type { RouteWebhook } from "../../route.ts";
import { randomBytes, toBase64, utf8 } from "../../wire/bytes.ts";
import { lazy } from "../../wire/lazy.ts";

const { accountSid, authToken } = simulatorCredentials.twilio;

export function newSid(prefix: string): string {
  return prefix + Array.from(randomBytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface Report {
  readonly status: string;
  readonly errorCode?: string;
}

/** Codes of https://www.twilio.com/docs/messaging/guides/debugging-tools. A text message is not deferred, opened, clicked or complained of. */
const reports: Readonly<Partial<Record<SimulatedEventType, Report>>> = {
  sent: { status: "sent" },
  delivered: { status: "delivered" },
  // No such number.
  bounced: { status: "undelivered", errorCode: "30005" },
  // The handset is off.
  soft_bounced: { status: "undelivered", errorCode: "30003" },
  // The recipient has sent STOP before.
  suppressed: { status: "failed", errorCode: "21610" },
  // Filtered by the carrier.
  dropped: { status: "undelivered", errorCode: "30007" },
  // The number is not registered for A2P.
  failed: { status: "failed", errorCode: "30034" },
};

const signingKey = /* @__PURE__ */ lazy(() =>
  crypto.subtle.importKey("raw", utf8(authToken), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]),
);

/**
 * https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks, signed as
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security says: nothing is reported of a message without a
 * `StatusCallback`.
 */
export const webhook: RouteWebhook<SmsContent> = {
  newEventId: () => crypto.randomUUID(),
  payload({ type, recipient }, { providerMessageId, content, extra, webhookUrl }) {
    if (webhookUrl === undefined) return undefined;
    if (type === "unsubscribed") return incomingStop(recipient, content.from);
    const report = reports[type];
    if (report === undefined) return undefined;
    const { status, errorCode } = report;
    return {
      ...(errorCode !== undefined && { ErrorCode: errorCode }),
      SmsSid: providerMessageId,
      SmsStatus: status,
      MessageStatus: status,
      To: recipient,
      ...(extra?.["messagingServiceSid"] && { MessagingServiceSid: extra["messagingServiceSid"] }),
      MessageSid: providerMessageId,
      AccountSid: accountSid,
      From: content.from,
      ApiVersion: "2010-04-01",
    };
  },
  maxEvents: 1,
  async sign({ eventIds, payloads, url }) {
    const fields = Object.entries(payloads[0] as Readonly<Record<string, string>>);
    // The fragment holds settings of the call, and is not part of it.
    const [called = ""] = url.split("#");
    const sorted = fields.toSorted(([a], [b]) => (a < b ? -1 : 1)).flat();
    const mac = await crypto.subtle.sign("HMAC", await signingKey(), utf8(called + sorted.join("")));
    return {
      body: new URLSearchParams(fields).toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "user-agent": "TwilioProxy/1.1 (carillon simulator)",
        "i-twilio-idempotency-token": eventIds[0] ?? "",
        "x-twilio-signature": toBase64(new Uint8Array(mac)),
      },
    };
  },
  // Twilio tries again where no connection came about, and not after a status, unless the URL's fragment asks for it.
  retries: (status) => status === undefined,
};

/**
 * The recipient answers STOP, and advanced opt-out says so: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out.
 * The number's own webhook is taken to be where the message's callbacks go.
 */
function incomingStop(recipient: string, number: string): object {
  const sid = newSid("SM");
  return {
    ToCountry: "US",
    SmsMessageSid: sid,
    NumMedia: "0",
    SmsSid: sid,
    SmsStatus: "received",
    Body: "STOP",
    OptOutType: "STOP",
    To: number,
    NumSegments: "1",
    MessageSid: sid,
    AccountSid: accountSid,
    From: recipient,
    ApiVersion: "2010-04-01",
  };
}
