/**
 * What pages and the service worker remember together, in the origin's Cache Storage: the one store that both of them have
 * and that is asked for in a line. Never a token.
 */

/** What was subscribed, written by the page. While it is there, this browser is to stay subscribed. */
export interface Subscribed {
  /** Base URL of the service. */
  readonly service: string;
  /** The VAPID public key that the subscription was made with. */
  readonly publicKey: string;
  readonly endpoint: string;
}

const folder = "/.carillon/";
const subscribed = `${folder}subscribed`;

const open = (): Promise<Cache> => caches.open("carillon");

export async function recall(): Promise<Subscribed | undefined> {
  const kept = await (await open()).match(subscribed);
  return (await kept?.json()) as Subscribed | undefined;
}

export async function remember(what: Subscribed): Promise<void> {
  await (await open()).put(subscribed, Response.json(what));
}

export async function forget(): Promise<void> {
  await (await open()).delete(subscribed);
}

/** A receipt that the service has not got yet. */
export interface Receipt {
  readonly url: string;
  readonly body: string;
}

const receipts = `${folder}receipt/`;
const maxReceipts = 50;

/** Keeps receipts for a later try; of many the newest. */
export async function keepReceipts(undelivered: readonly Receipt[]): Promise<void> {
  const cache = await open();
  for (const receipt of undelivered.slice(-maxReceipts)) {
    await cache.put(receipts + crypto.randomUUID(), Response.json(receipt));
  }
}

/** Hands out what is kept, the oldest first, and once: whoever cannot deliver it keeps it again. */
export async function takeReceipts(): Promise<readonly Receipt[]> {
  const cache = await open();
  const taken: Receipt[] = [];
  for (const request of await cache.keys()) {
    if (!request.url.includes(receipts)) continue;
    const kept = await cache.match(request);
    if (kept && (await cache.delete(request))) taken.push((await kept.json()) as Receipt);
  }
  return taken;
}
