import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { messageIdKey } from "../../provider/correlation.ts";
import { formatMailbox, recipientCount } from "../../provider/mailbox.ts";
import { checkMessage, isOverBytes } from "../../provider/message.ts";
import { postJson } from "../../provider/post-json.ts";
import { filled } from "../../provider/reading.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { messageRules } from "./options.ts";
import type { PostmarkMessage } from "./wire.ts";

const maxBodyPartBytes = 5_000_000;
/** 10 MB a message, after base64. */
const maxMessageBytes = 10_000_000;
const maxBatchBytes = 50_000_000;

/** 500 of these stay below the 50 MB of a batch, with room for quotes that JSON writes as two bytes. */
const maxBatchedBytes = 90_000;

/**
 * What of Postmark's rules can be seen in a message; cheap, without the size of the whole.
 *
 * Source: https://postmarkapp.com/support/article/1125-custom-metadata-faq (read 2026-11-23): up to 10 entries, of which our
 * id is one; keys up to 20 characters, values up to 80.
 */
export function checkPostmarkMessage(message: EmailMessage, messageId: string): ProviderFailure | undefined {
  const { metadata, providerOptions, tags } = message;
  return checkMessage("postmark", message, messageRules, (reject) => {
    if (recipientCount(message) > 50) reject("to", "1 to 50 recipients with cc and bcc");
    for (const field of ["html", "text"] as const) {
      if (isOverBytes(maxBodyPartBytes, message[field] ?? "")) reject(field, `at most ${maxBodyPartBytes} bytes`);
    }
    if (tags.length > 1 && !providerOptions["postmark"]?.["tag"]) reject("tags", "at most 1 entry");
    const names = new Set<string>();
    for (const [key, value] of Object.entries(metadata)) {
      const isNew = names.size < names.add(key.toLowerCase()).size;
      if (!isNew || key.length > 20 || value.length > 80) {
        reject(`metadata.${key}`, "a name of up to 20 characters, in one case only, and up to 80 characters");
      }
    }
    if (names.size > 9) reject("metadata", "at most 9 entries");
    if (messageId.length > 80) reject("messageId", "up to 80 characters");
  });
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
    message.attachments.length > 0 ||
    isOverBytes(maxBatchedBytes, message.text + (message.html ?? "")) ||
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
  return postJson({
    url: `https://api.postmarkapp.com/email${isBatch ? "/batch" : ""}`,
    payload,
    maxBytes: isBatch ? maxBatchBytes : maxMessageBytes,
    secret,
    headers: (token) => ({ accept: "application/json", "x-postmark-server-token": token }),
  });
}
