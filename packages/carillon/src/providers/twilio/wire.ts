/** What travels to and from Twilio. https://www.twilio.com/docs/messaging/api/message-resource (read 2026-11-23). */

/** Fields of the form that stand in `providerOptions.twilio`, which is checked. */
export interface TwilioMessageOptionFields {
  readonly MessagingServiceSid?: unknown;
  readonly SmartEncoded?: unknown;
  readonly ShortenUrls?: unknown;
  readonly SendAsMms?: unknown;
  readonly ContentRetention?: unknown;
  readonly AddressRetention?: unknown;
  readonly RiskCheck?: unknown;
}

/** The form of a new message; `MediaUrl` may be there several times. */
export interface TwilioMessage extends TwilioMessageOptionFields {
  readonly To: string;
  /** An own number, short code or sender id; with `MessagingServiceSid`, one of that service. */
  readonly From?: string | undefined;
  /** Up to 1,600 characters. */
  readonly Body: string;
  /** Up to 10. */
  readonly MediaUrl: readonly string[];
  /** Up to 4,000 characters. */
  readonly StatusCallback?: string | undefined;
  /** Seconds, 1 to 36,000. */
  readonly ValidityPeriod?: number | undefined;
}

/** What of an answer is read: a message's, with its `sid`, or a refusal, with its `code` and `message`. */
export interface TwilioAnswer {
  readonly sid?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
}
