import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, BuildContext, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { formatMailbox, recipientCount } from "../../provider/mailbox.ts";
import { type FieldProblem, refusal } from "../../provider/message.ts";
import { postJson } from "../../provider/post-json.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { envelopeName, tagProblems, toTag, toTags } from "../../text/tags.ts";
import { messageRules } from "./options.ts";
import type { ResendEmail } from "./wire.ts";

/** What of Resend's rules can be seen in a message; cheap, without its size. */
export function checkResendMessage(message: EmailMessage): ProviderFailure | undefined {
  return refusal("resend", message, messageRules, problemsOf(message));
}

function* problemsOf(message: EmailMessage): Generator<FieldProblem> {
  for (const field of ["to", "cc", "bcc"] as const) {
    if (message[field].length > 50) yield [field, "at most 50 addresses"];
  }
  yield* tagProblems(message.metadata);
}

function mailboxes(addresses: EmailMessage["to"]): readonly string[] | undefined {
  return filled(addresses.map(formatMailbox));
}

export function toResendEmail({ message, messageId }: BatchItem<"email">): ResendEmail {
  const options = message.providerOptions["resend"];
  const recipients = recipientCount(message);
  return {
    from: formatMailbox(message.from),
    to: message.to.map(formatMailbox),
    cc: mailboxes(message.cc),
    bcc: mailboxes(message.bcc),
    reply_to: mailboxes(message.replyTo),
    subject: message.subject,
    html: message.html,
    text: message.text,
    headers: filled(message.headers),
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
      ...(recipients > 1 ? [{ name: envelopeName, value: `${recipients}` }] : []),
      ...toTags(message.metadata, message.tags),
    ],
    scheduled_at: options?.["scheduledAt"],
    topic_id: options?.["topicId"],
  };
}

/** Batches drop attachments and times silently, so such messages go alone; so does one that would fail its whole batch. */
export function resendGroupKey(message: EmailMessage): string | undefined {
  const alone =
    message.attachments.length || message.providerOptions["resend"]?.["scheduledAt"] || checkResendMessage(message);
  return alone ? undefined : "";
}

/**
 * The request for one message, or for a batch of up to 100.
 *
 * A batch's validation is `strict`: one bad message fails the request, nothing has gone out, and the core sends the members
 * one by one, each with its own answer. `permissive` would answer ids of the good ones only, to be matched to messages by
 * counting around the bad ones, whose errors carry no code.
 *
 * Errors: `invalid-message` for one that is too large.
 * Source: https://resend.com/docs/api-reference/emails/send-email and send-batch-emails (read 2026-11-23)
 */
export function postResend(
  payload: ResendEmail | readonly ResendEmail[],
  { idempotencyKey }: BuildContext,
  secret: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  const isBatch = Array.isArray(payload);
  return postJson(`https://api.resend.com/emails${isBatch ? "/batch" : ""}`, payload, 40_000_000, secret, (key) => ({
    authorization: `Bearer ${key}`,
    "idempotency-key": idempotencyKey,
    ...(isBatch && { "x-batch-validation": "strict" }),
  }));
}
