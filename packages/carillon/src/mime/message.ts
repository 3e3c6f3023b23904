import type { EmailMessage, EmailMessageAttachment } from "../channels/email.ts";
import { toBase64, toHex, utf8 } from "../crypto/bytes.ts";
import { asciiMailbox, encodedWords, headerText, unfoldable } from "./encoded-word.ts";

const crlf = "\r\n";

/** A header, folded before spaces (RFC 5322 section 2.2.3), so that unfolding gives the value back. */
function header(name: string, value: string): string {
  const folded = value.length < 70 ? value : value.replace(/(.{1,60}\S|\S+)(?= +\S)/g, `$1${crlf}`);
  return `${name}: ${folded}`;
}

/** In base64: no line is too long, none is altered on its way, and none can be a boundary. */
function part(contentType: string, base64: string, moreHeaders = ""): string {
  const head = `${header("Content-Type", contentType)}${crlf}Content-Transfer-Encoding: base64${moreHeaders}`;
  return head + crlf + crlf + base64.replace(/.{76}(?=.)/g, `$&${crlf}`);
}

function textPart(type: string, text: string): string {
  return part(`text/${type}; charset=UTF-8`, toBase64(utf8(text)));
}

/** Outside of ASCII in RFC 2231, in sections of which each has its line. */
function filenameParameter(filename: string): string {
  if (/^[ -~]+$/.test(filename)) return `filename="${filename.replace(/["\\]/g, "\\$&")}"`;
  const sections = toHex(utf8(filename)).match(/.{1,32}/g) ?? [];
  return sections
    .map((hex, index) => `filename*${index}*=${index ? "" : "UTF-8''"}${hex.replace(/../g, "%$&")}`)
    .join(`;${crlf} `);
}

function attachmentPart({ contentType, content, contentId, filename }: EmailMessageAttachment): string {
  const disposition = `${contentId ? "inline" : "attachment"}; ${filenameParameter(filename)}`;
  const id = contentId ? `${crlf}Content-ID: <${contentId}>` : "";
  return part(contentType, content, `${crlf}Content-Disposition: ${disposition}${id}`);
}

/** A single part needs no multipart. The boundary can stand in no part: `=_` is no base64, and each kind is used once. */
function multipart(kind: string, first: string, ...others: readonly string[]): string {
  if (!others.length) return first;
  const boundary = `=_carillon_${kind}`;
  // RFC 2387 section 3.1: `type` is that of the root, which is the first part. Other kinds have no such parameter.
  const [, type] = /: ([^;]+)/.exec(first) ?? [];
  const head = `Content-Type: multipart/${kind};${kind === "related" ? ` type="${type}";` : ""} boundary="${boundary}"`;
  const parts = [first, ...others].map((each) => `--${boundary}${crlf}${each}`);
  return [head, "", ...parts, `--${boundary}--`].join(crlf);
}

/**
 * The whole message as MIME (RFC 5322, 2045, 2046, 2387): lines of ASCII up to 998 characters, ended by CRLF but for the
 * last. `bcc` is left to the envelope. `Date` and `Message-ID` stand in it where `headers` has them: some services set both,
 * whatever a message says.
 */
export function mimeMessage({
  from,
  to,
  cc,
  replyTo,
  subject,
  text,
  html,
  attachments,
  headers,
}: EmailMessage): string {
  const partsOf = (isInline: boolean): readonly string[] =>
    attachments.filter(({ contentId }) => !contentId !== isInline).map(attachmentPart);
  const content = multipart("alternative", textPart("plain", text), ...(html ? [textPart("html", html)] : []));
  const people = Object.entries({ From: [from], To: to, Cc: cc, "Reply-To": replyTo })
    .filter(([, mailboxes]) => mailboxes.length)
    .map(([name, mailboxes]) => header(name, mailboxes.map(asciiMailbox).join(", ")));
  return [
    ...people,
    header("Subject", unfoldable.test(subject) ? encodedWords(subject) : headerText(subject)),
    ...Object.entries(headers).map(([name, value]) => header(name, headerText(value))),
    "MIME-Version: 1.0",
    multipart("mixed", multipart("related", content, ...partsOf(true)), ...partsOf(false)),
  ].join(crlf);
}
