import type { Attachment, EmailContent, Mailbox } from "../../message.ts";
import { fromBase64, isBase64, toBase64, utf8 } from "../../wire/bytes.ts";
import { parseMailboxList } from "../../wire/mailbox.ts";
import { decodeWords } from "./encoded-word.ts";

/** A raw message that SES would refuse; the text is for its error. */
export class MimeProblem extends Error {}

interface Part {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

type RawContent = Pick<EmailContent, "subject" | "html" | "text" | "headers" | "attachments"> & {
  readonly from: Mailbox | undefined;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
};

const maxLineLength = 998;
const structural = /^(from|to|cc|bcc|reply-to|subject|mime-version|date|message-id|content-.*)$/i;

/**
 * Reads a MIME message: RFC 5322 headers, multiparts, base64, quoted-printable and plain bodies in UTF-8. Strict where
 * SES is, and where a mistake would be seen by a recipient only.
 *
 * Errors: throws `MimeProblem`.
 */
export function readMime(raw: string): RawContent {
  // eslint-disable-next-line no-control-regex -- what is no ASCII is what is refused
  if (/[^\u0000-\u007f]/.test(raw)) throw new MimeProblem("The message must be 7-bit ASCII.");
  const lines = raw.split("\r\n");
  if (lines.some((line) => /[\r\n]/.test(line))) throw new MimeProblem("Lines must end in CRLF.");
  if (lines.some((line) => line.length > maxLineLength)) throw new MimeProblem("Maximum line length exceeded.");
  const root = readPart(raw);
  const leaves = leavesOf(root);
  const bodyOf = (type: string): string | undefined => {
    const leaf = leaves.find((each) => typeOf(each) === type && !isFile(each));
    return leaf && new TextDecoder().decode(bytesOf(leaf));
  };
  const from = mailboxesOf(root, "from");
  if (from.length > 1) throw new MimeProblem("Header 'From' must have one address.");
  return {
    from: from[0],
    to: mailboxesOf(root, "to"),
    cc: mailboxesOf(root, "cc"),
    replyTo: mailboxesOf(root, "reply-to"),
    subject: decodeWords(header(root, "subject") ?? ""),
    html: bodyOf("text/html"),
    text: bodyOf("text/plain"),
    headers: root.headers.filter(([name]) => !structural.test(name)).map(([name, value]) => [name, decodeWords(value)]),
    attachments: leaves.filter(isFile).map(attachmentOf),
  };
}

function readPart(text: string): Part {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) throw new MimeProblem("Missing the blank line after the headers.");
  const headers = text
    .slice(0, end)
    .replace(/\r\n(?=[ \t])/g, "")
    .split("\r\n")
    .map((line) => {
      const match = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line);
      if (!match) throw new MimeProblem("Missing ':' in a header.");
      return [match[1] ?? "", match[2] ?? ""] as const;
    });
  return { headers, body: text.slice(end + 4) };
}

function leavesOf(part: Part): readonly Part[] {
  if (!typeOf(part).startsWith("multipart/")) return [part];
  const boundary = parameter(header(part, "content-type") ?? "", "boundary");
  if (!boundary) throw new MimeProblem("A multipart has no boundary.");
  const [, ...parts] = `\r\n${part.body}`.split(`\r\n--${boundary}`);
  const last = parts.pop();
  if (!last?.startsWith("--") || parts.length === 0) throw new MimeProblem("A multipart does not end.");
  return parts.flatMap((each) => leavesOf(readPart(each.slice(2))));
}

function header({ headers }: Part, wanted: string): string | undefined {
  const found = headers.filter(([name]) => name.toLowerCase() === wanted);
  if (found.length > 1) throw new MimeProblem(`Duplicate header '${wanted}'.`);
  return found[0]?.[1];
}

function mailboxesOf(part: Part, name: string): readonly Mailbox[] {
  const list = parseMailboxList(header(part, name) ?? "");
  if (!list) throw new MimeProblem(`Header '${name}' has an address that is none.`);
  return list.map(decodeName);
}

/** The name as people read it. */
export function decodeName({ email, name }: Mailbox): Mailbox {
  return name === undefined ? { email } : { email, name: decodeWords(name) };
}

function typeOf(part: Part): string {
  return (header(part, "content-type") ?? "text/plain").replace(/;.*/s, "").trim().toLowerCase();
}

function isFile(part: Part): boolean {
  return /^(attachment|inline)/i.test(header(part, "content-disposition") ?? "");
}

/** `name=value`, `name="value"`, or in the sections of RFC 2231. */
function parameter(value: string, name: string): string | undefined {
  const sections = [...value.matchAll(new RegExp(`; *${name}\\*\\d+\\*=([^;]*)`, "gi"))].map((match) => match[1] ?? "");
  if (sections.length > 0) return decodeURIComponent(sections.join("").replace(/^utf-8''/i, ""));
  const match = new RegExp(`; *${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "i").exec(value);
  return match?.[1]?.replace(/\\(.)/g, "$1") ?? match?.[2];
}

function bytesOf(part: Part): Uint8Array<ArrayBuffer> {
  const encoding = (header(part, "content-transfer-encoding") ?? "7bit").toLowerCase();
  if (encoding === "base64") {
    if (part.body !== "" && !isBase64(part.body)) throw new MimeProblem("A part is no base64.");
    return fromBase64(part.body.replaceAll("\r\n", ""));
  }
  if (encoding !== "quoted-printable") return utf8(part.body);
  const compact = part.body.replace(/=\r\n/g, "");
  return Uint8Array.from(
    compact.replace(/=([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    (character) => character.charCodeAt(0),
  );
}

function attachmentOf(part: Part): Attachment {
  return {
    filename: parameter(header(part, "content-disposition") ?? "", "filename") ?? "attachment",
    contentType: header(part, "content-type") ?? "application/octet-stream",
    contentId: header(part, "content-id")?.replace(/^<|>$/g, ""),
    base64: toBase64(bytesOf(part)),
  };
}
