import { accountRules, flag, type OptionRules, positive, secret, secrets, text } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";

export interface MailgunOptions {
  /** Of the account, or a sending key of the domain. */
  readonly apiKey: Secret;
  /** The sending domain, as Mailgun has it: `mg.example.com`. */
  readonly domain: string;
  /** Where the domain was added: a property of the domain, not of the caller. @default "us" */
  readonly region?: "us" | "eu" | undefined;
  /** Which of several Mailgun accounts or domains this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://api.mailgun.net`. */
  readonly baseUrl?: string | undefined;
}

export interface MailgunWebhookOptions {
  /** The account's HTTP webhook signing key, which is not the API key; several while it rotates. */
  readonly signingKey: string | readonly string[];
  /**
   * How old a signature may be. Mailgun tries for about 8 hours to deliver a webhook, and does not say whether it signs
   * each try anew. @default 32,400 (9 hours)
   */
  readonly toleranceSeconds?: number | undefined;
}

/** `providerOptions.mailgun` of a message. */
export interface MailgunMessageOptions {
  /** Mailgun accepts the message and reports it delivered, and delivers nothing. */
  readonly testMode?: boolean | undefined;
  readonly trackOpens?: boolean | undefined;
  /** `htmlonly` leaves the links of the text as they are. */
  readonly trackClicks?: boolean | "htmlonly" | undefined;
  /** Rather no delivery than one without TLS. */
  readonly requireTls?: boolean | undefined;
  /** ISO 8601 with a time zone; 3 or 7 days ahead, depending on the plan. */
  readonly deliveryTime?: string | undefined;
  readonly sendingIpPool?: string | undefined;
}

export const factoryRules: OptionRules = {
  apiKey: secret,
  domain: (value) => matches(/^[a-z\d-]+(\.[a-z\d-]+)+$/i, value) || "a domain",
};

export const placeRules: OptionRules = {
  region: (value) => value === "us" || value === "eu" || "us or eu",
  ...accountRules,
};

export const signingRules: OptionRules = { signingKey: secrets };

export const toleranceRules: OptionRules = { toleranceSeconds: positive };

export const messageRules: OptionRules = {
  testMode: flag,
  trackOpens: flag,
  trackClicks: (value) => value === "htmlonly" || flag(value) === true || "true, false or htmlonly",
  requireTls: flag,
  deliveryTime: (value) =>
    (matches(/^\d{4}-.+T.+(Z|[+-]\d\d:?\d\d)$/, value) && Date.parse(value) > 0) ||
    "a time in ISO 8601 with a time zone",
  sendingIpPool: text,
};
