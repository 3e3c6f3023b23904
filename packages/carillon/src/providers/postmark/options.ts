import { accountRules, flag, type OptionRules, secret, secrets, text } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";

export interface PostmarkOptions {
  /** The server's API token; `POSTMARK_API_TEST` checks requests and sends nothing. */
  readonly serverToken: Secret;
  /** Stream of messages that name none. @default Postmark's own, "outbound" */
  readonly messageStream?: string | undefined;
  /** Which of several Postmark servers this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://api.postmarkapp.com`. */
  readonly baseUrl?: string | undefined;
}

/** Postmark signs nothing: a webhook is known by the credential that its URL or its custom header holds. */
export type PostmarkWebhookOptions =
  | {
      readonly username: string;
      /** Several while it rotates. */
      readonly password: string | readonly string[];
    }
  | {
      readonly header: string;
      /** Several while it rotates. */
      readonly value: string | readonly string[];
    };

/** `providerOptions.postmark` of a message. */
export interface PostmarkMessageOptions {
  readonly messageStream?: string | undefined;
  readonly trackOpens?: boolean | undefined;
  readonly trackLinks?: "None" | "HtmlAndText" | "HtmlOnly" | "TextOnly" | undefined;
  /** Instead of the message's one entry of `tags`. Up to 1,000 characters. */
  readonly tag?: string | undefined;
}

export const factoryRules: OptionRules = { serverToken: secret };

export const streamRules: OptionRules = { messageStream: text, ...accountRules };

export const headerRules: OptionRules = { header: text, value: secrets };

export const basicRules: OptionRules = { username: text, password: secrets };

export const messageRules: OptionRules = {
  messageStream: text,
  trackOpens: flag,
  trackLinks: (value) =>
    matches(/^(None|HtmlAndText|HtmlOnly|TextOnly)$/, value) || "None, HtmlAndText, HtmlOnly or TextOnly",
  tag: (value) => matches(/^.{1,1000}$/s, value) || "1 to 1000 characters",
};
