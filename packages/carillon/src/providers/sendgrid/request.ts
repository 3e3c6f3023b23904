import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { recipientCount } from "../../provider/mailbox.ts";
import { extrasProblems, isOverBytes, refusal } from "../../provider/message.ts";
import { postJson } from "../../provider/post-json.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { toCustomArgs } from "./custom-args.ts";
import { messageRules } from "./options.ts";
import type { SendGridMail, SendGridPersonalization } from "./wire.ts";

const provider = "SendGrid";
const maxCustomArgsBytes = 9_999;

/**
 * What of SendGrid's rules can be seen in a message; cheap, without its size. Up to 1,000 recipients, none of them twice,
 * is what every message of the channel keeps to.
 */
export function checkSendGridMessage(message: EmailMessage): ProviderFailure | undefined {
  // SendGrid's own names. The rest of what it refuses in `headers`, no message can have.
  const header = Object.keys(message.headers).find((name) => /^x-sg-e?id$/i.test(name));
  // 20 entries of 64 and 256 characters can be over it. Room is left for the longest id.
  const customArgs = JSON.stringify(toCustomArgs(message.metadata, "x".repeat(256)));
  return refusal(provider, [
    [`headers.${header}`, header && "is set by SendGrid"],
    [
      "metadata",
      isOverBytes(maxCustomArgsBytes, customArgs) && `has more than ${maxCustomArgsBytes} bytes with our id`,
    ],
    ...extrasProblems("sendgrid", message, messageRules),
  ]);
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

/** Left out of JSON where the message says nothing, so that the account's own setting holds. */
function setting(enable: unknown): { readonly enable: unknown } | undefined {
  return enable === undefined ? undefined : { enable };
}

function toMail(items: readonly BatchItem<"email">[]): SendGridMail {
  // What the others share with it, as their group key says.
  const { message } = items[0] as BatchItem<"email">;
  const options = message.providerOptions["sendgrid"] ?? {};
  const { templateId, asmGroupId, trackOpens, trackClicks } = options;
  const content = [{ type: "text/plain", value: message.text }];
  if (message.html !== undefined) content.push({ type: "text/html", value: message.html });
  return {
    personalizations: items.map(toPersonalization),
    from: message.from,
    reply_to_list: filled(message.replyTo),
    subject: message.subject,
    content: templateId === undefined ? content : undefined,
    attachments: filled(
      message.attachments.map(({ content, filename, contentType, contentId }) => ({
        content,
        filename,
        // SendGrid refuses parameters, and adds the charset itself.
        type: contentType.replace(/\s*;.*$/, ""),
        disposition: contentId === undefined ? "attachment" : "inline",
        content_id: contentId,
      })),
    ),
    template_id: templateId,
    headers: filled(message.headers),
    categories: filled(message.tags),
    asm: asmGroupId === undefined ? undefined : { group_id: asmGroupId },
    ip_pool_name: options["ipPoolName"],
    mail_settings: options["sandbox"] === true ? { sandbox_mode: { enable: true } } : undefined,
    tracking_settings:
      (trackClicks ?? trackOpens) === undefined
        ? undefined
        : { click_tracking: setting(trackClicks), open_tracking: setting(trackOpens) },
  };
}

/**
 * Messages of one key differ in recipient, ids, metadata and template data alone, which is what a personalization holds:
 * the key is the rest of the body. More than one recipient goes alone: so no request can come to more than 1,000 of them.
 */
export function sendGridGroupKey(message: EmailMessage): string | undefined {
  if (recipientCount(message) > 1 || checkSendGridMessage(message)) return undefined;
  return JSON.stringify({ ...toMail([{ message, messageId: "" }]), personalizations: undefined });
}

/**
 * One request for one message, or for up to 1,000 of one {@link sendGridGroupKey}.
 *
 * Errors: `invalid-message` for what SendGrid is known to refuse.
 * Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (read 2026-11-23)
 */
export async function buildSendGridRequest(
  items: readonly BatchItem<"email">[],
  secret: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  return postJson({
    provider,
    url: "https://api.sendgrid.com/v3/mail/send",
    payload: toMail(items),
    maxBytes: 30_000_000,
    secret,
    headers: (key) => ({ authorization: `Bearer ${key}` }),
  });
}
