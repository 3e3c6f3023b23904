import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { recipientCount } from "../../provider/mailbox.ts";
import { type FieldProblem, refusal } from "../../provider/message.ts";
import { filled } from "../../provider/reading.ts";
import { tagProblems, toTags } from "../../text/tags.ts";
import { asciiMailbox, headerText, unfoldable } from "../../mime/encoded-word.ts";
import { mimeMessage } from "../../mime/message.ts";
import { messageRules } from "./options.ts";
import type { SesDestination, SesEmail, SesEnvelope, SesHeader, SesTag, SesText } from "./wire.ts";

/**
 * What of SES's rules can be seen in a message; cheap, without its size. Headers that SES refuses in its simple form are
 * those that no message of the channel can have.
 */
export function checkSesMessage(message: EmailMessage): ProviderFailure | undefined {
  return refusal("ses", message, messageRules, problemsOf(message));
}

function* problemsOf(message: EmailMessage): Generator<FieldProblem> {
  if (recipientCount(message) > 50) yield ["to", "1 to 50 recipients with cc and bcc"];
  for (const { Name, Value } of toSesHeaders(message) ?? []) {
    // In a raw message these are commands: X-SES-MESSAGE-TAGS, X-SES-CONFIGURATION-SET.
    if (/^x-ses-/i.test(Name)) yield [`headers.${Name}`, "another name"];
    if (unfoldable.test(Value) && needsRaw(message)) yield [`headers.${Name}`, "words of up to 900 characters"];
  }
  yield* tagProblems(message.metadata);
}

function mailboxes(addresses: EmailMessage["to"]): readonly string[] | undefined {
  return filled(addresses.map(asciiMailbox));
}

export function toDestination({ to, cc, bcc }: EmailMessage): SesDestination {
  return { ToAddresses: mailboxes(to), CcAddresses: mailboxes(cc), BccAddresses: mailboxes(bcc) };
}

/** Our id, the metadata and the labels: what SES repeats in its events, as `mail.tags`. */
export function toSesTags({ message, messageId }: BatchItem<"email">): readonly SesTag[] {
  const tags = toTags({ [messageIdKey]: messageId, ...message.metadata }, message.tags);
  return tags.map(({ name: Name, value: Value }) => ({ Name, Value }));
}

export function toSesHeaders({ headers }: EmailMessage): readonly SesHeader[] | undefined {
  return filled(Object.entries(headers).map(([Name, value]) => ({ Name, Value: headerText(value) })));
}

export function toEnvelope(message: EmailMessage, configurationSet: string | undefined): SesEnvelope {
  const options = message.providerOptions["ses"] ?? {};
  return {
    FromEmailAddress: asciiMailbox(message.from),
    FromEmailAddressIdentityArn: options["identityArn"],
    ReplyToAddresses: mailboxes(message.replyTo),
    ConfigurationSetName: options["configurationSet"] ?? configurationSet,
  };
}

/**
 * Whether SES's own form has no room for the message: more than 15 headers, a header without a value or of more than 996
 * characters with its name, a content type or a content id of more than 78.
 *
 * Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Message.html, API_MessageHeader.html and
 * API_Attachment.html; lengths of botocore `sesv2/2019-09-27` (read 2026-11-23)
 */
export function needsRaw(message: EmailMessage): boolean {
  const headers = toSesHeaders(message) ?? [];
  return (
    headers.length > 15 ||
    headers.some(({ Name, Value }) => !Value || (Name + Value).length > 996) ||
    message.attachments.some(({ contentType, contentId = "" }) => contentType.length > 78 || contentId.length > 78)
  );
}

function toText(Data: string): SesText {
  return { Data, Charset: "UTF-8" };
}

function toContent(message: EmailMessage): SesEmail["Content"] {
  // Its encodings leave ASCII alone.
  if (needsRaw(message)) return { Raw: { Data: btoa(mimeMessage(message)) } };
  const { subject, text, html, attachments } = message;
  return {
    Simple: {
      Subject: toText(subject),
      Body: { Text: toText(text), Html: html ? toText(html) : undefined },
      Headers: toSesHeaders(message),
      Attachments: filled(
        attachments.map(({ content, filename, contentType, contentId }) => ({
          RawContent: content,
          FileName: filename,
          ContentType: contentType,
          ContentDisposition: contentId ? "INLINE" : "ATTACHMENT",
          ContentId: contentId,
          ContentTransferEncoding: "BASE64",
        })),
      ),
    },
  };
}

export function toSesEmail(item: BatchItem<"email">, configurationSet: string | undefined): SesEmail {
  const { message } = item;
  return {
    ...toEnvelope(message, configurationSet),
    Destination: toDestination(message),
    Content: toContent(message),
    EmailTags: toSesTags(item),
  };
}
