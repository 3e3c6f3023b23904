import type { Env } from "../env.ts";
import type { ParsedId } from "../ids.ts";
import type { IncomingEvent } from "../ledger/incoming-event.ts";
import { shardStub } from "../ledger/shards.ts";

/** What a service worker tells of a message. */
export const receiptEvents = ["delivered", "clicked", "dismissed"] as const;

export type ReceiptEvent = (typeof receiptEvents)[number];

/** A browser's clock may be ahead by this. */
const maxAheadMs = 300_000;

/**
 * Stores a receipt as an event of the message. Each of the three is one event, however often it comes. A notification that
 * was dismissed had been shown: that proves delivery, and nothing more; its name stays in the timeline.
 *
 * @param said When it happened, by the browser's clock (Unix milliseconds).
 */
export async function ingestReceipt(
  env: Env,
  { shard, uuid }: ParsedId,
  event: ReceiptEvent,
  said: number | undefined,
): Promise<void> {
  const now = Date.now();
  const acceptedAt = Number.parseInt(uuid.slice(0, 12), 16);
  // Not before the message was there, and not later than now.
  const isBelieved = said !== undefined && said >= acceptedAt && said <= now + maxAheadMs;
  const incoming: IncomingEvent = {
    uuid,
    id: `receipt:${event}:${uuid}`,
    provider: "webpush",
    type: event === "clicked" ? "clicked" : "delivered",
    occurredAt: isBelieved ? Math.min(said, now) : now,
    claimedAt: isBelieved ? undefined : said,
    providerMessageId: undefined,
    addressKey: undefined,
    consequence: null,
    providerType: event,
    reason: undefined,
    code: undefined,
    raw: undefined,
  };
  await shardStub(env, shard).ingest([incoming], now);
}
