import { array, literal, maxLength, optional, pipe, record, regex, strictObject, string, union } from "valibot";
import type { GenericSchema } from "valibot";
import { toBase64 } from "../crypto/bytes.ts";
import { plainText } from "../text/plain-text.ts";
import type { Address, Channel, Extras, MessageExtras } from "./channel.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { parseEmailAddress } from "../address/email-address.ts";
import { base64SizeBytes, fileContent } from "./file-content.ts";
import { emailLabel } from "./label.ts";
import { extras, filledText, fillExtras, httpsUrl, line } from "./schemas.ts";

export interface EmailAddress {
  readonly email: string;
  readonly name?: string | undefined;
}

export interface EmailAttachment {
  readonly filename: string;
  /** `image/png`; parameters are allowed: `text/calendar; method=REQUEST`. */
  readonly contentType: string;
  /** Bytes, or the bytes in base64 (standard alphabet, padded). */
  readonly content: Uint8Array | string;
  /** Makes it an inline part that the HTML shows with `src="cid:<contentId>"`; no angle brackets. */
  readonly contentId?: string | undefined;
}

export interface EmailInput extends Extras {
  readonly channel: "email";
  /**
   * Bare addresses, never `Ada <ada@example.com>`. A list is one envelope: one result, and everybody sees everybody. At
   * most 1,000 with `cc` and `bcc`; who is named twice gets it once, in the first of `to`, `cc` and `bcc`.
   */
  readonly to: string | EmailAddress | readonly (string | EmailAddress)[];
  readonly from: string | EmailAddress;
  readonly cc?: string | EmailAddress | readonly (string | EmailAddress)[] | undefined;
  readonly bcc?: string | EmailAddress | readonly (string | EmailAddress)[] | undefined;
  readonly replyTo?: string | EmailAddress | readonly (string | EmailAddress)[] | undefined;
  /** One line, up to 998 characters. */
  readonly subject: string;
  /** At least one of `html` and `text`; a missing `text` is made from `html`. */
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly attachments?: readonly EmailAttachment[] | undefined;
  /** Not those that the message itself sets (`Subject`, `Content-Type`, ...), each at most once whatever its case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** One recipient only: becomes `List-Unsubscribe` and, for an https URL, `List-Unsubscribe-Post` (RFC 8058). */
  readonly unsubscribe?: { readonly url?: string | undefined; readonly mailto?: string | undefined } | undefined;
}

export interface EmailMessageAttachment {
  readonly filename: string;
  readonly contentType: string;
  /** Standard base64, padded, no line breaks. */
  readonly content: string;
  /** Of the decoded bytes. */
  readonly sizeBytes: number;
  readonly contentId?: string | undefined;
}

/** Domains are in lower case and punycode everywhere, and no recipient is in it twice. */
export interface EmailMessage extends MessageExtras {
  readonly channel: "email";
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly replyTo: readonly EmailAddress[];
  readonly from: EmailAddress;
  readonly subject: string;
  readonly html?: string | undefined;
  /** Always there and never empty: the caller's, or made from the HTML, or the subject where the HTML has no text. */
  readonly text: string;
  readonly attachments: readonly EmailMessageAttachment[];
  /** With `List-Unsubscribe` and `List-Unsubscribe-Post` where the input had `unsubscribe`. */
  readonly headers: Readonly<Record<string, string>>;
}

const mailbox = /* @__PURE__ */ strictObject({ email: string(), name: optional(line(0, 256)) });
const mailboxes = /* @__PURE__ */ union([string(), mailbox, pipe(array(union([string(), mailbox])), maxLength(1000))]);

// RFC 2045 section 5.1; tokens as in RFC 9110, which are stricter.
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+( ?; ?[\w!#$%&'*+.^`|~-]+=[\w!#$%&'*+.^`|~-]+)*$/;

const entries = {
  from: /* @__PURE__ */ union([string(), mailbox]),
  cc: /* @__PURE__ */ optional(mailboxes),
  bcc: /* @__PURE__ */ optional(mailboxes),
  replyTo: /* @__PURE__ */ optional(mailboxes),
  subject: /* @__PURE__ */ line(1, 998),
  html: /* @__PURE__ */ optional(filledText),
  text: /* @__PURE__ */ optional(filledText),
  attachments: /* @__PURE__ */ optional(
    array(
      strictObject({
        filename: line(1, 255),
        contentType: pipe(string(), regex(mediaType, "expected a media type: type/subtype")),
        content: fileContent,
        contentId: optional(
          pipe(
            string(),
            regex(/^[!#-;=?-~]{1,255}$/, "expected a content id without angle brackets, quotes and spaces"),
          ),
        ),
      }),
    ),
  ),
  headers: /* @__PURE__ */ optional(
    // RFC 5322 section 3.6.8 `ftext` allows more; a token is what every relay takes.
    record(
      pipe(string(), regex(/^[\w!#$%&'*+.^`|~-]{1,76}$/, "expected header names that are tokens")),
      line(0, 10_000),
    ),
  ),
  unsubscribe: /* @__PURE__ */ optional(strictObject({ url: optional(httpsUrl), mailto: optional(string()) })),
  ...extras,
};

const inputSchema: GenericSchema<EmailInput> = /* @__PURE__ */ strictObject({
  channel: literal("email"),
  to: mailboxes,
  ...entries,
});

/** What the message, its transport or its signature sets; and what would send it on to others. */
const ownHeader =
  /^(to|from|cc|bcc|subject|reply-to|date|message-id|sender|return-path|received|dkim-signature|mime-version|(content|resent|arc)-.*)$/i;

const asList = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

function readMailboxes(value: EmailInput["cc"], field: string, reject: Reject): EmailAddress[] {
  return asList(value).map((item, index) => {
    const { email, name } = typeof item === "string" ? { email: item } : item;
    const parsed = parseEmailAddress(email);
    if ("email" in parsed) return name ? { email: parsed.email, name } : parsed;
    const path = Array.isArray(value) ? `${field}.${index}` : field;
    reject(typeof item === "string" ? path : `${path}.email`, parsed.expected);
    return { email };
  });
}

function readAttachment(
  { filename, contentType, content, contentId }: EmailAttachment,
  field: string,
  reject: Reject,
): EmailMessageAttachment {
  const sizeBytes = typeof content === "string" ? base64SizeBytes(content) : content.length;
  if (sizeBytes === undefined) reject(`${field}.content`, "expected canonical base64: padded, trailing bits zero");
  return {
    filename,
    contentType,
    content: typeof content === "string" ? content : toBase64(content),
    sizeBytes: sizeBytes ?? 0,
    contentId,
  };
}

/** RFC 2369 and RFC 8058. */
function unsubscribeHeaders(
  { url, mailto }: NonNullable<EmailInput["unsubscribe"]>,
  reject: Reject,
): [string, string][] {
  const uris = url ? [`<${url}>`] : [];
  if (mailto !== undefined) {
    const [address = "", ...query] = mailto.split("?");
    const parsed = parseEmailAddress(address);
    if ("email" in parsed && /^[!-;=?-~]*$/.test(query.join("?"))) {
      uris.push(`<mailto:${[parsed.email, ...query].join("?")}>`);
    } else reject("unsubscribe.mailto", "expected a bare address, which may have a percent-encoded ?subject=");
  }
  if (uris.length === 0) reject("unsubscribe", "expected url, mailto or both");
  const headers: [string, string][] = [["List-Unsubscribe", uris.join(", ")]];
  if (url) headers.push(["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"]);
  return headers;
}

function readHeaders(input: EmailInput, reject: Reject): Record<string, string> {
  const headers = [
    ...Object.entries(input.headers ?? {}),
    ...(input.unsubscribe ? unsubscribeHeaders(input.unsubscribe, reject) : []),
  ];
  const seen = new Set<string>();
  for (const [name] of headers) {
    if (ownHeader.test(name)) reject(`headers.${name}`, "expected no header that the message sets itself");
    if (seen.has(name.toLowerCase()))
      reject(`headers.${name}`, "expected each header once (`unsubscribe` sets its own)");
    seen.add(name.toLowerCase());
  }
  return Object.fromEntries(headers);
}

/** A fresh filter that lets each mailbox through once, in the order in which it is asked. */
function onlyFirst(): (address: EmailAddress) => boolean {
  const seen = new Set<string>();
  return ({ email }) => seen.size < seen.add(email.toLowerCase()).size;
}

function toMessage(input: EmailInput, reject: Reject): EmailMessage {
  // Providers differ over a repeated recipient (some refuse the request), and callers join lists that overlap: one copy
  // for each mailbox is what all of them mean.
  const isFirst = onlyFirst();
  const [to, cc, bcc] = (["to", "cc", "bcc"] as const).map((field) =>
    readMailboxes(input[field], field, reject).filter(isFirst),
  ) as [EmailAddress[], EmailAddress[], EmailAddress[]];
  const recipients = to.length + cc.length + bcc.length;
  if (to.length === 0) reject("to", "expected at least one recipient");
  if (recipients > 1000) reject("to", "expected at most 1000 recipients with cc and bcc");
  if (input.unsubscribe && recipients > 1) {
    reject("unsubscribe", "expected exactly one recipient: the others would unsubscribe the first");
  }
  if (input.html === undefined && input.text === undefined) reject("html", "expected html, text or both");
  return {
    channel: "email",
    to,
    cc,
    bcc,
    replyTo: readMailboxes(input.replyTo, "replyTo", reject),
    from: readMailboxes(input.from, "from", reject)[0] as EmailAddress,
    subject: input.subject,
    html: input.html,
    text: input.text ?? (plainText(input.html ?? "") || input.subject),
    attachments: (input.attachments ?? []).map((item, index) => readAttachment(item, `attachments.${index}`, reject)),
    headers: readHeaders(input, reject),
    ...fillExtras(input, reject),
  };
}

function toAddress({ email }: EmailAddress): Address {
  const key = email.toLowerCase();
  const base = key.replace(/(?<=.)\+.*@/, "@");
  return {
    key,
    base: base === key ? undefined : base,
    label: emailLabel(key),
    secrets: [...new Set([email, key])],
  };
}

export const emailChannel: Channel<"email"> = {
  id: "email",
  address: mailboxes,
  content: /* @__PURE__ */ strictObject(entries),
  normalise: (input) => normaliseWith(inputSchema, input, toMessage),
  addresses: ({ to, cc, bcc }) => [...to, ...cc, ...bcc].map(toAddress),
  withRecipient(message, to) {
    const parsed = parseEmailAddress(to);
    return "email" in parsed ? { ...message, to: [parsed], cc: [], bcc: [] } : undefined;
  },
};
