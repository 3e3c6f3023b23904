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

/** What happens, in order. */
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

/** The names that choose an outcome. */
export const outcomeNames: readonly string[] = Object.keys(outcomes);

/** Fictitious numbers beyond those that Twilio's test credentials give a meaning (`+15005550000` to `+15005550009`). */
const outcomeOfNumber: Readonly<Record<string, string>> = {
  "+15005550010": "delivered",
  "+15005550011": "bounced",
  "+15005550012": "softbounced",
  "+15005550013": "deferred",
  "+15005550014": "unsubscribed",
  "+15005550015": "suppressed",
  "+15005550016": "dropped",
  "+15005550017": "failed",
};

/**
 * The outcome that a recipient's name chooses, if it does: `bounced@simulator.test`, `bounced+label@simulator.test`,
 * `+15005550011`, and, for tokens and other ids, `bounced-` and anything. Upper and lower case are the same.
 */
export function chosenOutcome(recipient: string): string | undefined {
  const address = recipient.toLowerCase();
  const at = address.lastIndexOf("@");
  if (at >= 0 && address.slice(at + 1) !== simulatorDomain) return undefined;
  const name = at >= 0 ? address.slice(0, at).split("+", 1)[0] : (outcomeOfNumber[address] ?? tokenName(address));
  return name !== undefined && Object.hasOwn(outcomes, name) ? name : undefined;
}

function tokenName(token: string): string | undefined {
  const end = token.indexOf("-");
  return end < 0 ? undefined : token.slice(0, end);
}

/** What becomes of a message to this recipient. Any that chooses nothing is delivered to. */
export function outcomeOf(recipient: string): readonly SimulatedEventType[] {
  return outcomes[chosenOutcome(recipient) ?? "delivered"] ?? [];
}
