import type { ChannelDefinition, Extras, MessageExtras } from "./definition.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { secretAddress } from "./label.ts";
import type { Rule } from "../rule/rule.ts";
import { object, oneOf, optional, text as textOf, value, whole } from "../rule/rules.ts";
import { extras, fillExtras, httpsUrl, jsonObject } from "./common-rules.ts";

/** What `PushSubscription.toJSON()` gives in a browser, and the key that it was made with. */
export interface PushSubscription {
  /** A secret: whoever has it can send. */
  readonly endpoint: string;
  readonly expirationTime?: number | null | undefined;
  readonly keys: { readonly p256dh: string; readonly auth: string };
  /** base64url of the VAPID public key that the browser subscribed with; the first configured one when absent. */
  readonly applicationServerKey?: string | undefined;
}

export interface WebPushInput extends Extras {
  readonly channel: "webpush";
  readonly to: PushSubscription;
  /** Strings and bytes go as they are, everything else as JSON. */
  readonly payload?: unknown;
  /**
   * A declarative notification (`title`, `navigate`, ...), which a browser may show by itself, and which a service worker
   * gets as the JSON `{ web_push: 8030, notification }`; not beside `payload`.
   */
  readonly notification?: Readonly<Record<string, unknown>> | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly urgency?: "very-low" | "low" | "normal" | "high" | undefined;
  /** Replaces an undelivered message of the same topic; up to 32 base64url characters. */
  readonly topic?: string | undefined;
}

export interface WebPushMessage extends MessageExtras {
  readonly channel: "webpush";
  readonly to: PushSubscription;
  readonly payload?: unknown;
  readonly notification?: Readonly<Record<string, unknown>> | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly urgency?: "very-low" | "low" | "normal" | "high" | undefined;
  readonly topic?: string | undefined;
}

/** 65 bytes in base64url: 0x04 comes first (RFC 8291 section 2.1), two trailing bits are zero. */
export const publicKeyRule: Rule<string> = textOf(
  "65 bytes in base64url, an uncompressed P-256 key",
  /^B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]$/,
);

const address = object({
  endpoint: httpsUrl,
  expirationTime: optional(
    value<number | null>("a number or null", (input) => input === null || typeof input === "number"),
  ),
  keys: object({
    p256dh: publicKeyRule,
    auth: textOf("16 bytes in base64url", /^[A-Za-z0-9_-]{21}[AQgw]$/),
  }),
  applicationServerKey: optional(publicKeyRule),
});

const entries = {
  payload: optional(value<unknown>("anything", () => true)),
  notification: optional(jsonObject),
  // RFC 9111 section 1.2.2 caps delta-seconds at 2^31.
  ttlSeconds: optional(whole(0, 2_147_483_648)),
  urgency: optional(oneOf("very-low", "low", "normal", "high")),
  topic: optional(textOf("1 to 32 base64url characters", /^[A-Za-z0-9_-]{1,32}$/)),
  ...extras,
};

const inputRule = object<WebPushInput>({
  channel: oneOf("webpush"),
  to: address,
  ...entries,
});

function toMessage(input: WebPushInput, reject: Reject): WebPushMessage {
  const { to, payload, notification, ttlSeconds, urgency, topic } = input;
  if (payload !== undefined && notification !== undefined) reject("notification", "payload or notification");
  if (!isSendable(payload)) reject("payload", "text, bytes or what JSON can say");
  if (!isSendable(notification)) reject("notification", "what JSON can say");
  return { channel: "webpush", to, payload, notification, ttlSeconds, urgency, topic, ...fillExtras(input, reject) };
}

function isSendable(payload: unknown): boolean {
  try {
    return payload === undefined || payload instanceof Uint8Array || JSON.stringify(payload) !== undefined;
  } catch {
    return false; // A cycle, a bigint.
  }
}

export const webpushChannel: ChannelDefinition<"webpush", WebPushMessage> = {
  id: "webpush",
  normalise: (input) => normaliseWith(inputRule, input, toMessage),
  async addresses({ to }) {
    const { host, pathname } = new URL(to.endpoint);
    // The part that is secret stands last, in the path or in the query.
    const [token = ""] = /[^/?=]+$/.exec(to.endpoint) ?? [];
    const parts = [pathname, token].filter((part) => part.length > 8);
    return [await secretAddress(to.endpoint, host, [to.endpoint, ...parts, to.keys.auth])];
  },
  // A subscription is more than a string, and its payload is encrypted for it alone.
  withRecipient: () => undefined,
};
