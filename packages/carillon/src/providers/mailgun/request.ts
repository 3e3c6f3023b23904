import type { EmailMessage } from "../../channels/email.ts";
import { fromBase64, toBase64, utf8 } from "../../crypto/bytes.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { formatMailbox, recipientCount } from "../../provider/mailbox.ts";
import { type FieldProblem, isOverBytes, refusal, refused } from "../../provider/message.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";
import { type MailgunOptions, messageRules } from "./options.ts";
import type { MailgunField, MailgunSendOption } from "./wire.ts";

/**
 * What of Mailgun's rules can be seen in a message; cheap, without its size.
 *
 * Source: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read 2026-11-23): the fields
 * that begin with o:, h: and v: hold 16 kB together; more than 4 kB of variables do not come back in webhooks.
 */
export function checkMailgunMessage(message: EmailMessage, messageId: string): ProviderFailure | undefined {
  return refusal("mailgun", message, messageRules, problemsOf(message, messageId));
}

function* problemsOf(message: EmailMessage, messageId: string): Generator<FieldProblem> {
  for (const name of Object.keys(message.headers)) {
    // Mailgun reads its own options and variables out of these.
    if (/^x-mailgun-/i.test(name)) yield [`headers.${name}`, "another name"];
  }
  const maxMetadataBytes = 3_800;
  const variables = JSON.stringify(message.metadata);
  if (isOverBytes(maxMetadataBytes, variables)) yield ["metadata", `at most ${maxMetadataBytes} bytes as JSON`];
  const maxOptionBytes = 16_384;
  const options = [...optionFields(message), ...variableFields(message, messageId)].flat().join("");
  if (isOverBytes(maxOptionBytes, options)) {
    yield ["headers", `at most ${maxOptionBytes} bytes with metadata, tags and options`];
  }
}

/** Mailgun's names of `providerOptions.mailgun`. */
const optionNames: Readonly<Record<string, MailgunSendOption>> = {
  trackOpens: "o:tracking-opens",
  trackClicks: "o:tracking-clicks",
  requireTls: "o:require-tls",
  sendingIpPool: "o:sending-ip-pool",
};

function optionFields({ headers, replyTo, tags, providerOptions }: EmailMessage): readonly MailgunField[] {
  const { testMode, deliveryTime, ...options } = providerOptions["mailgun"] ?? {};
  return [
    ...tags.map((tag): MailgunField => ["o:tag", tag]),
    ...Object.entries(options as Readonly<Record<string, string | boolean | undefined>>).flatMap(
      ([option, value]): MailgunField[] =>
        value === undefined ? [] : [[optionNames[option]!, value === true ? "yes" : value || "no"]],
    ),
    ...(testMode ? [["o:testmode", "yes"] as const] : []),
    // RFC 2822, whose zone is a number.
    ...(deliveryTime
      ? [["o:deliverytime", new Date(deliveryTime as string).toUTCString().replace("GMT", "+0000")] as const]
      : []),
    // The variables are for webhooks; in this header the recipient would read them.
    ["o:suppress-headers", "X-Mailgun-Variables"],
    ...(replyTo.length ? [["h:Reply-To", replyTo.map(formatMailbox).join(", ")] as const] : []),
    ...Object.entries(headers).map(([name, value]): MailgunField => [`h:${name}`, value]),
  ];
}

function variableFields({ metadata }: EmailMessage, messageId: string): readonly MailgunField[] {
  return Object.entries({ [messageIdKey]: messageId, ...metadata }).map(([name, value]) => [`v:${name}`, value]);
}

/** What all messages of a request have in common, but for its files. */
function contentFields(message: EmailMessage): readonly MailgunField[] {
  const { from, subject, text, html } = message;
  return [
    ["from", formatMailbox(from)],
    ["subject", subject],
    ["text", text],
    ...(html ? [["html", html] as const] : []),
    ...optionFields(message),
  ];
}

/**
 * Messages of one key differ in recipient, id and the values of metadata alone, which is what recipient variables hold.
 * Those with more than one recipient go alone: a copy would go out once for each message. So does what says `%recipient`,
 * which Mailgun would fill in; and metadata that JSON escapes, since it is not documented how a value is put into the
 * JSON of an event's variables.
 */
export function mailgunGroupKey(message: EmailMessage): string | undefined {
  const { attachments, metadata } = message;
  const values = Object.values(metadata).join("");
  const key = JSON.stringify([contentFields(message), attachments, Object.keys(metadata).toSorted()]);
  const alone =
    recipientCount(message) > 1 ||
    (key + values + formatMailbox(message.to[0]!)).includes("%recipient") ||
    JSON.stringify(values).length > values.length + 2 ||
    // The id is not known here; a caller's own that is too long is refused by Mailgun.
    checkMailgunMessage(message, "");
  return alone ? undefined : key;
}

/**
 * The fields of a batch: everybody in `to`, of whom each gets a message of his own because each has variables. Those are
 * also where an event's user variables come from.
 *
 * Source: https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending (read 2026-11-23), and
 * "Attaching Data to Messages" in https://github.com/mailgun/documentation (source/user_manual.rst)
 */
function batchFields(items: readonly BatchItem<"email">[]): readonly MailgunField[] {
  const names = Object.keys((items[0] as BatchItem<"email">).message.metadata);
  const variables = items.map(({ message: { to, metadata }, messageId }) => [
    to[0]!.email,
    Object.fromEntries([["id", messageId], ...names.map((name, index) => [`v${index}`, metadata[name]])]),
  ]);
  return [
    ...items.map(({ message }): MailgunField => ["to", formatMailbox(message.to[0]!)]),
    ["recipient-variables", JSON.stringify(Object.fromEntries(variables))],
    [`v:${messageIdKey}`, "%recipient.id%"],
    ...names.map((name, index): MailgunField => [`v:${name}`, `%recipient.v${index}%`]),
  ];
}

function aloneFields({ message, messageId }: BatchItem<"email">): readonly MailgunField[] {
  const recipients = (["to", "cc", "bcc"] as const).flatMap((field) =>
    message[field].map((address): MailgunField => [field, formatMailbox(address)]),
  );
  return [...recipients, ...variableFields(message, messageId)];
}

/**
 * One request for one message, or for up to 1,000 of one {@link mailgunGroupKey}.
 *
 * Errors: `invalid-message` for one that is over 25 MB; and for a batch that has a recipient twice, of whom Mailgun would
 * keep one: the core then sends its messages one by one.
 * Source: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (read 2026-11-23)
 */
export async function buildMailgunRequest(
  items: readonly BatchItem<"email">[],
  { apiKey, domain, region }: MailgunOptions,
): Promise<OutboundRequest | ProviderFailure> {
  const [first] = items as readonly [BatchItem<"email">];
  const { message } = first;
  const maxBytes = 25 * 1024 * 1024;
  const fileBytes = message.attachments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (isOverBytes(maxBytes - fileBytes, message.text + (message.html ?? ""))) {
    return refused("attachments", `at most ${maxBytes} bytes with the rest`);
  }
  if (new Set(items.map(({ message: { to } }) => to[0]!.email.toLowerCase())).size < items.length) {
    return refused("to", "each recipient once in a batch");
  }
  const key = await readSecret(apiKey);
  if (typeof key !== "string") return key;
  const form = new FormData();
  const fields = [...contentFields(message), ...(items.length > 1 ? batchFields(items) : aloneFields(first))];
  for (const [name, value] of fields) form.append(name, value);
  for (const { filename, contentType, content, contentId } of message.attachments) {
    const file = new Blob([fromBase64(content)!], { type: contentType });
    // An inline file is shown by its name.
    form.append(contentId ? "inline" : "attachment", file, contentId ?? filename);
  }
  const credential = toBase64(utf8(`api:${key}`));
  return {
    method: "POST",
    url: `https://api${region === "eu" ? ".eu" : ""}.mailgun.net/v3/${domain}/messages`,
    headers: { authorization: `Basic ${credential}` },
    body: form,
    secrets: [key, credential],
  };
}
