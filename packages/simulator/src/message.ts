/** What the simulator knows of a message, whichever provider took it. Kinds of later channels join {@link MessageContent}. */

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

export type MessageContent = EmailContent;

/** A message as a provider's route read it from a request that it accepts. */
export interface AcceptedMessage {
  /** The id that the provider's answer gives, and its webhooks repeat. */
  readonly providerMessageId: string;
  /** `carillon_message_id`, from wherever this provider carries it. */
  readonly messageId?: string | undefined;
  readonly content: MessageContent;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Addresses in lower case, each of which gets its own outcome. */
  readonly recipients: readonly string[];
  /** Unix milliseconds; absent: at once. */
  readonly sendAtMs?: number | undefined;
  /** The provider's own things that its webhooks repeat: Postmark's stream, say. */
  readonly extra?: Readonly<Record<string, string>> | undefined;
}

/** A message in a list: everything but its content. */
export interface MessageSummary {
  /** The simulator's own: a decimal number that grows. */
  readonly id: string;
  readonly provider: string;
  readonly kind: MessageContent["kind"];
  readonly providerMessageId: string;
  readonly messageId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
  readonly sendAtMs?: number | undefined;
  readonly recipients: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly extra?: Readonly<Record<string, string>> | undefined;
  readonly sender: string;
  readonly title: string;
  /** The beginning of the text, on one line. */
  readonly preview: string;
  readonly attachmentCount: number;
}

export interface RecordedMessage extends MessageSummary {
  readonly content: MessageContent;
}

/** A request as it came in; messages of one batch share it. */
export interface RecordedRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  /** Values of secret headers are masked. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const previewLength = 140;

/** The parts of a summary that come from the content. */
export function describeContent(
  content: MessageContent,
): Pick<MessageSummary, "kind" | "sender" | "title" | "preview" | "attachmentCount"> {
  const text = content.text ?? (content.html ?? "").replace(/<(style|script|title)[\s\S]*?<\/\1>|<[^>]*>/gi, " ");
  return {
    kind: content.kind,
    sender: content.from.name ?? content.from.email,
    title: content.subject,
    preview: text.slice(0, 2_000).replace(/\s+/g, " ").trim().slice(0, previewLength),
    attachmentCount: content.attachments.length,
  };
}

/** An email's recipients: every address once, in lower case. */
export function emailRecipients(content: Pick<EmailContent, "to" | "cc" | "bcc">): string[] {
  const all = [...content.to, ...content.cc, ...content.bcc].map((mailbox) => mailbox.email.toLowerCase());
  return [...new Set(all)];
}
