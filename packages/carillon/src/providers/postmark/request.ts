import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { checkMetadataKeys, messageIdKey } from "../../provider/correlation.ts";
import { checkProviderOptions, invalidMessage } from "../../provider/failure.ts";
import { filled, isOverBytes, overLimit } from "../../provider/limits.ts";
import { formatMailbox } from "../../provider/mailbox.ts";
import { type OptionRule, oneOf, optional, textOfLength } from "../../provider/options.ts";
import { postJson } from "../../provider/post-json.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import type { PostmarkMessage } from "./wire.ts";

const provider = "Postmark";
const maxRecipients = 50;
const maxBodyPartBytes = 5_000_000;
/** 10 MB a message, after base64. */
const maxMessageBytes = 10_000_000;
const maxBatchBytes = 50_000_000;
const maxMetadata = { entries: 10, keyLength: 20, valueLength: 80 } as const;

/** 500 of these stay below the 50 MB of a batch, with room for quotes that JSON writes as two bytes. */
const maxBatchedBytes = 90_000;

const messageOptionRules: Readonly<Record<string, OptionRule>> = {
  messageStream: optional.text,
  trackOpens: optional.flag,
  trackLinks: /* @__PURE__ */ oneOf("None", "HtmlAndText", "HtmlOnly", "TextOnly"),
  tag: /* @__PURE__ */ textOfLength(1, 1000),
};

/** https://postmarkapp.com/support/article/1125-custom-metadata-faq (read 2026-11-23). Our id is one of the entries. */
function checkMetadata(metadata: EmailMessage["metadata"], messageId: string): ProviderFailure | undefined {
  const { entries, keyLength, valueLength } = maxMetadata;
  const keys = new Set<string>();
  for (const [key, value] of Object.entries(metadata)) {
    const field = `metadata.${key}`;
    if (key.length > keyLength) return overLimit(provider, field, `${keyLength} characters in a key`);
    if (value.length > valueLength) return overLimit(provider, field, `${valueLength} characters`);
    if (keys.has(key.toLowerCase())) return invalidMessage(field, "Postmark takes keys that differ in more than case");
    keys.add(key.toLowerCase());
  }
  if (keys.size >= entries) return overLimit(provider, "metadata", `${entries - 1} entries beside our message id`);
  if (messageId.length > valueLength) return overLimit(provider, "messageId", `${valueLength} characters`);
  return checkMetadataKeys(metadata);
}

/** What of Postmark's rules can be seen in a message; cheap, without the size of the whole. */
export function checkPostmarkMessage(message: EmailMessage, messageId: string): ProviderFailure | undefined {
  const recipients = message.to.length + message.cc.length + message.bcc.length;
  if (recipients > maxRecipients) return overLimit(provider, "to", `${maxRecipients} addresses in to, cc and bcc`);
  for (const field of ["html", "text"] as const) {
    if (isOverBytes(maxBodyPartBytes, message[field] ?? "")) {
      return overLimit(provider, field, `${maxBodyPartBytes} bytes`);
    }
  }
  const options = message.providerOptions["postmark"];
  if (message.tags.length > 1 && options?.["tag"] === undefined) {
    return invalidMessage("tags", 'Postmark takes one tag; choose it with providerOptions.postmark "tag"');
  }
  return checkMetadata(message.metadata, messageId) ?? checkProviderOptions("postmark", options, messageOptionRules);
}

function mailboxes(addresses: EmailMessage["to"]): string | undefined {
  return filled(addresses.map(formatMailbox))?.join(", ");
}

export function toPostmarkMessage(
  message: EmailMessage,
  messageId: string,
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
  const content = message.text + (message.html ?? "");
  const alone =
    message.attachments.length > 0 ||
    isOverBytes(maxBatchedBytes, content) ||
    // The id is not known here; a caller's own that is too long is refused by Postmark, for its message alone.
    checkPostmarkMessage(message, "") !== undefined;
  return alone ? undefined : "";
}

function post(
  path: string,
  payload: unknown,
  maxBytes: number,
  serverToken: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  return postJson({
    provider,
    url: `https://api.postmarkapp.com${path}`,
    payload,
    maxBytes,
    secretName: "serverToken",
    secret: serverToken,
    headers: (token) => ({ accept: "application/json", "x-postmark-server-token": token }),
  });
}

/**
 * The request for one message.
 *
 * Errors: `invalid-message` for what Postmark is known to refuse.
 * Source: https://postmarkapp.com/developer/api/email-api (read 2026-11-23)
 */
export async function buildPostmarkRequest(
  { message, messageId }: BatchItem<"email">,
  serverToken: Secret,
  messageStream: string | undefined,
): Promise<OutboundRequest | ProviderFailure> {
  const refusal = checkPostmarkMessage(message, messageId);
  return refusal ?? post("/email", toPostmarkMessage(message, messageId, messageStream), maxMessageBytes, serverToken);
}

/** The request for up to 500 messages, answered one by one in order. */
export async function buildPostmarkBatch(
  items: readonly BatchItem<"email">[],
  serverToken: Secret,
  messageStream: string | undefined,
): Promise<OutboundRequest | ProviderFailure> {
  const messages = items.map(({ message, messageId }) => toPostmarkMessage(message, messageId, messageStream));
  return post("/email/batch", messages, maxBatchBytes, serverToken);
}
