/** What the simulator can say happened to a message; each provider's route has its own words for these. */
export const eventTypes = [
  "scheduled",
  "sent",
  "deferred",
  "delivered",
  "opened",
  "clicked",
  "soft_bounced",
  "bounced",
  "complained",
  "unsubscribed",
  "suppressed",
  "dropped",
  "failed",
] as const;

export type SimulatedEventType = (typeof eventTypes)[number];

/** Recipients on this domain choose what becomes of their messages. */
export const simulatorDomain = "simulator.test";

/** By the local part, up to its first `+`: what happens, in order. */
const outcomes: Readonly<Record<string, readonly SimulatedEventType[]>> = {
  delivered: ["sent", "delivered"],
  bounced: ["sent", "bounced"],
  softbounced: ["sent", "soft_bounced"],
  complained: ["sent", "delivered", "complained"],
  deferred: ["sent", "deferred", "delivered"],
  opened: ["sent", "delivered", "opened"],
  clicked: ["sent", "delivered", "opened", "clicked"],
  unsubscribed: ["sent", "delivered", "unsubscribed"],
  suppressed: ["suppressed"],
  dropped: ["dropped"],
  failed: ["failed"],
};

/** The local parts that choose an outcome. */
export const outcomeNames: readonly string[] = Object.keys(outcomes);

/** What becomes of a message to this address (lower case). Any other address, on any domain, is delivered to. */
export function outcomeOf(address: string): readonly SimulatedEventType[] {
  const at = address.lastIndexOf("@");
  const name = address.slice(0, at).split("+", 1)[0] ?? "";
  const chosen =
    address.slice(at + 1) === simulatorDomain && Object.hasOwn(outcomes, name) ? outcomes[name] : undefined;
  return chosen ?? ["sent", "delivered"];
}
