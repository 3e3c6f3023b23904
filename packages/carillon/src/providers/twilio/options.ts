import { smsSender, smsSenderExpectation } from "../../address/phone-number.ts";
import { accountRules, flag, type OptionRules, secret, secrets, url } from "../../provider/options.ts";
import { recordOf } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";
import { oneOf, text } from "../../rule/rules.ts";
import type { Rule } from "../../rule/rule.ts";

/** The account's own token, or a key, which can be revoked alone. Only the token proves webhooks. */
export type TwilioCredentials =
  | { readonly authToken: Secret; readonly apiKey?: undefined; readonly apiKeySecret?: undefined }
  | {
      /** `SK` and 32 hexadecimal digits. */
      readonly apiKey: string;
      readonly apiKeySecret: Secret;
      readonly authToken?: undefined;
    };

/** One at least. With both, the service sends, from this number of its own. */
export type TwilioSender =
  | { readonly from: string; readonly messagingServiceSid?: string | undefined }
  | {
      /** E.164 number, short code or sender id of messages that name none. */
      readonly from?: string | undefined;
      /** `MG` and 32 hexadecimal digits: chooses among its numbers. */
      readonly messagingServiceSid: string;
    };

export type TwilioOptions = TwilioCredentials &
  TwilioSender & {
    /** `AC` and 32 hexadecimal digits. */
    readonly accountSid: string;
    /**
     * Where Twilio reports what becomes of a message. Our id and the message's metadata are added to its query; without
     * it, Twilio reports where the number or the service says, and without them.
     */
    readonly statusCallback?: string | undefined;
    /** Which of several Twilio accounts this is. @default "default" */
    readonly account?: string | undefined;
    /** Replaces `https://api.twilio.com`. */
    readonly baseUrl?: string | undefined;
  };

export interface TwilioWebhookOptions {
  /** The account's auth token, several while it rotates. The secret of an API key signs nothing. */
  readonly authToken: string | readonly string[];
  /**
   * The URL that Twilio calls, where that is not the URL of the request: behind a proxy. The query is always the request's;
   * an origin alone keeps the path, too.
   */
  readonly publicUrl?: string | undefined;
}

/** `providerOptions.twilio` of a message. */
export interface TwilioMessageOptions {
  /** Instead of the factory's. */
  readonly messagingServiceSid?: string | undefined;
  /** Typographic characters are replaced, so that more texts are GSM-7. */
  readonly smartEncoded?: boolean | undefined;
  readonly shortenUrls?: boolean | undefined;
  readonly sendAsMms?: boolean | undefined;
  readonly contentRetention?: "retain" | "discard" | undefined;
  /** `obfuscate` hides the last digits of the number in what Twilio keeps. */
  readonly addressRetention?: "retain" | "obfuscate" | undefined;
  /** Of Twilio's protection against SMS pumping. */
  readonly riskCheck?: "enable" | "disable" | undefined;
}

// @__NO_SIDE_EFFECTS__
function sid(prefix: string): Rule {
  return text(`${prefix} and 32 hexadecimal digits`, new RegExp(`^${prefix}[\\da-fA-F]{32}$`));
}

/** What must be there depends on what is: a key comes with its secret, and a service needs no number. */
export function factoryRules(options: unknown): readonly [required: OptionRules, optional: OptionRules] {
  const { apiKey, apiKeySecret, messagingServiceSid } = recordOf(options);
  const from = text(smsSenderExpectation, smsSender);
  const required = {
    accountSid: sid("AC"),
    ...((apiKey ?? apiKeySecret) === undefined ? { authToken: secret } : { apiKey: sid("SK"), apiKeySecret: secret }),
    ...(messagingServiceSid === undefined && { from }),
  };
  // Twilio refuses a callback's host with an underscore.
  const statusCallback = text(
    "an http or https URL, its host without _",
    /^https?:\/\/[^/?#_]+([/?#]|$)/i,
    URL.canParse,
  );
  return [required, { from, messagingServiceSid: sid("MG"), statusCallback, ...accountRules }];
}

export const tokenRules: OptionRules = { authToken: secrets };

export const publicUrlRules: OptionRules = { publicUrl: url };

export const messageRules: OptionRules = {
  messagingServiceSid: /* @__PURE__ */ sid("MG"),
  smartEncoded: flag,
  shortenUrls: flag,
  sendAsMms: flag,
  contentRetention: /* @__PURE__ */ oneOf("retain", "discard"),
  addressRetention: /* @__PURE__ */ oneOf("retain", "obfuscate"),
  riskCheck: /* @__PURE__ */ oneOf("enable", "disable"),
};
