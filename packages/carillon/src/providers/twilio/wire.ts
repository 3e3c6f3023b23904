/** What travels to and from Twilio. https://www.twilio.com/docs/messaging/api/message-resource (read 2026-11-23). */

/** The form of a new message; `MediaUrl` may be there several times. */
export interface TwilioMessage {
  readonly To: string;
  /** An own number, short code or sender id; with `MessagingServiceSid`, one of that service. */
  readonly From?: string | undefined;
  readonly MessagingServiceSid?: unknown;
  /** Up to 1,600 characters. */
  readonly Body: string;
  /** Up to 10. */
  readonly MediaUrl: readonly string[];
  /** Up to 4,000 characters. */
  readonly StatusCallback?: string | undefined;
  /** Seconds, 1 to 36,000. */
  readonly ValidityPeriod?: number | undefined;
  readonly SmartEncoded?: unknown;
  readonly ShortenUrls?: unknown;
  readonly SendAsMms?: unknown;
  readonly ContentRetention?: unknown;
  readonly AddressRetention?: unknown;
  readonly RiskCheck?: unknown;
}

/** What of an answer is read: a message's, with its `sid`, or a refusal, with its `code` and `message`. */
export interface TwilioAnswer {
  readonly sid?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
}
