import type { EmailAddress, EmailMessage } from "../../channels/email.ts";
import { toBase64, utf8 } from "../../crypto/bytes.ts";
import type { ProviderFailure } from "../../provider/contract.ts";
import { type FieldProblem, refusal } from "../../provider/message.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";
import type { MailpitOptions } from "./options.ts";
import type { MailpitAddress, MailpitMail } from "./wire.ts";

/** What carries our id and the metadata: in Mailpit, headers are what everybody can see and search. */
const idHeader = "X-Carillon-Message-Id";
const metadataHeader = "X-Carillon-Metadata";

/** What of Mailpit's rules can be seen in a message. How large it may be is a setting of Mailpit's. */
export function checkMailpitMessage(message: EmailMessage): ProviderFailure | undefined {
  return refusal("mailpit", message, {}, problemsOf(message));
}

function* problemsOf({ headers, tags }: EmailMessage): Generator<FieldProblem> {
  for (const name of Object.keys(headers)) {
    if (/^x-carillon-/i.test(name) || (tags.length && /^x-tags$/i.test(name)))
      yield [`headers.${name}`, "another name"];
  }
}

function toAddress({ email, name }: EmailAddress): MailpitAddress {
  return { Email: email, Name: name };
}

function toMailpitMail(message: EmailMessage, messageId: string): MailpitMail {
  const metadata = filled(message.metadata);
  return {
    From: toAddress(message.from),
    To: message.to.map(toAddress),
    Cc: filled(message.cc.map(toAddress)),
    Bcc: filled(message.bcc.map(({ email }) => email)),
    ReplyTo: filled(message.replyTo.map(toAddress)),
    Subject: message.subject,
    Text: message.text,
    HTML: message.html,
    Attachments: filled(
      message.attachments.map(({ content, filename, contentType, contentId }) => ({
        Content: content,
        Filename: filename,
        ContentType: contentType,
        ContentID: contentId,
      })),
    ),
    Headers: {
      ...message.headers,
      [idHeader]: messageId,
      // As JSON: a header is one line, and a value may have several.
      ...(metadata && { [metadataHeader]: JSON.stringify(metadata) }),
    },
    Tags: filled(message.tags),
  };
}

/** Source: https://mailpit.axllent.org/docs/api-v1/ and https://github.com/axllent/mailpit, server/apiv1/send.go (read 2026-11-23) */
export async function buildMailpitRequest(
  message: EmailMessage,
  messageId: string,
  { username, password }: MailpitOptions,
): Promise<OutboundRequest | ProviderFailure> {
  const value = password && (await readSecret(password));
  if (typeof value === "object") return value;
  const credential = value && toBase64(utf8(`${username}:${value}`));
  return {
    method: "POST",
    // Its origin is replaced by `baseUrl`: this is where Mailpit listens by default.
    url: "http://localhost:8025/api/v1/send",
    headers: { "content-type": "application/json", ...(credential && { authorization: `Basic ${credential}` }) },
    body: JSON.stringify(toMailpitMail(message, messageId)),
    secrets: credential && value ? [value, credential] : [],
  };
}
