import {
  integer,
  literal,
  maxValue,
  minValue,
  nullable,
  number,
  optional,
  picklist,
  pipe,
  regex,
  strictObject,
  string,
  unknown,
} from "valibot";
import type { GenericSchema } from "valibot";
import type { Channel, Extras, MessageExtras } from "./channel.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { secretAddress } from "./label.ts";
import { extras, fillExtras, httpsUrl, jsonObject } from "./schemas.ts";

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
  /** Declarative Web Push notification; not beside `payload`. */
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

// 65 bytes in base64url, an uncompressed P-256 point: 0x04 comes first (RFC 8291 section 2.1), two trailing bits are zero.
const publicKey = /* @__PURE__ */ pipe(
  string(),
  regex(/^B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]$/, "expected 65 bytes in base64url, an uncompressed P-256 key"),
);

const address = /* @__PURE__ */ strictObject({
  endpoint: httpsUrl,
  expirationTime: optional(nullable(number())),
  keys: strictObject({
    p256dh: publicKey,
    auth: pipe(string(), regex(/^[A-Za-z0-9_-]{21}[AQgw]$/, "expected 16 bytes in base64url")),
  }),
  applicationServerKey: optional(publicKey),
});

const entries = {
  payload: /* @__PURE__ */ optional(unknown()),
  notification: /* @__PURE__ */ optional(jsonObject),
  // RFC 9111 section 1.2.2 caps delta-seconds at 2^31.
  ttlSeconds: /* @__PURE__ */ optional(
    pipe(number(), integer("expected whole seconds"), minValue(0), maxValue(2_147_483_648)),
  ),
  urgency: /* @__PURE__ */ optional(picklist(["very-low", "low", "normal", "high"])),
  topic: /* @__PURE__ */ optional(
    pipe(string(), regex(/^[A-Za-z0-9_-]{1,32}$/, "expected 1 to 32 base64url characters")),
  ),
  ...extras,
};

const inputSchema: GenericSchema<WebPushInput> = /* @__PURE__ */ strictObject({
  channel: literal("webpush"),
  to: address,
  ...entries,
});

function toMessage(input: WebPushInput, reject: Reject): WebPushMessage {
  const { to, payload, notification, ttlSeconds, urgency, topic } = input;
  if (payload !== undefined && notification !== undefined) reject("notification", "expected payload or notification");
  if (!isSendable(payload)) reject("payload", "expected text, bytes or what JSON can say");
  if (!isSendable(notification)) reject("notification", "expected what JSON can say");
  return { channel: "webpush", to, payload, notification, ttlSeconds, urgency, topic, ...fillExtras(input, reject) };
}

function isSendable(payload: unknown): boolean {
  try {
    return payload === undefined || payload instanceof Uint8Array || JSON.stringify(payload) !== undefined;
  } catch {
    return false; // A cycle, a bigint.
  }
}

export const webpushChannel: Channel<"webpush"> = {
  id: "webpush",
  address,
  content: /* @__PURE__ */ strictObject(entries),
  normalise: (input) => normaliseWith(inputSchema, input, toMessage),
  async addresses({ to }) {
    const { host, pathname } = new URL(to.endpoint);
    return [
      await secretAddress(to.endpoint, host, [to.endpoint, ...(pathname.length > 8 ? [pathname] : []), to.keys.auth]),
    ];
  },
  // A subscription is more than a string, and its payload is encrypted for it alone.
  withRecipient: () => undefined,
};
