import { accountRules, type OptionRules, secret, text } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";

export interface SesOptions {
  /** `AKIA...`, or `ASIA...` of temporary credentials. May send: `ses:SendEmail`, `ses:SendRawEmail`, `ses:SendBulkEmail`. */
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  /** Of temporary credentials. */
  readonly sessionToken?: Secret | undefined;
  /** `eu-west-1`; also of GovCloud and China. */
  readonly region: string;
  /** Configuration set of messages that name none. Without one, SES publishes no event that carries our id. */
  readonly configurationSet?: string | undefined;
  /** Which of several AWS accounts or regions this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://email.<region>.amazonaws.com`; what is signed keeps that host. */
  readonly baseUrl?: string | undefined;
}

/** `providerOptions.ses` of a message. */
export interface SesMessageOptions {
  readonly configurationSet?: string | undefined;
  /** Of an identity of another account that lets this one send (sending authorization). */
  readonly identityArn?: string | undefined;
}

export const factoryRules: OptionRules = {
  accessKeyId: secret,
  secretAccessKey: secret,
  // Other partitions have other domains: us-iso-..., eusc-...
  region: (value) => matches(/^[a-z]{2}(-(?!iso)[a-z]+)+-\d$/, value) || "an AWS region",
};

export const moreRules: OptionRules = { sessionToken: secret, configurationSet: text, ...accountRules };

export const messageRules: OptionRules = { configurationSet: text, identityArn: text };
