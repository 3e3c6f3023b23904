import { simulatorCredentials } from "../credentials.ts";
import { type AcceptedMessage, emailRecipients, type EmailContent, type Mailbox } from "../message.ts";
import type { Answer, ApiRequest, Handled, Route } from "../route.ts";
import { randomBytes, toBase64, utf8 } from "../wire/bytes.ts";
import { parseMailboxList } from "../wire/mailbox.ts";
import { type MailgunFields, readFields } from "./mailgun/fields.ts";
import { webhook } from "./mailgun/webhook.ts";

// Sources: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages,
// https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending.

const { apiKey, domain, euDomain } = simulatorCredentials.mailgun;
const maxBodyBytes = 25 * 1024 * 1024;

/** A domain belongs to one region, and is known to that region's host alone. */
const domainsByHost: Readonly<Record<string, string>> = {
  "api.mailgun.net": domain,
  "api.eu.mailgun.net": euDomain,
};

function refuse(status: number, message: string): Handled {
  return { answer: { status, body: { message } }, messages: [] };
}

async function handle(request: ApiRequest): Promise<Handled> {
  const [, given] = /^\/v3\/([^/]+)\/messages$/.exec(request.path) ?? [];
  // What the API says of any path that it does not know, with or without a key.
  if (given === undefined) return { answer: { status: 200, body: "Mailgun Magnificent API" }, messages: [] };
  if (request.headers.get("authorization") !== `Basic ${toBase64(utf8(`api:${apiKey}`))}`) {
    return { answer: { status: 401, headers: { "content-type": "text/plain" }, body: "Forbidden" }, messages: [] };
  }
  if (request.method !== "POST") return refuse(405, "Method Not Allowed");
  if (given.toLowerCase() !== domainsByHost[request.host]) return refuse(404, `Domain not found: ${given}`);
  if (request.bytes.length > maxBodyBytes) return refuse(413, "Request Entity Too Large");
  const form = await formOf(request);
  if (form === undefined) return refuse(400, "from parameter is missing");
  const fields = await readFields(form, request.nowMs);
  if (typeof fields === "string") return refuse(400, fields);
  const id = `${timeText(request.nowMs)}.${toHex(randomBytes(8))}@${given}`;
  return {
    answer: { status: 200, body: { id: `<${id}>`, message: "Queued. Thank you." } },
    messages: accepted(fields, id),
  };
}

async function formOf({ bytes, headers }: ApiRequest): Promise<FormData | undefined> {
  try {
    const contentType = headers.get("content-type") ?? "";
    return await new Response(bytes, { headers: { "content-type": contentType } }).formData();
  } catch {
    return undefined;
  }
}

/** With recipient variables everybody in `to` gets a message of his own; without them all share one, and see each other. */
function accepted(fields: MailgunFields, id: string): readonly AcceptedMessage[] {
  const { recipientVariables, to } = fields;
  if (recipientVariables === undefined) return [messageTo(to, fields, id, (text) => text)];
  return to.map((mailbox) => {
    const variables = recipientVariables.get(mailbox.email.toLowerCase()) ?? {};
    const fill = (text: string): string =>
      text.replace(/%recipient\.([^%\s]+)%/g, (place, name: string) =>
        Object.hasOwn(variables, name) ? String(variables[name]) : place,
      );
    return messageTo([mailbox], fields, id, fill);
  });
}

function messageTo(
  to: readonly Mailbox[],
  fields: MailgunFields,
  id: string,
  fill: (text: string) => string,
): AcceptedMessage<EmailContent> {
  const { one, from, cc, bcc, sendAtMs } = fields;
  const filled = (name: string): string | undefined => {
    const text = one.get(name);
    return text === undefined ? undefined : fill(text);
  };
  const metadata = Object.fromEntries(Object.entries(fields.variables).map(([name, text]) => [name, fill(text)]));
  const headers = fields.headers.map(([name, text]) => [name, fill(text)] as const);
  const suppressed = (one.get("o:suppress-headers") ?? "").toLowerCase().split(",");
  const shows = !suppressed.includes("all") && !suppressed.includes("x-mailgun-variables");
  const replyTo = headers.find(([name]) => name.toLowerCase() === "reply-to")?.[1];
  const content: EmailContent = {
    kind: "email",
    from,
    to,
    cc,
    bcc,
    replyTo: replyTo === undefined ? [] : (parseMailboxList(replyTo) ?? []),
    subject: filled("subject") ?? "",
    html: filled("html"),
    text: filled("text"),
    headers: [
      ...headers.filter(([name]) => name.toLowerCase() !== "reply-to"),
      // Variables are for whoever asks for events, and recipients see them, too.
      ...(shows && Object.keys(metadata).length > 0
        ? [["X-Mailgun-Variables", JSON.stringify(metadata)] as const]
        : []),
    ],
    attachments: fields.files,
  };
  return {
    providerMessageId: id,
    messageId: metadata["carillon_message_id"],
    content,
    metadata,
    tags: fields.tags,
    recipients: emailRecipients(content),
    sendAtMs,
    extra: one.has("o:testmode") ? { testMode: "yes" } : undefined,
  };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `20260102030405` */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, "").slice(0, 14);
}

const down: Answer = { status: 503, body: { message: "Service Unavailable" } };

/** Mailgun, v3 messages: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages. */
export const route: Route = {
  id: "mailgun",
  name: "Mailgun",
  hosts: ["api.mailgun.net", "api.eu.mailgun.net"],
  secretHeaders: ["authorization"],
  handle,
  rateLimited: (seconds) => ({
    status: 429,
    headers: { "retry-after": String(seconds) },
    body: {
      message: `Domain ${domain} is not allowed to send: account-requests-per-sec limit exceeded, try again after ${seconds} seconds`,
    },
  }),
  unavailable: () => down,
  webhook,
};
