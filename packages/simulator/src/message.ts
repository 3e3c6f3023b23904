/** What the simulator knows of a message, whichever provider took it: one kind of content for each channel. */
import type { SimulatedEventType } from "./outcome.ts";

export interface Mailbox {
  readonly email: string;
  readonly name?: string | undefined;
}

export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  /** Without angle brackets and without `cid:`. */
  readonly contentId?: string | undefined;
  readonly base64: string;
}

export interface EmailContent {
  readonly kind: "email";
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly attachments: readonly Attachment[];
}

export interface SmsContent {
  readonly kind: "sms";
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly mediaUrls: readonly string[];
  readonly encoding: "GSM-7" | "UCS-2";
  /** The text as it is cut up to travel; one segment: uncut. */
  readonly segments: readonly string[];
}

/** JSON as the provider was given it: blocks, embeds, components. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface SlackContent {
  readonly kind: "slack";
  /** Id of a channel or user; of an incoming webhook only what is public. */
  readonly target: string;
  readonly text?: string | undefined;
  readonly blocks: readonly JsonObject[];
  readonly threadTs?: string | undefined;
}

export interface DiscordContent {
  readonly kind: "discord";
  /** Its id alone. */
  readonly webhook: string;
  readonly threadId?: string | undefined;
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly text?: string | undefined;
  readonly embeds: readonly JsonObject[];
  readonly components: readonly JsonObject[];
  readonly files: readonly Attachment[];
}

export interface WebPushContent {
  readonly kind: "webpush";
  /** The origin, and the beginning of the rest: whoever has the whole can send. */
  readonly endpoint: string;
  readonly ttlSeconds: number;
  readonly urgency?: string | undefined;
  readonly topic?: string | undefined;
  /** Decrypted; empty: none came, or it is sealed. */
  readonly payload: string;
  /** For a real browser, which alone can read it. */
  readonly sealed?: true | undefined;
  /** Says `web_push: 8030`, so that a browser shows it by itself. */
  readonly declarative: boolean;
  readonly vapid: { readonly subject?: string | undefined; readonly audience: string; readonly expiresAtMs: number };
}

export interface FcmContent {
  readonly kind: "fcm";
  /** `token ...`, `topic news`, `condition ...`; long ones shortened. */
  readonly target: string;
  /** The `message` of the request, with its target masked if that is a token. */
  readonly message: JsonObject;
  readonly validateOnly: boolean;
}

export type MessageContent = EmailContent | SmsContent | SlackContent | DiscordContent | WebPushContent | FcmContent;

/** A message as a provider's route read it from a request that it accepts. */
export interface AcceptedMessage<Content extends MessageContent = MessageContent> {
  /** The id that the provider's answer gives, and its webhooks repeat. */
  readonly providerMessageId: string;
  /** `carillon_message_id`, from wherever this provider carries it. */
  readonly messageId?: string | undefined;
  readonly content: Content;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /**
   * Each gets its own outcome, and is shown and searched by what stands here. Email addresses in lower case; other channels
   * as the route spells them, without what is secret.
   */
  readonly recipients: readonly string[];
  /** What happens to it at every recipient, in order; absent: what each recipient's name chooses (`outcomeOf`). */
  readonly outcome?: readonly SimulatedEventType[] | undefined;
  /** Where its webhooks go, when the request names that (Twilio's `StatusCallback`). Only the webhooks' own receiver is called. */
  readonly webhookUrl?: string | undefined;
  /** Unix milliseconds; absent: at once. */
  readonly sendAtMs?: number | undefined;
  /** The provider's own things that its webhooks repeat: Postmark's stream, say. */
  readonly extra?: Readonly<Record<string, string>> | undefined;
}

/** A message in a list: everything but its content. */
export interface MessageSummary extends Omit<AcceptedMessage, "content"> {
  /** The simulator's own: a decimal number that grows. */
  readonly id: string;
  readonly provider: string;
  readonly kind: MessageContent["kind"];
  readonly idempotencyKey?: string | undefined;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
  readonly sender: string;
  readonly title: string;
  /** The beginning of the text, on one line. */
  readonly preview: string;
  readonly attachmentCount: number;
  /** When it was last edited, and when it was deleted. */
  readonly editedAtMs?: number | undefined;
  readonly deletedAtMs?: number | undefined;
}

export interface RecordedMessage extends MessageSummary {
  /** What it says after its edits; what it said last, when it is deleted. */
  readonly content: MessageContent;
  /** What it said before each edit, oldest first. */
  readonly earlier: readonly { readonly content: MessageContent; readonly replacedAtMs: number }[];
}

/** A request as it came in; messages of one batch share it. */
export interface RecordedRequest {
  readonly id: string;
  readonly method: string;
  /** What is secret in it is masked. */
  readonly url: string;
  /** Values of secret headers are masked. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** When the body is no UTF-8. */
  readonly bodyEncoding?: "base64" | undefined;
}

/** A request that brought no message: refused, or for something else (a token, a topic, an edit). */
export interface OtherRequest extends RecordedRequest {
  readonly provider: string;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
  /** Of the answer. */
  readonly status: number;
  readonly note?: string | undefined;
}

/** An email's recipients: every address once, in lower case. */
export function emailRecipients(content: Pick<EmailContent, "to" | "cc" | "bcc">): string[] {
  const all = [...content.to, ...content.cc, ...content.bcc].map((mailbox) => mailbox.email.toLowerCase());
  return [...new Set(all)];
}
