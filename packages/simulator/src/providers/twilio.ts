import { simulatorCredentials } from "../credentials.ts";
import type { AcceptedMessage, SmsContent } from "../message.ts";
import type { Answer, ApiRequest, Handled, Route } from "../route.ts";
import { toBase64, utf8 } from "../wire/bytes.ts";
import { cutIntoSegments } from "./twilio/segments.ts";
import { newSid, webhook } from "./twilio/webhook.ts";

// Sources: https://www.twilio.com/docs/messaging/api/message-resource, /docs/api/errors, /docs/iam/test-credentials (the
// numbers that mean an error), and the types of npm twilio 6.2.0 (names of the parameters).

const {
  accountSid,
  authToken,
  apiKey,
  apiKeySecret,
  from: ownNumber,
  messagingServiceSid,
} = simulatorCredentials.twilio;

const logins = [`${accountSid}:${authToken}`, `${apiKey}:${apiKeySecret}`].map((login) => toBase64(utf8(login)));

/** What Twilio's test credentials answer for these numbers as `To`. */
const errorOfTo: Readonly<Record<string, readonly [code: number, text: string]>> = {
  "+15005550001": [21211, "Invalid 'To' Phone Number: +1500555XXXX"],
  "+15005550002": [21612, "The 'To' phone number: +15005550002, is not currently reachable via SMS."],
  "+15005550003": [
    21408,
    "Permission to send an SMS has not been enabled for the region indicated by the 'To' number.",
  ],
  "+15005550004": [21610, "Attempt to send to unsubscribed recipient"],
  "+15005550009": [21614, "To number: +15005550009, is not a mobile number"],
};

/** And for these as `From`. */
const errorOfFrom: Readonly<Record<string, readonly [code: number, text: string]>> = {
  "+15005550001": [
    21212,
    "The 'From' number +15005550001 is not a valid phone number, shortcode, or alphanumeric sender ID.",
  ],
  "+15005550008": [21611, "This 'From' number has exceeded the maximum number of queued messages"],
};

const maxBodyCharacters = 1600;
const maxMedia = 10;
const maxCallbackCharacters = 4000;
const maxValiditySeconds = 36_000;

const flag = /^(true|false)$/;
/** Every parameter that is taken, and how often and how it may be spelled. Scheduling and content templates are not simulated. */
const parameters: Readonly<Record<string, RegExp>> = {
  To: /^/,
  From: /^/,
  MessagingServiceSid: /^/,
  Body: /^/,
  MediaUrl: /^/,
  StatusCallback: /^/,
  ValidityPeriod: /^/,
  SmartEncoded: flag,
  ShortenUrls: flag,
  SendAsMms: flag,
  ProvideFeedback: flag,
  ForceDelivery: flag,
  Attempt: /^\d{1,3}$/,
  ContentRetention: /^(retain|discard)$/,
  AddressRetention: /^(retain|obfuscate)$/,
  RiskCheck: /^(enable|disable)$/,
};

function refuse(status: number, code: number, message: string): Handled {
  return { answer: refusal(status, code, message), messages: [] };
}

function refusal(status: number, code: number, message: string): Answer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

type Problem = readonly [code: number, text: string];

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function problemOf(form: URLSearchParams): Problem | undefined {
  for (const [name, value] of form) {
    if (!Object.hasOwn(parameters, name)) return [20001, `Unknown parameters: ${name}`];
    if (!parameters[name]?.test(value)) return [20001, `Invalid parameter: ${name}`];
    if (name !== "MediaUrl" && form.getAll(name).length > 1) return [20001, `Parameter given twice: ${name}`];
  }
  return problemOfTo(form.get("To"), form.get("From")) ?? problemOfSender(form) ?? problemOfContent(form);
}

function problemOfTo(to: string | null, from: string | null): Problem | undefined {
  if (!to) return [21604, "A 'To' phone number is required."];
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return [21211, `Invalid 'To' Phone Number: ${to}`];
  if (to === from) return [21266, "'To' and 'From' number cannot be the same"];
  return errorOfTo[to];
}

function problemOfSender(form: URLSearchParams): Problem | undefined {
  const from = form.get("From");
  const service = form.get("MessagingServiceSid");
  if (!from && !service) return [21603, "A 'From' phone number or a 'MessagingServiceSid' is required."];
  if (service && service !== messagingServiceSid) return [21701, "The Messaging Service does not exist."];
  if (!from) return undefined;
  if (errorOfFrom[from]) return errorOfFrom[from];
  const isAlphanumeric = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/.test(from);
  if (from === ownNumber || isAlphanumeric) return undefined;
  if (service) return [21711, `${from} is not associated to the specified Messaging Service.`];
  if (/^(\+[1-9]\d{6,14}|\d{3,8})$/.test(from)) {
    return [21606, `The 'From' phone number ${from} is not a valid, SMS-capable inbound phone number or short code.`];
  }
  return [21212, `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`];
}

function problemOfContent(form: URLSearchParams): Problem | undefined {
  const body = form.get("Body") ?? "";
  const media = form.getAll("MediaUrl");
  if (!body && media.length === 0) return [21602, "Message body is required."];
  if (body.length > maxBodyCharacters) return [21617, "The concatenated message body exceeds the 1600 character limit"];
  if (media.length > maxMedia) return [21623, "Number of media files exceeds allowed limit"];
  if (!media.every(isUrl)) return [21620, "Invalid media URL(s)"];
  const callback = form.get("StatusCallback");
  if (callback !== null && !isCallback(callback)) {
    return [21609, `The 'StatusCallback' URL ${callback.slice(0, 200)} is not a valid URL.`];
  }
  const validity = form.get("ValidityPeriod");
  if (
    validity !== null &&
    !(/^\d+$/.test(validity) && Number(validity) >= 1 && Number(validity) <= maxValiditySeconds)
  ) {
    return [21624, "Invalid validity period value"];
  }
  return undefined;
}

function isCallback(url: string): boolean {
  return url.length <= maxCallbackCharacters && isUrl(url) && !new URL(url).hostname.includes("_");
}

function acceptedMessage(form: URLSearchParams): AcceptedMessage<SmsContent> {
  const text = form.get("Body") ?? "";
  const mediaUrls = form.getAll("MediaUrl");
  const to = form.get("To") ?? "";
  const service = form.get("MessagingServiceSid");
  const webhookUrl = form.get("StatusCallback") ?? undefined;
  const { carillon_message_id: messageId, ...metadata } = Object.fromEntries(
    webhookUrl === undefined ? [] : new URL(webhookUrl).searchParams,
  );
  return {
    providerMessageId: newSid(mediaUrls.length > 0 ? "MM" : "SM"),
    messageId,
    content: { kind: "sms", from: form.get("From") ?? ownNumber, to, text, mediaUrls, ...cutIntoSegments(text) },
    metadata,
    tags: [],
    recipients: [to],
    webhookUrl,
    ...(service !== null && { extra: { messagingServiceSid: service } }),
  };
}

/** As RFC 2822 has it: `Fri, 02 Jan 2026 03:04:05 +0000`. */
function rfc2822(ms: number): string {
  return new Date(ms).toUTCString().replace("GMT", "+0000");
}

function resourceOf({ providerMessageId: sid, content, extra }: AcceptedMessage<SmsContent>, nowMs: number): object {
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}`;
  const service = extra?.["messagingServiceSid"] ?? null;
  return {
    account_sid: accountSid,
    api_version: "2010-04-01",
    body: content.text,
    date_created: rfc2822(nowMs),
    date_sent: null,
    date_updated: rfc2822(nowMs),
    direction: "outbound-api",
    error_code: null,
    error_message: null,
    // A messaging service has not chosen yet.
    from: service === null ? content.from : null,
    messaging_service_sid: service,
    num_media: String(content.mediaUrls.length),
    num_segments: String(Math.max(1, content.segments.length)),
    price: null,
    price_unit: null,
    sid,
    status: service === null ? "queued" : "accepted",
    subresource_uris: { media: `${uri}/Media.json` },
    to: content.to,
    uri: `${uri}.json`,
  };
}

function handle(request: ApiRequest): Handled {
  const login = /^Basic (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const [, account, resource] = /^\/2010-04-01\/Accounts\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
  if (account === undefined) return refuse(404, 20404, `The requested resource ${request.path} was not found`);
  if (login === undefined || !logins.includes(login) || account !== accountSid) {
    return refuse(401, 20003, "Authenticate");
  }
  if (resource !== "Messages.json") return refuse(404, 20404, `The requested resource ${request.path} was not found`);
  if (request.method !== "POST") return refuse(405, 20004, "Method not allowed");
  // Of another body Twilio reads no parameter.
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers.get("content-type") ?? "");
  const form = new URLSearchParams(isForm ? request.body : "");
  const problem = problemOf(form);
  if (problem) return refuse(400, ...problem);
  const message = acceptedMessage(form);
  return { answer: { status: 201, body: resourceOf(message, request.nowMs) }, messages: [message] };
}

/** Twilio: https://www.twilio.com/docs/messaging/api/message-resource. */
export const route: Route = {
  id: "twilio",
  name: "Twilio",
  // Of the regions: https://www.twilio.com/docs/global-infrastructure/understanding-twilio-regions.
  hosts: ["api.twilio.com", "api.*.*.twilio.com"],
  secretHeaders: ["authorization"],
  handle,
  rateLimited: (seconds) => ({
    ...refusal(429, 20429, "Too Many Requests"),
    headers: { "retry-after": String(seconds) },
  }),
  unavailable: () => refusal(503, 503, "Internal Error"),
  webhook,
};
