import { e164, smsSender, smsSenderExpectation } from "../address/phone-number.ts";
import type { ChannelDefinition, Extras, MessageExtras } from "./definition.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { phoneLabel } from "./label.ts";
import { list, object, oneOf, optional, text as textOf, whole } from "../rule/rules.ts";
import { extras, filledText, fillExtras, httpsUrl } from "./common-rules.ts";

export interface SmsInput extends Extras {
  readonly channel: "sms";
  /** E.164: `+15005550006`. */
  readonly to: string;
  /** E.164 number, alphanumeric sender id (up to 11) or short code; the provider's own sender when absent. */
  readonly from?: string | undefined;
  readonly text: string;
  /** https URLs of pictures or other media (MMS), at most 10. */
  readonly mediaUrls?: readonly string[] | undefined;
  /** How long the carrier may try, in seconds, 1 to 36,000. */
  readonly validitySeconds?: number | undefined;
}

export interface SmsMessage extends MessageExtras {
  readonly channel: "sms";
  readonly to: string;
  readonly from?: string | undefined;
  readonly text: string;
  readonly mediaUrls: readonly string[];
  readonly validitySeconds?: number | undefined;
}

const phoneNumber = textOf("an E.164 number: + and 7 to 15 digits", e164);

const entries = {
  from: optional(textOf(smsSenderExpectation, smsSender)),
  text: filledText,
  mediaUrls: optional(list(httpsUrl, 10)),
  validitySeconds: optional(whole(1, 36_000)),
  ...extras,
};

const inputRule = object<SmsInput>({
  channel: oneOf("sms"),
  to: phoneNumber,
  ...entries,
});

function toMessage(input: SmsInput, reject: Reject): SmsMessage {
  const { to, from, text, mediaUrls = [], validitySeconds } = input;
  return { channel: "sms", to, from, text, mediaUrls, validitySeconds, ...fillExtras(input, reject) };
}

export const smsChannel: ChannelDefinition<"sms", SmsMessage> = {
  id: "sms",
  normalise: (input) => normaliseWith(inputRule, input, toMessage),
  // Providers repeat a number without its plus, too.
  addresses: ({ to }) => [{ key: to, label: phoneLabel(to), secrets: [to, to.slice(1)] }],
  withRecipient: (message, to) => (e164.test(to) ? { ...message, to } : undefined),
};
