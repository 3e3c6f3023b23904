import type { WebPushMessage } from "../../channels/webpush.ts";
import { utf8 } from "../../crypto/bytes.ts";
import { declarativePayload } from "./declarative.ts";

/** What is encrypted of a message; empty: it has no payload. */
export function pushPayload({
  payload = "",
  notification,
}: Pick<WebPushMessage, "payload" | "notification">): Uint8Array<ArrayBuffer> {
  if (notification) return utf8(declarativePayload(notification));
  if (payload instanceof Uint8Array) return payload as Uint8Array<ArrayBuffer>;
  return utf8(typeof payload === "string" ? payload : JSON.stringify(payload));
}
