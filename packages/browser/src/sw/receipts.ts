import { keepReceipts, type Receipt, takeReceipts } from "../memory.ts";
import { receiptInfo } from "./payload.ts";

export type ReceiptEvent = "delivered" | "clicked" | "dismissed";

/**
 * Tells the service what became of a message, and what it could not be told before. A browser that is not online tells it
 * with its next event. Never rejects: nothing that a person sees depends on it.
 *
 * @param carillon What the message's payload has under this name.
 */
export async function report(event: ReceiptEvent, carillon: unknown): Promise<void> {
  const info = receiptInfo(carillon);
  const body = info && JSON.stringify({ receipt: info.receipt, event, at: new Date().toISOString() });
  // Without storage what cannot be delivered is lost, and what can be is delivered.
  const kept = await takeReceipts().catch(() => []);
  const all = [...kept, ...(info && body ? [{ url: info.url, body }] : [])];
  const isDelivered = await Promise.all(all.map(deliver));
  const undelivered = all.filter((_, index) => !isDelivered[index]);
  await keepReceipts(undelivered).catch(() => undefined);
}

/** Whether the service has answered for good. */
async function deliver({ url, body }: Receipt): Promise<boolean> {
  try {
    // As plain text, which browsers send without asking the service first. The receipt is the only authority.
    const { status } = await fetch(url, { method: "POST", body, credentials: "omit", keepalive: true });
    return status < 500 && status !== 429;
  } catch {
    return false; // Not online, or the service is not.
  }
}
