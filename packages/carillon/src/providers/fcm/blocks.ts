/** Platforms' blocks: the caller's own, and in them what the message says for all platforms and they leave open. */
import type { FcmMessage } from "../../channels/fcm.ts";
import { toBase64Url, utf8 } from "../../crypto/bytes.ts";
import { sha256 } from "../../crypto/hash.ts";
import type { BuildContext } from "../../provider/contract.ts";
import { filled, recordOf } from "../../provider/reading.ts";
import type { FcmBlock } from "./wire.ts";

/** A name without what tells snake_case, camelCase and the case of headers apart. */
const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();

/** What is given, and before it what it leaves open; nothing where that is nothing. */
function fillIn(given: unknown, open: FcmBlock): FcmBlock | undefined {
  const names = Object.keys(recordOf(given)).map(plain);
  const missing = Object.entries(open).filter(([name]) => !names.includes(plain(name)));
  return filled({ ...Object.fromEntries(missing), ...recordOf(given) });
}

/** The block's own data stand in the place of the message's, and so need our id as well. */
function withId(data: unknown, own: FcmBlock): FcmBlock | undefined {
  return data === undefined ? undefined : { ...recordOf(data), ...own };
}

/** The key, or, where the platform's own is shorter or of fewer characters, what stands for it and no other. */
async function collapseBy(key: string | undefined, pattern: RegExp): Promise<string | undefined> {
  if (!key || pattern.test(key)) return key || undefined;
  return toBase64Url(await sha256(utf8(key))).slice(0, 32);
}

export function toAndroid({ android, collapseKey, ttlSeconds, priority }: FcmMessage, own: FcmBlock): typeof android {
  const ttl = ttlSeconds === undefined ? undefined : `${ttlSeconds}s`;
  const data = withId(android?.["data"], own);
  return fillIn({ ...android, ...(data && { data }) }, { collapse_key: collapseKey, ttl, priority });
}

/** https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns (read 2026-11-23) */
export async function toApns(message: FcmMessage, { now }: BuildContext): Promise<FcmBlock | undefined> {
  const { apns, title, body, imageUrl, collapseKey, ttlSeconds, priority } = message;
  const { alert, badge, sound } = recordOf(recordOf(apns?.["payload"])["aps"]);
  const isSeen = filled({ title, body, imageUrl, alert, badge, sound });
  // What nobody sees or hears must go with 5: with 10, which FCM makes the default, APNs refuses it.
  const inBackground = (apns || priority) && "5";
  const headers = fillIn(apns?.["headers"], {
    "apns-collapse-id": await collapseBy(collapseKey, /^[!-~]{1,64}$/),
    // Unix seconds; 0: now or never.
    "apns-expiration": ttlSeconds === undefined ? undefined : `${ttlSeconds && Math.floor(+now / 1000) + ttlSeconds}`,
    "apns-priority": isSeen ? priority && (priority === "high" ? "10" : "5") : inBackground,
  });
  return filled({ ...apns, ...(headers && { headers }) });
}

/** Headers of RFC 8030. */
export async function toWebPush(message: FcmMessage, own: FcmBlock): Promise<FcmBlock | undefined> {
  const { webpush, collapseKey, ttlSeconds, priority } = message;
  const data = withId(webpush?.["data"], own);
  const headers = fillIn(webpush?.["headers"], {
    TTL: ttlSeconds === undefined ? undefined : `${ttlSeconds}`,
    Urgency: priority,
    Topic: await collapseBy(collapseKey, /^[\w-]{1,32}$/),
  });
  return filled({ ...webpush, ...(headers && { headers }), ...(data && { data }) });
}
