import { toBase64 } from "../crypto/bytes.ts";
import { plainText } from "../text/plain-text.ts";
import type { Address, ChannelDefinition, Extras, MessageExtras } from "./definition.ts";
import { normaliseWith } from "./check.ts";
import type { Reject } from "./check.ts";
import { emailExpectation, spellEmailAddress } from "../address/email-address.ts";
import { base64SizeBytes, fileContent } from "./file-content.ts";
import { emailLabel } from "./label.ts";
import { either, isObject, list, object, oneOf, optional, record, text } from "../rule/rules.ts";
import { extras, filledText, fillExtras, httpsUrl, line } from "./common-rules.ts";

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
  /** At most 1,000. */
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

const address = text(emailExpectation, /@/, spellEmailAddress);
const mailbox = either(isObject, object<EmailAddress>({ email: address, name: optional(line(0, 256)) }), address);
const mailboxes = either(Array.isArray, list(mailbox, 1000), mailbox);
const maybeMailboxes = optional(mailboxes);

/** RFC 9110 section 5.6.2: stricter than RFC 2045 for media types and RFC 5322 for header names; every relay takes it. */
const token = "[\\w!#$%&'*+.^`|~-]";
const mediaType = /* @__PURE__ */ new RegExp(`^${token}+/${token}+( ?; ?${token}+=${token}+)*$`);
const headerName = /* @__PURE__ */ new RegExp(`^${token}{1,76}$`);

/** What the message, its transport or its signature sets; and what would send it on to others. */
const ownHeader =
  /^(to|from|b?cc|subject|reply-to|date|message-id|sender|return-path|received|dkim-signature|mime-version|(content|resent|arc)-.*)$/i;

const entries = {
  from: mailbox,
  cc: maybeMailboxes,
  bcc: maybeMailboxes,
  replyTo: maybeMailboxes,
  subject: line(1, 998),
  html: optional(filledText),
  text: optional(filledText),
  attachments: optional(
    list(
      object<EmailAttachment>({
        filename: line(1, 255),
        contentType: text("type/subtype", mediaType),
        content: fileContent,
        contentId: optional(text("a content id, without <>", /^[!#-;=?-~]{1,255}$/)),
      }),
      1000,
    ),
  ),
  headers: optional(
    record(
      text("a header that the message does not set", headerName, (name) => !ownHeader.test(name)),
      line(0, 10_000),
    ),
  ),
  unsubscribe: optional(
    object({
      url: optional(httpsUrl),
      mailto: optional(
        text("a bare address, percent-encoded", /^[^?]+(\?[!-;=?-~]*)?$/, (input) =>
          spellEmailAddress(input.replace(/\?.*/, "")),
        ),
      ),
    }),
  ),
  ...extras,
};

const inputRule = object<EmailInput>({
  channel: oneOf("email"),
  to: mailboxes,
  ...entries,
});

/** What the schema has seen to be addresses. */
function readMailboxes(input: EmailInput["cc"]): EmailAddress[] {
  return [input ?? []].flat().map((item) => {
    const { email, name } = typeof item === "string" ? { email: item } : item;
    return { email: spellEmailAddress(email) as string, ...(name && { name }) };
  });
}

function readAttachment(attachment: EmailAttachment): EmailMessageAttachment {
  const content = typeof attachment.content === "string" ? attachment.content : toBase64(attachment.content);
  return { ...attachment, content, sizeBytes: base64SizeBytes(content) };
}

/** RFC 2369 and RFC 8058. */
function unsubscribeHeaders({ url, mailto }: NonNullable<EmailInput["unsubscribe"]>): [string, string][] {
  const uris = [url, mailto && `mailto:${mailto.replace(/^[^?]+/, (bare) => spellEmailAddress(bare) as string)}`];
  const headers: [string, string][] = [
    ["List-Unsubscribe", uris.flatMap((uri) => (uri ? `<${uri}>` : [])).join(", ")],
    ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"],
  ];
  return headers.slice(0, url ? 2 : 1);
}

/** A fresh filter that lets each text through once, whatever its case. */
function onlyFirst(): (text: string) => boolean {
  const seen = new Set<string>();
  return (text) => seen.size < seen.add(text.toLowerCase()).size;
}

function toMessage(input: EmailInput, reject: Reject): EmailMessage {
  const { from, replyTo, subject, html, attachments = [], unsubscribe } = input;
  // Providers differ over a repeated recipient (some refuse the request), and callers join lists that overlap: one copy
  // for each mailbox is what all of them mean.
  const isFirst = onlyFirst();
  const read = (field: EmailInput["cc"]): EmailAddress[] => readMailboxes(field).filter(({ email }) => isFirst(email));
  const to = read(input.to);
  const cc = read(input.cc);
  const bcc = read(input.bcc);
  const recipients = to.length + cc.length + bcc.length;
  if (!to.length || recipients > 1000) reject("to", "1 to 1000 recipients with cc and bcc");
  if (unsubscribe) {
    if (!unsubscribe.url && !unsubscribe.mailto) reject("unsubscribe", "url, mailto or both");
    if (recipients > 1) reject("unsubscribe", "one recipient");
  }
  if (!html && !input.text) reject("html", "html, text or both");
  const headers = Object.entries(input.headers ?? {}).concat(unsubscribe ? unsubscribeHeaders(unsubscribe) : []);
  const isNew = onlyFirst();
  for (const [name] of headers) if (!isNew(name)) reject(`headers.${name}`, "each header once");
  return {
    channel: "email",
    to,
    cc,
    bcc,
    replyTo: readMailboxes(replyTo),
    from: readMailboxes(from)[0] as EmailAddress,
    subject,
    html,
    text: input.text ?? (plainText(html ?? "") || subject),
    attachments: attachments.map(readAttachment),
    headers: Object.fromEntries(headers),
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

export const emailChannel: ChannelDefinition<"email", EmailMessage> = {
  id: "email",
  normalise: (input) => normaliseWith(inputRule, input, toMessage),
  addresses: ({ to, cc, bcc }) => [...to, ...cc, ...bcc].map(toAddress),
  withRecipient(message, to) {
    const email = spellEmailAddress(to);
    // Who gets it instead must not be able to unsubscribe the one whom it was meant for.
    const headers = Object.entries(message.headers).filter(([name]) => !/^list-unsubscribe/i.test(name));
    return email ? { ...message, to: [{ email }], cc: [], bcc: [], headers: Object.fromEntries(headers) } : undefined;
  },
};
