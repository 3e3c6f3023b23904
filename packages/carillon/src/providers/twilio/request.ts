import type { SmsMessage } from "../../channels/sms.ts";
import { toBase64, utf8 } from "../../crypto/bytes.ts";
import type { ProviderFailure } from "../../provider/contract.ts";
import { type FieldProblem, refusal } from "../../provider/message.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";
import { bodyHashParameter, callbackUrl } from "./callback-url.ts";
import { messageRules, type TwilioOptions } from "./options.ts";
import type { TwilioMessage, TwilioMessageOptionFields } from "./wire.ts";

/**
 * The request for a message, or `invalid-message` for what Twilio is known to refuse, or why there is no secret.
 *
 * Source: https://www.twilio.com/docs/messaging/api/message-resource (read 2026-11-23)
 */
export async function buildTwilioRequest(
  message: SmsMessage,
  messageId: string,
  options: TwilioOptions,
): Promise<OutboundRequest | ProviderFailure> {
  const form = toTwilioMessage(message, messageId, options);
  const refused = refusal("twilio", message, messageRules, problemsOf(message, form));
  if (refused) return refused;
  const { accountSid } = options;
  const [user, given] =
    options.apiKey === undefined ? [accountSid, options.authToken] : [options.apiKey, options.apiKeySecret];
  const secret = await readSecret(given);
  if (typeof secret !== "string") return secret;
  const credential = toBase64(utf8(`${user}:${secret}`));
  return {
    method: "POST",
    url: `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages.json`,
    headers: { "content-type": "application/x-www-form-urlencoded", authorization: `Basic ${credential}` },
    body: `${new URLSearchParams(pairs(form))}`,
    secrets: [secret, credential],
  };
}

function* problemsOf({ text, metadata }: SmsMessage, { StatusCallback }: TwilioMessage): Generator<FieldProblem> {
  if (text.length > 1600) yield ["text", "at most 1600 characters"];
  // Under this name it would say that Twilio had hashed the body.
  if (Object.hasOwn(metadata, bodyHashParameter)) yield [`metadata.${bodyHashParameter}`, "another name"];
  if (StatusCallback && StatusCallback.length > 4000) {
    yield ["metadata", "a status callback URL of at most 4000 characters with it"];
  }
}

function toTwilioMessage(
  { to, from, text, mediaUrls, validitySeconds, metadata, providerOptions }: SmsMessage,
  messageId: string,
  options: TwilioOptions,
): TwilioMessage {
  const { statusCallback, messagingServiceSid } = options;
  return {
    To: to,
    From: from ?? options.from,
    MessagingServiceSid: messagingServiceSid,
    Body: text,
    MediaUrl: mediaUrls,
    StatusCallback: statusCallback && callbackUrl(statusCallback, metadata, messageId),
    ValidityPeriod: validitySeconds,
    ...named(providerOptions["twilio"]),
  };
}

/** Options under Twilio's own names, which differ in the first letter's case. */
function named(options: Readonly<Record<string, unknown>> = {}): TwilioMessageOptionFields {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]));
}

function pairs(form: TwilioMessage): string[][] {
  return Object.entries(form).flatMap(([name, value]) => [value ?? []].flat().map((each) => [name, String(each)]));
}
