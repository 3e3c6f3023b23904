import type { QueueRecords } from "../store/queue-records.ts";

/** A subscription of a real browser. */
export interface RealSubscription {
  /** The last part of its endpoint. */
  readonly token: string;
  /** The browser's id, which autopush calls `uaid`. */
  readonly browser: string;
  /** What the browser calls the subscription by. */
  readonly channel: string;
  /** The VAPID public key that it was made with; absent: any sender may use it. */
  readonly key?: string | undefined;
}

/** What became of a message for a real browser. */
export interface PushDelivery {
  /** What the push service calls the message by. */
  readonly id: string;
  readonly browser: string;
  readonly channel: string;
  readonly topic?: string | undefined;
  readonly expiresAtMs: number;
  /** Encrypted, in base64url; empty: there was no payload. */
  readonly body: string;
  /** `replaced` by a later one of its topic. */
  readonly state: "waiting" | "sent" | "acknowledged" | "expired" | "replaced";
  /** The browser's word: 100 is delivered, 101 could not be decrypted, 102 was not wanted. */
  readonly code?: number | undefined;
}

/** Messages that have ended and are still known. */
const keptDeliveries = 500;

/** What the push service keeps, typed. */
export interface PushRecords {
  subscribe(subscription: RealSubscription): void;
  unsubscribe(subscription: RealSubscription): void;
  subscription(token: string): RealSubscription | undefined;
  subscriptionOf(browser: string, channel: string): RealSubscription | undefined;
  subscriptions(): readonly RealSubscription[];
  knowsBrowser(browser: string): boolean;
  put(delivery: PushDelivery): void;
  get(id: string): PushDelivery | undefined;
  /** Oldest first. */
  deliveries(): readonly PushDelivery[];
  /** What a browser has not acknowledged, oldest first. */
  waiting(browser: string): readonly PushDelivery[];
}

export function pushRecords(records: QueueRecords): PushRecords {
  const subscriptions = (): readonly RealSubscription[] => records.list("push-subscription") as RealSubscription[];
  const deliveries = (): readonly PushDelivery[] => records.list("push-delivery") as PushDelivery[];
  const isWaiting = ({ state }: PushDelivery): boolean => state === "waiting" || state === "sent";
  return {
    subscribe: (subscription) => records.put("push-subscription", subscription.token, subscription),
    unsubscribe: ({ token }) => void records.delete("push-subscription", token),
    subscription: (token) => records.get("push-subscription", token) as RealSubscription | undefined,
    subscriptionOf: (browser, channel) =>
      subscriptions().find((one) => one.browser === browser && one.channel === channel),
    subscriptions,
    knowsBrowser: (browser) => subscriptions().some((one) => one.browser === browser),
    put(delivery) {
      // Without a time, a record has ended.
      records.put("push-delivery", delivery.id, delivery, isWaiting(delivery) ? { dueAtMs: delivery.expiresAtMs } : {});
      records.trim("push-delivery", keptDeliveries);
    },
    get: (id) => records.get("push-delivery", id) as PushDelivery | undefined,
    deliveries,
    waiting: (browser) => deliveries().filter((one) => one.browser === browser && isWaiting(one)),
  };
}
