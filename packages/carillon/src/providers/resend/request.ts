import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { checkMetadataKeys, messageIdKey } from "../../provider/correlation.ts";
import { checkProviderOptions } from "../../provider/failure.ts";
import { filled, overLimit } from "../../provider/limits.ts";
import { formatMailbox } from "../../provider/mailbox.ts";
import { type OptionRule, optional } from "../../provider/options.ts";
import { postJson } from "../../provider/post-json.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { envelopeName, labelPrefix, maxTagLength, toTag } from "./tags.ts";
import type { ResendEmail } from "./wire.ts";

const provider = "Resend";
const maxRecipients = 50;

const messageOptionRules: Readonly<Record<string, OptionRule>> = {
  scheduledAt: {
    required: false,
    expected: "a time in ISO 8601 with a time zone",
    accepts: (value) =>
      typeof value === "string" &&
      /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(value) &&
      !Number.isNaN(Date.parse(value)),
  },
  topicId: optional.text,
};

/** What of Resend's rules can be seen in a message; cheap, without its size. */
export function checkResendMessage(message: EmailMessage): ProviderFailure | undefined {
  for (const field of ["to", "cc", "bcc"] as const) {
    if (message[field].length > maxRecipients) return overLimit(provider, field, `${maxRecipients} addresses`);
  }
  for (const [key, value] of Object.entries(message.metadata)) {
    if (toTag(key, value).value.length > maxTagLength) {
      return overLimit(provider, `metadata.${key}`, "191 bytes of UTF-8 outside of A-Z a-z 0-9 _ -");
    }
  }
  return (
    checkMetadataKeys(message.metadata) ??
    checkProviderOptions("resend", message.providerOptions["resend"], messageOptionRules)
  );
}

function mailboxes(addresses: EmailMessage["to"]): readonly string[] | undefined {
  return filled(addresses.map(formatMailbox));
}

function toEmail(message: EmailMessage, messageId: string): ResendEmail {
  const options = message.providerOptions["resend"];
  const recipients = message.to.length + message.cc.length + message.bcc.length;
  return {
    from: formatMailbox(message.from),
    to: message.to.map(formatMailbox),
    cc: mailboxes(message.cc),
    bcc: mailboxes(message.bcc),
    reply_to: mailboxes(message.replyTo),
    subject: message.subject,
    html: message.html,
    text: message.text,
    headers: Object.keys(message.headers).length > 0 ? message.headers : undefined,
    attachments: filled(
      message.attachments.map(({ filename, content, contentType, contentId }) => ({
        filename,
        content,
        content_type: contentType,
        content_id: contentId,
      })),
    ),
    tags: [
      toTag(messageIdKey, messageId),
      ...(recipients > 1 ? [{ name: envelopeName, value: String(recipients) }] : []),
      ...Object.entries(message.metadata).map(([key, value]) => toTag(key, value)),
      ...message.tags.map((label) => ({ name: labelPrefix + label, value: "1" })),
    ],
    scheduled_at: options?.["scheduledAt"],
    topic_id: options?.["topicId"],
  };
}

function post(
  path: string,
  payload: unknown,
  headers: Readonly<Record<string, string>>,
  apiKey: Secret,
  { idempotencyKey }: BuildContext,
): Promise<OutboundRequest | ProviderFailure> {
  return postJson({
    provider,
    url: `https://api.resend.com${path}`,
    payload,
    maxBytes: 40_000_000,
    secretName: "apiKey",
    secret: apiKey,
    headers: (key) => ({ authorization: `Bearer ${key}`, "idempotency-key": idempotencyKey, ...headers }),
  });
}

/**
 * The request for one message.
 *
 * Errors: `invalid-message` for what Resend is known to refuse.
 * Source: https://resend.com/docs/api-reference/emails/send-email (read 2026-11-23)
 */
export async function buildResendRequest(
  message: EmailMessage,
  context: BuildContext,
  apiKey: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  return checkResendMessage(message) ?? post("/emails", toEmail(message, context.messageId), {}, apiKey, context);
}

/** Batches drop attachments and times silently, so such messages go alone; so does one that would fail its whole batch. */
export function resendGroupKey(message: EmailMessage): string | undefined {
  const alone =
    message.attachments.length > 0 ||
    message.providerOptions["resend"]?.["scheduledAt"] !== undefined ||
    checkResendMessage(message) !== undefined;
  return alone ? undefined : "";
}

/**
 * The request for up to 100 messages.
 *
 * Validation is `strict`: one bad message fails the request, nothing has gone out, and the core sends the members one by
 * one, each with its own answer. `permissive` would answer ids of the good ones only, to be matched to messages by
 * counting around the bad ones, whose errors carry no code.
 *
 * Source: https://resend.com/docs/api-reference/emails/send-batch-emails (read 2026-11-23)
 */
export async function buildResendBatch(
  items: readonly BatchItem<"email">[],
  context: BuildContext,
  apiKey: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  const emails = items.map(({ message, messageId }) => toEmail(message, messageId));
  return post("/emails/batch", emails, { "x-batch-validation": "strict" }, apiKey, context);
}
