import type { Extras, MessageExtras } from "./channel.ts";

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
