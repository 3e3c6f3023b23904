import { headerName, isHeaderValue } from "../../wire/check.ts";
import { parseMailboxList } from "../../wire/mailbox.ts";
import type { Attachment, Mailbox } from "../../message.ts";
import { toBase64 } from "../../wire/bytes.ts";

// Sources: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages,
// https://github.com/mailgun/mailgun-mcp-server (src/openapi.yaml).

/** Send options (o:, h:, v: and t:) hold so much together. */
const maxOptionBytes = 16 * 1024;
const maxRecipients = 1000;
const maxSendAheadMs = 7 * 86_400_000;

const yesNo = /^(yes|no|true|false)$/;
const yesNoHtml = /^(yes|no|true|false|htmlonly)$/;

/** What may stand in the form once; the values that a field takes where they are listed. */
const single: Readonly<Record<string, RegExp>> = {
  from: /./s,
  subject: /^[^\r\n]*$/,
  text: /^/,
  html: /^/,
  "recipient-variables": /^\{/,
  "o:dkim": yesNo,
  "o:deliverytime": /^([A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(:\d\d)? [+-]\d{4}$/,
  "o:deliver-within": /^(\d+h)?(\d+m)?$/,
  "o:testmode": /^yes$/,
  "o:tracking": yesNoHtml,
  "o:tracking-clicks": yesNoHtml,
  "o:tracking-opens": yesNo,
  "o:require-tls": yesNo,
  "o:skip-verification": yesNo,
  "o:sending-ip": /^[\d.]+$/,
  "o:sending-ip-pool": /./,
  "o:suppress-headers": /^(all|[\w-]+(,[\w-]+)*)$/i,
};

const several = new Set(["to", "cc", "bcc", "o:tag", "attachment", "inline"]);

export interface MailgunFields {
  /** Values by field; of the repeated ones the first. */
  readonly one: ReadonlyMap<string, string>;
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly tags: readonly string[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly variables: Readonly<Record<string, string>>;
  readonly files: readonly Attachment[];
  /** By address, in lower case; undefined: no batch. */
  readonly recipientVariables: ReadonlyMap<string, Readonly<Record<string, unknown>>> | undefined;
  readonly sendAtMs: number | undefined;
}

/** The fields of a form, or what Mailgun would say of them. */
export async function readFields(form: FormData, nowMs: number): Promise<MailgunFields | string> {
  const pairs = Array.from(form).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  const problem = fieldProblem(form, pairs);
  if (problem !== undefined) return problem;
  const one = new Map(pairs.toReversed());
  const mailboxes = { from: [] as Mailbox[], to: [] as Mailbox[], cc: [] as Mailbox[], bcc: [] as Mailbox[] };
  for (const name of ["from", "to", "cc", "bcc"] as const) {
    for (const value of form.getAll(name)) {
      const list = typeof value === "string" ? parseMailboxList(value) : undefined;
      if (list === undefined) return `'${name}' parameter is not a valid address. please check documentation`;
      mailboxes[name].push(...list);
    }
    if (mailboxes[name].length === 0 && (name === "from" || name === "to")) return `${name} parameter is missing`;
  }
  const [from, second] = mailboxes.from;
  if (from === undefined || second !== undefined)
    return "'from' parameter is not a valid address. please check documentation";
  if (!one.has("text") && !one.has("html")) {
    return "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified";
  }
  const { to, cc, bcc } = mailboxes;
  if (to.length + cc.length + bcc.length > maxRecipients) return "to parameter exceeds the limit of 1000 recipients";
  const recipientVariables = readRecipientVariables(one.get("recipient-variables"));
  if (typeof recipientVariables === "string") return recipientVariables;
  const delivery = one.get("o:deliverytime");
  const sendAtMs = delivery === undefined ? undefined : Date.parse(delivery);
  if (sendAtMs !== undefined && !(sendAtMs <= nowMs + maxSendAheadMs)) return "o:deliverytime is too far in the future";
  const starting = (prefix: string): [string, string][] =>
    pairs.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]);
  return {
    one,
    from,
    to: withoutRepeats(to),
    cc,
    bcc,
    tags: pairs.filter(([name]) => name === "o:tag").map(([, tag]) => tag),
    headers: starting("h:"),
    variables: Object.fromEntries(starting("v:")),
    files: await readFiles(form),
    recipientVariables,
    sendAtMs,
  };
}

function fieldProblem(form: FormData, pairs: readonly (readonly [string, string])[]): string | undefined {
  for (const [name, value] of form) {
    const isFile = name === "attachment" || name === "inline";
    if (isFile !== (typeof value !== "string")) return `'${name}' parameter ${isFile ? "must be" : "cannot be"} a file`;
  }
  for (const [name, value] of pairs) {
    const rule = Object.hasOwn(single, name) ? single[name] : undefined;
    const isKnown = rule !== undefined || several.has(name) || /^[hv]:./.test(name);
    if (!isKnown) return `'${name}' parameter is not supported`;
    if (rule !== undefined && form.getAll(name).length > 1) return `'${name}' parameter is given more than once`;
    if (rule?.test(value) === false) return `'${name}' parameter is not valid`;
    if (name.startsWith("h:") && !(headerName.test(name.slice(2)) && isHeaderValue(value))) {
      return `'${name}' parameter is not a valid header`;
    }
  }
  const options = pairs.filter(([name]) => /^[ohvt]:/.test(name)).flat();
  if (new TextEncoder().encode(options.join("")).length > maxOptionBytes) {
    return "Send options (parameters starting with o:, h:, or v:) are limited to 16KB total";
  }
  return undefined;
}

/** "Duplicate addresses are automatically ignored." */
function withoutRepeats(mailboxes: readonly Mailbox[]): readonly Mailbox[] {
  return [
    ...new Map(mailboxes.toReversed().map((mailbox) => [mailbox.email.toLowerCase(), mailbox])).values(),
  ].toReversed();
}

function readRecipientVariables(text: string | undefined): MailgunFields["recipientVariables"] | string {
  if (text === undefined) return undefined;
  const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  try {
    const json: unknown = JSON.parse(text);
    if (isObject(json) && Object.values(json).every(isObject)) {
      const entries = Object.entries(json) as [string, Readonly<Record<string, unknown>>][];
      return new Map(entries.map(([address, variables]) => [address.toLowerCase(), variables]));
    }
  } catch {
    // No JSON: said below.
  }
  return "'recipient-variables' parameter is not a valid JSON";
}

function readFiles(form: FormData): Promise<Attachment[]> {
  const named = (["attachment", "inline"] as const).flatMap((name) =>
    form.getAll(name).map((file) => [name, file as unknown as File] as const),
  );
  return Promise.all(
    named.map(async ([name, file]) => ({
      filename: file.name,
      contentType: file.type === "" ? "application/octet-stream" : file.type,
      // What is inline is shown by its name.
      contentId: name === "inline" ? file.name : undefined,
      base64: toBase64(new Uint8Array(await file.arrayBuffer())),
    })),
  );
}
