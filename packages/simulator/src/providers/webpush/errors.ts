import type { PushService } from "../../push/services.ts";
import type { Answer } from "../../route.ts";

/** All that the push services refuse here. */
export type PushError =
  | "unknown-endpoint"
  | "gone"
  | "method"
  | "ttl-missing"
  | "ttl"
  | "urgency"
  | "topic"
  | "encoding"
  | "no-credentials"
  | "bad-credentials"
  | "other-key"
  | "too-large"
  | "too-many"
  | "down";

/** RFC 8030 sections 5 and 7.3, RFC 8292 section 4.2. */
const statuses: Readonly<Record<PushError, number>> = {
  "unknown-endpoint": 404,
  gone: 410,
  method: 405,
  "ttl-missing": 400,
  ttl: 400,
  urgency: 400,
  topic: 400,
  encoding: 400,
  "no-credentials": 401,
  "bad-credentials": 403,
  "other-key": 403,
  "too-large": 413,
  "too-many": 429,
  down: 503,
};

/** https://github.com/mozilla-services/autopush-rs `docs/src/errors.md`: `errno`, and a status where it is another one. */
const mozilla: Readonly<Record<PushError, readonly [errno: number, message: string, status?: number]>> = {
  "unknown-endpoint": [102, "Invalid URL endpoint"],
  gone: [106, "Invalid subscription"],
  method: [999, "Unknown error"],
  "ttl-missing": [111, "Missing TTL Header"],
  ttl: [112, "Invalid TTL header value"],
  urgency: [114, "Invalid Urgency header value"],
  topic: [113, "Invalid Topic header value"],
  encoding: [110, "Invalid crypto keys specified"],
  "no-credentials": [109, "Invalid authentication"],
  "bad-credentials": [109, "Invalid authentication", 401],
  "other-key": [109, "Invalid authentication", 401],
  "too-large": [104, "Data payload too large"],
  "too-many": [201, "Use exponential back-off for retries"],
  down: [201, "Use exponential back-off for retries"],
};

/** https://developer.apple.com/documentation/usernotifications/sending-web-push-notifications-in-web-apps-and-browsers */
const apple: Readonly<Record<PushError, readonly [reason: string, status?: number]>> = {
  "unknown-endpoint": ["BadPath"],
  gone: ["Unregistered"],
  method: ["MethodNotAllowed"],
  "ttl-missing": ["BadTtl"],
  ttl: ["BadTtl"],
  urgency: ["BadUrgency"],
  topic: ["BadWebPushTopic"],
  encoding: ["BadWebPushRequest"],
  "no-credentials": ["BadJwtToken", 403],
  "bad-credentials": ["BadJwtToken"],
  "other-key": ["VapidPkHashMismatch"],
  "too-large": ["PayloadTooLarge"],
  "too-many": ["TooManyRequests"],
  down: ["ServiceUnavailable"],
};

/** What Google's says, where it says more than the status. */
const google: Readonly<Partial<Record<PushError, string>>> = {
  "unknown-endpoint": "push subscription has unsubscribed or expired.\n",
  gone: "push subscription has unsubscribed or expired.\n",
  "other-key":
    "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n",
};

/** In the words of the service that is asked. */
export function pushAnswer(service: PushService, error: PushError, retryAfterSeconds?: number): Answer {
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  const status = statuses[error];
  switch (service) {
    case "firefox": {
      const [errno, message, own = status] = mozilla[error];
      return { status: own, headers, body: { code: own, errno, error: error.replaceAll("-", " "), message } };
    }
    case "safari": {
      const [reason, own = status] = apple[error];
      return { status: own, headers: { "apns-id": crypto.randomUUID(), ...headers }, body: { reason } };
    }
    case "edge": {
      const ttl: Readonly<Record<string, string>> =
        error === "ttl" ? { "x-wns-error-description": "Ttl value conflicts with X-WNS-Cache-Policy." } : {};
      return { status, headers: { "x-wns-status": "dropped", ...ttl, ...headers } };
    }
    case "chromium":
    case "simulator":
      return {
        status,
        headers: { "content-type": "text/plain; charset=utf-8", ...headers },
        body: google[error] ?? "",
      };
  }
}
