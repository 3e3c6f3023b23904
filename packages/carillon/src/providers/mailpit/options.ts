import { type OptionRules, secret, text, url } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";

export interface MailpitOptions {
  /** Where Mailpit listens, with its web root if it has one: `http://localhost:8025`. */
  readonly baseUrl: string;
  /** Of `--send-api-auth-file` or `--ui-auth-file`; neither for a Mailpit that asks for nothing. */
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  /** Which of several Mailpits this is. @default "default" */
  readonly account?: string | undefined;
}

export const factoryRules: OptionRules = { baseUrl: url };

export const accountRules: OptionRules = { account: text };

export const credentialRules: OptionRules = {
  // RFC 7617: a colon would end it.
  username: (value) => matches(/^[^:\s][^:]*$/, value) || "text without a colon",
  password: secret,
};
