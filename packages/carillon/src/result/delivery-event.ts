/**
 * What a provider says happened to a message. A provider's own names are mapped to these; one that nobody knows
 * is `unrecognized`, and is stored like any other.
 */
export const eventTypes = [
  "accepted",
  "sent",
  "deferred",
  "delivered",
  "opened",
  "clicked",
  "soft_bounced",
  "bounced",
  "complained",
  "unsubscribed",
  "failed",
  "suppressed",
  "unrecognized",
] as const;

export type EventType = (typeof eventTypes)[number];

export interface DeliveryEvent {
  /** Stable over the provider's retries of a webhook, so that a repeated event is recognised. Unique with `provider`. */
  readonly id: string;
  readonly provider: string;
  readonly type: EventType;
  /** When the provider says that it happened; the epoch (1970) where it does not say. */
  readonly occurredAt: Date;
  /** Carillon's id of the message, where the provider carried it back. */
  readonly messageId?: string | undefined;
  readonly providerMessageId?: string | undefined;
  /** The address that the event is about, as the provider spells it. */
  readonly address?: string | undefined;
  /** The message's metadata as the provider carried it back. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** The provider's own name of the event: `email.bounced`, `spamreport`, `HardBounce`. */
  readonly providerType: string;
  /** Why, in the provider's words. */
  readonly reason?: string | undefined;
  /** SMTP reply or enhanced status code, or the provider's error code: `550`, `5.1.1`. */
  readonly code?: string | undefined;
  /** The event as it arrived. */
  readonly raw: unknown;
}
