import type { EventType } from "./delivery-event.ts";

/**
 * What is known of one attempt and one address, weakest first: of two the later one here is believed, whatever the order
 * in which they arrive.
 */
export const evidenceOrder = [
  "sent",
  "deferred",
  "soft_bounced",
  "failed",
  "suppressed",
  "delivered",
  "opened",
  "clicked",
  "bounced",
  "complained",
] as const;

export type Evidence = (typeof evidenceOrder)[number];

/** The outcomes of a message's attempts and addresses, worst first: the best of them is the message's. */
export const statusOrder: readonly Evidence[] = [
  "failed",
  "suppressed",
  "soft_bounced",
  "bounced",
  "sent",
  "deferred",
  "delivered",
  "opened",
  "clicked",
  "complained",
];

/** What an event says of the delivery; undefined for one that says nothing of it. */
export function evidenceOf(type: EventType): Evidence | undefined {
  if (type === "accepted") return "sent";
  return type === "unsubscribed" || type === "unrecognized" ? undefined : type;
}

/** First join, for one attempt and one address: the maximum by {@link evidenceOrder}. Undefined is no evidence yet. */
export function joinEvidence(a: Evidence | undefined, b: Evidence | undefined): Evidence | undefined {
  return higher(evidenceOrder, a, b);
}

/**
 * Second join, over the joined evidence of a message's attempts and addresses: the best by {@link statusOrder}.
 * Undefined where there is none.
 */
export function joinStatus(evidence: Iterable<Evidence>): Evidence | undefined {
  let best: Evidence | undefined;
  for (const each of evidence) best = higher(statusOrder, best, each);
  return best;
}

/** Says that this attempt did not reach the address: what stands below `sent` in {@link statusOrder}. */
export function isFailing(e: Evidence): boolean {
  return statusOrder.indexOf(e) < statusOrder.indexOf("sent");
}

function higher(order: readonly Evidence[], a: Evidence | undefined, b: Evidence | undefined): Evidence | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}
