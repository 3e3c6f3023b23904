import type { EmailMessage } from "../../channels/email.ts";
import { utf8 } from "../../crypto/bytes.ts";
import type { BatchItem, ProviderFailure } from "../../provider/contract.ts";
import { checkMetadataKeys, messageIdKey } from "../../provider/correlation.ts";
import { checkProviderOptions, invalidMessage } from "../../provider/failure.ts";
import { formatMailbox } from "../../provider/mailbox.ts";
import { type OptionRule, oneOf, optional } from "../../provider/options.ts";
import type { OutboundRequest, Secret } from "../../provider/request.ts";
import { readSecret } from "../../provider/secret.ts";
import type { PostmarkMessage } from "./wire.ts";

const maxRecipients = 50;
const maxBodyPartBytes = 5_000_000;
/** 10 MB a message, after base64. */
const maxMessageBytes = 10_000_000;
const maxMetadata = { entries: 10, keyLength: 20, valueLength: 80 } as const;

/** 500 of these stay below the 50 MB of a batch, with room for quotes that JSON writes as two bytes. */
const maxBatchedBytes = 90_000;

const messageOptionRules: Readonly<Record<string, OptionRule>> = {
  messageStream: optional.text,
  trackOpens: optional.flag,
  trackLinks: /* @__PURE__ */ oneOf("None", "HtmlAndText", "HtmlOnly", "TextOnly"),
  tag: {
    required: false,
    expected: "a string of 1 to 1000 characters",
    accepts: (value) => typeof value === "string" && value.length > 0 && value.length <= 1000,
  },
};

/** Whether a text is over so many bytes of UTF-8; a UTF-16 unit is at most three, so most need no count. */
function isOver(maxBytes: number, text: string): boolean {
  return text.length > maxBytes / 3 && utf8(text).length > maxBytes;
}

/** https://postmarkapp.com/support/article/1125-custom-metadata-faq (read 2026-11-23). Our id is one of the entries. */
function checkMetadata(metadata: EmailMessage["metadata"], messageId: string): ProviderFailure | undefined {
  const { entries, keyLength, valueLength } = maxMetadata;
  const keys = new Set<string>();
  for (const [key, value] of Object.entries(metadata)) {
    const field = `metadata.${key}`;
    if (key.length > keyLength) return invalidMessage(field, `Postmark takes keys of up to ${keyLength} characters`);
    if (value.length > valueLength) {
      return invalidMessage(field, `Postmark takes values of up to ${valueLength} characters, got ${value.length}`);
    }
    if (keys.has(key.toLowerCase())) return invalidMessage(field, "Postmark takes keys that differ in more than case");
    keys.add(key.toLowerCase());
  }
  if (keys.size >= entries) {
    return invalidMessage("metadata", `Postmark takes up to ${entries - 1} entries beside our id, got ${keys.size}`);
  }
  if (messageId.length > valueLength) {
    return invalidMessage("messageId", `Postmark takes an id of up to ${valueLength} characters`);
  }
  return checkMetadataKeys(metadata);
}

/** What of Postmark's rules can be seen in a message; cheap, without the size of the whole. */
export function checkPostmarkMessage(message: EmailMessage, messageId: string): ProviderFailure | undefined {
  const recipients = message.to.length + message.cc.length + message.bcc.length;
  if (recipients > maxRecipients) {
    return invalidMessage("to", `Postmark takes up to ${maxRecipients} addresses (to, cc, bcc), got ${recipients}`);
  }
  for (const field of ["html", "text"] as const) {
    if (isOver(maxBodyPartBytes, message[field] ?? "")) {
      return invalidMessage(field, `Postmark takes up to ${maxBodyPartBytes} bytes`);
    }
  }
  const options = message.providerOptions["postmark"];
  if (message.tags.length > 1 && options?.["tag"] === undefined) {
    return invalidMessage("tags", 'Postmark takes one tag; choose it with providerOptions.postmark "tag"');
  }
  return checkMetadata(message.metadata, messageId) ?? checkProviderOptions("postmark", options, messageOptionRules);
}

function mailboxes(addresses: EmailMessage["to"]): string | undefined {
  return addresses.length > 0 ? addresses.map(formatMailbox).join(", ") : undefined;
}

export function toPostmarkMessage(
  message: EmailMessage,
  messageId: string,
  messageStream: string | undefined,
): PostmarkMessage {
  const options = message.providerOptions["postmark"] ?? {};
  const headers = Object.entries(message.headers).map(([Name, Value]) => ({ Name, Value }));
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
    Headers: headers.length > 0 ? headers : undefined,
    Attachments:
      message.attachments.length > 0
        ? message.attachments.map(({ filename, content, contentType, contentId }) => ({
            Name: filename,
            Content: content,
            ContentType: contentType,
            ContentID: contentId === undefined ? undefined : `cid:${contentId}`,
          }))
        : undefined,
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
    isOver(maxBatchedBytes, content) ||
    // The id is not known here; a caller's own that is too long is refused by Postmark, for its message alone.
    checkPostmarkMessage(message, "") !== undefined;
  return alone ? undefined : "";
}

async function post(
  path: string,
  body: string,
  serverToken: Secret,
): Promise<OutboundRequest | ProviderFailure> {
  const token = await readSecret("serverToken", serverToken);
  if (typeof token !== "string") return token;
  return {
    method: "POST",
    url: `https://api.postmarkapp.com${path}`,
    headers: {
      "x-postmark-server-token": token,
      accept: "application/json",
      "content-type": "application/json",
    },
    body,
    secrets: [token],
  };
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
  if (refusal) return refusal;
  const body = JSON.stringify(toPostmarkMessage(message, messageId, messageStream));
  if (isOver(maxMessageBytes, body)) {
    return invalidMessage("attachments", `Postmark takes up to ${maxMessageBytes} bytes, attachments in base64 included`);
  }
  return post("/email", body, serverToken);
}

/** The request for up to 500 messages, answered one by one in order. */
export async function buildPostmarkBatch(
  items: readonly BatchItem<"email">[],
  serverToken: Secret,
  messageStream: string | undefined,
): Promise<OutboundRequest | ProviderFailure> {
  const messages = items.map(({ message, messageId }) => toPostmarkMessage(message, messageId, messageStream));
  return post("/email/batch", JSON.stringify(messages), serverToken);
}
