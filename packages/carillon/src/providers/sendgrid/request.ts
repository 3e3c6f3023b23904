import type { EmailMessage } from "../../channels/email.ts";
import { utf8 } from "../../crypto/bytes.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { checkMetadataKeys } from "../../provider/correlation.ts";
import { checkProviderOptions, invalidMessage } from "../../provider/failure.ts";
import { type OptionRule, optional } from "../../provider/options.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";
import { toCustomArgs } from "./custom-args.ts";
import type { SendGridMail, SendGridPersonalization } from "./wire.ts";

const maxCustomArgsBytes = 10_000;
/** 30 MB, of the whole request after base64. */
const maxBodyBytes = 30_000_000;

/** SendGrid's own names, in lower case. The rest of what it refuses in `headers`, no message can have. */
const forbiddenHeaders: readonly string[] = ["x-sg-id", "x-sg-eid"];

const messageOptionRules: Readonly<Record<string, OptionRule>> = {
  templateId: optional.text,
  dynamicTemplateData: optional.record,
  asmGroupId: optional.positive,
  ipPoolName: {
    required: false,
    expected: "a string of 2 to 64 characters",
    accepts: (value) => typeof value === "string" && value.length >= 2 && value.length <= 64,
  },
  sandbox: optional.flag,
  trackOpens: optional.flag,
  trackClicks: optional.flag,
};

/**
 * What of SendGrid's rules can be seen in a message; cheap, without its size. Up to 1,000 recipients, none of them twice,
 * is what every message of the channel keeps to.
 */
export function checkSendGridMessage(message: EmailMessage): ProviderFailure | undefined {
  const header = Object.keys(message.headers).find((name) => forbiddenHeaders.includes(name.toLowerCase()));
  if (header !== undefined) return invalidMessage(`headers.${header}`, "SendGrid sets this header itself");
  // 20 entries of 64 and 256 characters can be over it; only such a message is worth the exact count (of the id, too).
  const args = JSON.stringify(toCustomArgs(message.metadata, "x".repeat(256)));
  if (args.length > maxCustomArgsBytes / 3 && utf8(args).length >= maxCustomArgsBytes) {
    return invalidMessage("metadata", `SendGrid takes less than ${maxCustomArgsBytes} bytes, our message id included`);
  }
  return (
    checkMetadataKeys(message.metadata) ??
    checkProviderOptions("sendgrid", message.providerOptions["sendgrid"], messageOptionRules)
  );
}

function list<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length > 0 ? values : undefined;
}

function toPersonalization({ message, messageId }: BatchItem<"email">): SendGridPersonalization {
  return {
    to: message.to,
    cc: list(message.cc),
    bcc: list(message.bcc),
    custom_args: toCustomArgs(message.metadata, messageId),
    dynamic_template_data: message.providerOptions["sendgrid"]?.["dynamicTemplateData"],
  };
}

function toMail(items: readonly BatchItem<"email">[], message: EmailMessage): SendGridMail {
  const options = message.providerOptions["sendgrid"] ?? {};
  const { templateId, asmGroupId, trackOpens, trackClicks } = options;
  const plain = { type: "text/plain", value: message.text };
  return {
    personalizations: items.map(toPersonalization),
    from: message.from,
    reply_to_list: list(message.replyTo),
    subject: message.subject,
    content:
      templateId === undefined
        ? message.html === undefined
          ? [plain]
          : [plain, { type: "text/html", value: message.html }]
        : undefined,
    attachments: list(
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
    headers: Object.keys(message.headers).length > 0 ? message.headers : undefined,
    categories: list(message.tags),
    asm: asmGroupId === undefined ? undefined : { group_id: asmGroupId },
    ip_pool_name: options["ipPoolName"],
    mail_settings: options["sandbox"] === true ? { sandbox_mode: { enable: true } } : undefined,
    tracking_settings:
      trackOpens === undefined && trackClicks === undefined
        ? undefined
        : {
            click_tracking: trackClicks === undefined ? undefined : { enable: trackClicks },
            open_tracking: trackOpens === undefined ? undefined : { enable: trackOpens },
          },
  };
}

/**
 * Messages of one key differ in recipient, ids, metadata and template data alone, which is what a personalization holds.
 * The lengths say where each part ends, so that equal keys mean equal content, with nothing hashed or escaped at length.
 * More than one recipient goes alone: so no request can come to more than 1,000 of them.
 */
export function sendGridGroupKey(message: EmailMessage): string | undefined {
  if (message.to.length + message.cc.length + message.bcc.length > 1 || checkSendGridMessage(message)) return undefined;
  const { from, replyTo, subject, html, text, attachments, headers, tags } = message;
  const { dynamicTemplateData: _, ...options } = message.providerOptions["sendgrid"] ?? {};
  const small = [from, replyTo, subject, headers, tags, Object.entries(options).sort(), html?.length, text.length];
  const files = attachments.map(({ content, ...file }) => [file, content.length]);
  return JSON.stringify([small, files]) + (html ?? "") + text + attachments.map(({ content }) => content).join("");
}

/**
 * One request for one message, or for up to 1,000 of one {@link sendGridGroupKey}.
 *
 * Errors: `invalid-message` for what SendGrid is known to refuse.
 * Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (read 2026-11-23)
 */
export async function buildSendGridRequest(
  items: readonly BatchItem<"email">[],
  apiKey: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  const first = items[0];
  if (first === undefined) return invalidMessage("to", "No message");
  const body = JSON.stringify(toMail(items, first.message));
  // A UTF-16 unit is at most three bytes, so most messages need no count.
  if (body.length > maxBodyBytes / 3 && utf8(body).length > maxBodyBytes) {
    return invalidMessage("attachments", `SendGrid takes up to ${maxBodyBytes} bytes, attachments in base64 included`);
  }
  const key = await readSecret("apiKey", apiKey);
  if (typeof key !== "string") return key;
  return {
    method: "POST",
    url: "https://api.sendgrid.com/v3/mail/send",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body,
    secrets: [key],
  };
}
