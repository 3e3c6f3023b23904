import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { formatMailbox, recipientCount } from "../../provider/mailbox.ts";
import { type FieldProblem, isOverBytes, refusal } from "../../provider/message.ts";
import { postJson } from "../../provider/post-json.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { messageRules } from "./options.ts";
import type { PostmarkMessage } from "./wire.ts";

/**
 * What of Postmark's rules can be seen in a message; cheap, without the size of the whole.
 *
 * Source: https://postmarkapp.com/support/article/1125-custom-metadata-faq (read 2026-11-23): up to 10 entries, of which our
 * id is one; keys up to 20 characters, values up to 80.
 */
export function checkPostmarkMessage(message: EmailMessage, messageId: string): ProviderFailure | undefined {
  return refusal("postmark", message, messageRules, problemsOf(message, messageId));
}

function* problemsOf(message: EmailMessage, messageId: string): Generator<FieldProblem> {
  if (recipientCount(message) > 50) yield ["to", "1 to 50 recipients with cc and bcc"];
  const maxBodyPartBytes = 5_000_000;
  for (const field of ["html", "text"] as const) {
    if (isOverBytes(maxBodyPartBytes, message[field] ?? "")) yield [field, `at most ${maxBodyPartBytes} bytes`];
  }
  if (message.tags.length > 1 && !message.providerOptions["postmark"]?.["tag"]) yield ["tags", "at most 1 entry"];
  const names = new Set<string>();
  for (const [key, value] of Object.entries(message.metadata)) {
    const isNew = names.size < names.add(key.toLowerCase()).size;
    if (!isNew || key.length > 20 || value.length > 80) {
      yield [`metadata.${key}`, "up to 80 characters, and a name of up to 20 in one case"];
    }
  }
  if (names.size > 9) yield ["metadata", "at most 9 entries"];
  if (messageId.length > 80) yield ["messageId", "up to 80 characters"];
}

function mailboxes(addresses: EmailMessage["to"]): string | undefined {
  return filled(addresses.map(formatMailbox))?.join(", ");
}

export function toPostmarkMessage(
  { message, messageId }: BatchItem<"email">,
  messageStream: string | undefined,
): PostmarkMessage {
  const options = message.providerOptions["postmark"] ?? {};
  return {
    From: formatMailbox(message.from),
    To: mailboxes(message.to) ?? "",
    Cc: mailboxes(message.cc),
    Bcc: mailboxes(message.bcc),
    ReplyTo: mailboxes(message.replyTo),
    Subject: message.subject,
    Tag: options["tag"] ?? message.tags[0],
    HtmlBody: message.html,
    TextBody: message.text,
    Headers: filled(Object.entries(message.headers).map(([Name, Value]) => ({ Name, Value }))),
    Attachments: filled(
      message.attachments.map(({ filename, content, contentType, contentId }) => ({
        Name: filename,
        Content: content,
        ContentType: contentType,
        ContentID: contentId && `cid:${contentId}`,
      })),
    ),
    Metadata: { ...message.metadata, [messageIdKey]: messageId },
    MessageStream: options["messageStream"] ?? messageStream,
    TrackOpens: options["trackOpens"],
    TrackLinks: options["trackLinks"],
  };
}

/** Small messages that would not be refused share a request; the rest go alone. */
export function postmarkGroupKey(message: EmailMessage): string | undefined {
  const alone =
    message.attachments.length ||
    // 500 of these stay below the 50 MB of a batch, with room for quotes that JSON writes as two bytes.
    isOverBytes(90_000, message.text + (message.html ?? "")) ||
    // The id is not known here; a caller's own that is too long is refused by Postmark, for its message alone.
    checkPostmarkMessage(message, "");
  return alone ? undefined : "";
}

/**
 * The request for one message, or for a batch of up to 500, which are answered one by one in order.
 *
 * Errors: `invalid-message` for one that is too large.
 * Source: https://postmarkapp.com/developer/api/email-api (read 2026-11-23)
 */
export function postPostmark(
  payload: PostmarkMessage | readonly PostmarkMessage[],
  secret: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  const isBatch = Array.isArray(payload);
  const url = `https://api.postmarkapp.com/email${isBatch ? "/batch" : ""}`;
  return postJson(url, payload, isBatch ? 50_000_000 : 10_000_000, secret, (token) => ({
    accept: "application/json",
    "x-postmark-server-token": token,
  }));
}
