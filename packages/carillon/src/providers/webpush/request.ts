import { fromBase64Url } from "../../crypto/bytes.ts";
import type { Provider, ProviderFailure } from "../../provider/contract.ts";
import { refusal, refused } from "../../provider/message.ts";
import { createRecall } from "../../provider/recall.ts";
import { problemsOf } from "../../rule/rule.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { notificationRule } from "./declarative.ts";
import { encryptPush, importReceiverKey, maxPayloadBytes, senderKeySupply } from "./encrypt.ts";
import { messageRules, type WebPushMessageOptions, type WebPushOptions } from "./options.ts";
import { pushPayload } from "./payload.ts";
import { notOnCurve, wayTo } from "./subscription.ts";
import { vapidToken } from "./vapid.ts";

/**
 * Makes what builds the requests of one sender (RFC 8030, 8188, 8291, 8292), and keeps its tokens and the keys of the
 * subscriptions that it sent to last.
 */
export function pushBuilder(
  lane: Pick<Provider, "id" | "account">,
  factory: WebPushOptions,
): Provider<"webpush">["buildRequest"] {
  const nextSenderKeys = senderKeySupply();
  const tokens = createRecall(lane);
  // Up to 1,000. The notifier's cache may be outside of the process, where no key can go.
  const receiverKeys = new Map<string, CryptoKey>();
  return async (message, context) => {
    // Four weeks are what push services keep at most, and what `web-push` asks for.
    const { to, notification, ttlSeconds = 2_419_200, urgency, topic, providerOptions } = message;
    const { endpoint, sender, problems } = wayTo(to, factory);
    const options: WebPushMessageOptions = { ...factory, ...providerOptions[lane.id] };
    const text = pushPayload(message);
    const isTooLarge = text.length > maxPayloadBytes;
    problems.push(...problemsOf({ notification }, [], () => notificationRule));
    if (isTooLarge && !options.withoutPayloadIfTooLarge) {
      problems.push([notification ? "notification" : "payload", `at most ${maxPayloadBytes} bytes`]);
    }
    const problem = refusal(lane.id, message, messageRules, problems);
    if (problem || !endpoint || !sender) return problem as ProviderFailure;
    const token = await vapidToken(tokens, context, endpoint.origin, sender);
    if (!("value" in token)) return token;
    const request = (body?: Uint8Array<ArrayBuffer>): OutboundRequest => ({
      method: "POST",
      url: to.endpoint,
      headers: {
        authorization: `vapid t=${token.value}, k=${sender.publicKey}`,
        ttl: `${ttlSeconds}`,
        ...(urgency && { urgency }),
        ...(topic && { topic }),
        // Microsoft refuses a TTL of 0 without this.
        ...(!ttlSeconds && endpoint.hostname.endsWith(".windows.com") && { "x-wns-cache-policy": "no-cache" }),
        ...(body && { "content-type": "application/octet-stream", "content-encoding": "aes128gcm" }),
      },
      body,
      secrets: [token.value],
    });
    // Chromium drops a message whose text is encrypted and empty.
    if (!text.length || isTooLarge) return request();
    const { p256dh, auth } = to.keys;
    const point = fromBase64Url(p256dh) as Uint8Array<ArrayBuffer>;
    let publicKey = receiverKeys.get(p256dh);
    if (!publicKey) {
      try {
        publicKey = await importReceiverKey(point);
      } catch {
        return refused(...notOnCurve);
      }
      if (receiverKeys.size >= 1000) receiverKeys.clear();
      receiverKeys.set(p256dh, publicKey);
    }
    return request(
      await encryptPush(
        { publicKey, point, authSecret: fromBase64Url(auth) as Uint8Array },
        await nextSenderKeys(),
        context.random(16),
        text,
        options.padToBytes,
      ),
    );
  };
}
