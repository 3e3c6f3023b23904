import { maxPayloadBytes, pushPayload } from "carillon/providers/webpush";
import type { ChunkJob } from "../ledger/claim.ts";
import type { Settings } from "../settings.ts";
import { blankReceipt, signReceipt } from "./token.ts";

/** A message's content, as far as it is the payload of a push. */
interface PushContent {
  readonly payload?: unknown;
  readonly notification?: Readonly<Record<string, unknown>> | undefined;
}

/** What the service worker needs to acknowledge a message (`@carillon/browser/sw`). */
interface Carillon {
  readonly receipt: string;
  readonly url: string;
}

/**
 * The content with its receipt, in `data.carillon` of a declarative notification, where a browser that shows it by itself
 * keeps it, and in `carillon` of a JSON payload. Texts, bytes and lists stay as they are, and so does what has that name.
 */
function withReceipt({ payload, notification }: PushContent, carillon: Carillon): PushContent | undefined {
  if (notification !== undefined) {
    const { data = {} } = notification;
    if (!isObject(notification) || !isObject(data) || "carillon" in data) return undefined;
    return { notification: { ...notification, data: { ...data, carillon } } };
  }
  return isObject(payload) && !("carillon" in payload) ? { payload: { ...payload, carillon } } : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Content of a push message that brings its receipt; nothing for any other, and where there is no room for one. */
export async function receiptContent(
  { pushReceipts, environment }: Settings,
  { channel, shard }: Pick<ChunkJob, "channel" | "shard">,
  { uuid, content }: { readonly uuid: string; readonly content: Readonly<Record<string, unknown>> },
): Promise<PushContent> {
  if (channel !== "webpush" || pushReceipts === undefined) return {};
  const { keys, url } = pushReceipts;
  const receipt = await signReceipt(keys[0], { shard, uuid, environment }, Date.now());
  const whole = withReceipt(content as PushContent, { receipt, url });
  return whole !== undefined && pushPayload(whole).length <= maxPayloadBytes ? whole : {};
}

/**
 * How many bytes a payload may have, where it has more: what browsers take, without the receipt's room. Undefined: it fits.
 */
export function exceededPayloadBytes({ pushReceipts }: Settings, content: PushContent): number | undefined {
  const bytes = pushPayload(content).length;
  if (pushReceipts === undefined) return bytes > maxPayloadBytes ? maxPayloadBytes : undefined;
  const { keys, url } = pushReceipts;
  const whole = withReceipt(content, { receipt: blankReceipt(keys[0]), url });
  const room = whole === undefined ? 0 : pushPayload(whole).length - bytes;
  return bytes + room > maxPayloadBytes ? maxPayloadBytes - room : undefined;
}
