/** Platforms' blocks: the caller's own, and in them what the message says for all platforms and they leave open. */
import type { FcmMessage } from "../../channels/fcm.ts";
import { toBase64Url, utf8 } from "../../crypto/bytes.ts";
import { sha256 } from "../../crypto/hash.ts";
import type { BuildContext } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { filled, recordOf } from "../../provider/reading.ts";
import type { FcmBlock, FcmWireMessage } from "./wire.ts";

/** A name without what tells snake_case, camelCase and the case of headers apart. */
const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();

/** What is given, and before it what it leaves open; nothing where that is nothing. */
function fillIn(given: unknown, open: FcmBlock): FcmBlock | undefined {
  if (!filled(open)) return filled(recordOf(given));
  const names = Object.keys(recordOf(given)).map(plain);
  const missing = Object.entries(open).filter(([name]) => !names.includes(plain(name)));
  return filled({ ...Object.fromEntries(missing), ...recordOf(given) });
}

/** The key, or, where the platform's own is shorter or of fewer characters, what stands for it and no other. */
async function collapseBy(key: string | undefined, pattern: RegExp): Promise<string | undefined> {
  if (!key || pattern.test(key)) return key || undefined;
  return toBase64Url(await sha256(utf8(key))).slice(0, 32);
}

/**
 * Headers of APNs: https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns (read
 * 2026-11-23), of web push: RFC 8030.
 */
export async function toBlocks(
  { title, body, imageUrl, android, apns, webpush, collapseKey, ttlSeconds, priority }: FcmMessage,
  { now, messageId }: BuildContext,
): Promise<Pick<FcmWireMessage, "android" | "apns" | "webpush">> {
  /** A block's own data stand in the place of the message's, and so need our id as well. */
  const dataOf = (block: FcmBlock | undefined): object | undefined =>
    block?.["data"] ? { data: { ...recordOf(block["data"]), [messageIdKey]: messageId } } : undefined;
  const headersOf = (block: FcmBlock | undefined, open: FcmBlock): object | undefined =>
    filled({ headers: fillIn(block?.["headers"], open) });
  const timed = <T>(value: T): T | undefined => (ttlSeconds === undefined ? undefined : value);
  const { alert, badge, sound } = recordOf(recordOf(apns?.["payload"])["aps"]);
  const isSeen = filled({ title, body, imageUrl, alert, badge, sound });
  // What nobody sees or hears must go with 5: with 10, which FCM makes the default, APNs refuses it.
  const urgency = isSeen && priority === "high" ? "10" : "5";
  return {
    android: fillIn(
      { ...android, ...dataOf(android) },
      { collapse_key: collapseKey, ttl: timed(`${ttlSeconds}s`), priority },
    ),
    apns: filled({
      ...apns,
      ...headersOf(apns, {
        "apns-collapse-id": await collapseBy(collapseKey, /^[!-~]{1,64}$/),
        // Unix seconds; 0: now or never.
        "apns-expiration": timed(`${ttlSeconds && Math.floor(+now / 1000) + ttlSeconds}`),
        "apns-priority": priority || (apns && !isSeen) ? urgency : undefined,
      }),
    }),
    webpush: filled({
      ...webpush,
      ...headersOf(webpush, {
        TTL: timed(`${ttlSeconds}`),
        Urgency: priority,
        Topic: await collapseBy(collapseKey, /^[\w-]{1,32}$/),
      }),
      ...dataOf(webpush),
    }),
  };
}
