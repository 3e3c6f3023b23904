import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { recipientCount } from "../../provider/mailbox.ts";
import { type FieldProblem, isOverBytes, refusal } from "../../provider/message.ts";
import { postJson } from "../../provider/post-json.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { toCustomArgs } from "./custom-args.ts";
import { messageRules } from "./options.ts";
import type { SendGridMail, SendGridPersonalization } from "./wire.ts";

/**
 * What of SendGrid's rules can be seen in a message; cheap, without its size. Up to 1,000 recipients, none of them twice,
 * is what every message of the channel keeps to.
 */
export function checkSendGridMessage(message: EmailMessage): ProviderFailure | undefined {
  return refusal("sendgrid", message, messageRules, problemsOf(message));
}

function* problemsOf(message: EmailMessage): Generator<FieldProblem> {
  for (const name of Object.keys(message.headers)) {
    // SendGrid's own names. The rest of what it refuses, no message can have.
    if (/^x-sg-e?id$/i.test(name)) yield [`headers.${name}`, "another name"];
  }
  // Of the 9,999 bytes of custom arguments, without our id: 20 entries of 64 and 256 characters can be over it.
  const maxMetadataBytes = 9_999 - 256;
  const customArgs = JSON.stringify(toCustomArgs(message.metadata, ""));
  if (isOverBytes(maxMetadataBytes, customArgs)) yield ["metadata", `at most ${maxMetadataBytes} bytes as JSON`];
}

function toPersonalization({ message, messageId }: BatchItem<"email">): SendGridPersonalization {
  return {
    to: message.to,
    cc: filled(message.cc),
    bcc: filled(message.bcc),
    custom_args: toCustomArgs(message.metadata, messageId),
    dynamic_template_data: message.providerOptions["sendgrid"]?.["dynamicTemplateData"],
  };
}

/** What all personalizations of a request have in common. */
function toContent(message: EmailMessage): Omit<SendGridMail, "personalizations"> {
  const { html } = message;
  const options = message.providerOptions["sendgrid"] ?? {};
  const templateId = options["templateId"];
  return {
    from: message.from,
    reply_to_list: filled(message.replyTo),
    subject: message.subject,
    content: templateId
      ? undefined
      : [{ type: "text/plain", value: message.text }, ...(html ? [{ type: "text/html", value: html }] : [])],
    attachments: filled(
      message.attachments.map(({ content, filename, contentType, contentId }) => ({
        content,
        filename,
        // SendGrid refuses parameters, and adds the charset itself.
        type: contentType.replace(/\s*;.*$/, ""),
        disposition: contentId ? "inline" : "attachment",
        content_id: contentId,
      })),
    ),
    template_id: templateId,
    headers: filled(message.headers),
    categories: filled(message.tags),
    // What the message leaves open is left out, so that the account's own setting holds.
    asm: filled({ group_id: options["asmGroupId"] }),
    ip_pool_name: options["ipPoolName"],
    mail_settings: options["sandbox"] ? { sandbox_mode: { enable: true } } : undefined,
    tracking_settings: filled({
      click_tracking: filled({ enable: options["trackClicks"] }),
      open_tracking: filled({ enable: options["trackOpens"] }),
    }),
  };
}

/**
 * Messages of one key differ in recipient, ids, metadata and template data alone, which is what a personalization holds:
 * the key is the rest of the body. More than one recipient goes alone: so no request can come to more than 1,000 of them.
 */
export function sendGridGroupKey(message: EmailMessage): string | undefined {
  return recipientCount(message) > 1 || checkSendGridMessage(message) ? undefined : JSON.stringify(toContent(message));
}

/**
 * One request for one message, or for up to 1,000 of one {@link sendGridGroupKey}.
 *
 * Errors: `invalid-message` for what SendGrid is known to refuse.
 * Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (read 2026-11-23)
 */
export function buildSendGridRequest(
  items: readonly BatchItem<"email">[],
  secret: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  const [{ message }] = items as readonly [BatchItem<"email">];
  const payload: SendGridMail = { personalizations: items.map(toPersonalization), ...toContent(message) };
  return postJson("https://api.sendgrid.com/v3/mail/send", payload, 30_000_000, secret, (key) => ({
    authorization: `Bearer ${key}`,
  }));
}
