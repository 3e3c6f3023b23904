import type { WebPushMessage } from "../../channels/webpush.ts";
import type { Outcome } from "../../provider/contract.ts";
import { failed, type Meanings } from "../../provider/failure.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { ProviderResponse } from "../../provider/request.ts";

/**
 * By status and the code that some services give with it: Mozilla's `errno`, Apple's `reason`, Microsoft's `X-WNS-Status`.
 *
 * Sources (read 2026-11-23): RFC 8030 sections 5 and 8.4; https://mozilla-services.github.io/autopush-rs/errors.html;
 * https://developer.apple.com/documentation/usernotifications/sending-web-push-notifications-in-web-apps-and-browsers;
 * https://learn.microsoft.com/windows/apps/develop/notifications/push-notifications/push-request-response-headers
 */
const byCode: Meanings = [
  [/^2.. dropped/, "rejected"],
  // Microsoft's words for "too many", beside 429.
  [/^2.. channelthrottled|^406/, "rate-limited"],
  // The subscription has ended. No other answer says so: 401 and 403 are about our keys, or a subscription of other keys.
  [/^4(04|10)/, "recipient-gone", { field: "to" }],
  [/^413/, "invalid-message", { field: "payload" }],
  [/^400 (112|BadTtl)$/, "invalid-message", { field: "ttlSeconds" }],
  [/^400 (113|BadWebPushTopic)$/, "invalid-message", { field: "topic" }],
  // By these, Mozilla's documentation of 503 says that the message may be sent again.
  [/^503 20[12]$/, "unavailable", { notAccepted: true }],
];

/** The outcome of a message. Its id is that of the message resource, where the service gives one. */
export function readPushResponse({ status, headers, json }: ProviderResponse, { to }: WebPushMessage): Outcome {
  const { errno, reason, message } = recordOf(json);
  const code = [headers.get("x-wns-status"), reason, String((errno as number | undefined) ?? "")].find(textOf);
  // 201 in RFC 8030; Mozilla has answered 202, and Microsoft answers 200, whose word may still be another one.
  if (/^20[012] (?!dropped|channelthrottled)/.test(`${status} ${code as string}`)) {
    const id = headers.get("apns-id") ?? headers.get("x-wns-msg-id") ?? headers.get("location")?.split("/").at(-1);
    // A part of the endpoint is a secret, and no id of a message.
    return { ok: true, providerMessageId: id && !to.endpoint.includes(id) ? id : undefined };
  }
  return failed(status, code as string | undefined, message, byCode);
}
