/** What travels to and from Postmark. https://postmarkapp.com/developer/api/email-api (read 2026-11-23). */

export interface PostmarkAttachment {
  readonly Name: string;
  /** Base64. */
  readonly Content: string;
  readonly ContentType: string;
  /** With `cid:` before it, as the HTML refers to it. */
  readonly ContentID?: string | undefined;
}

export interface PostmarkMessage {
  readonly From: string;
  /** Comma-separated, like `Cc`, `Bcc` and `ReplyTo`; up to 50 addresses together. */
  readonly To: string;
  readonly Cc?: string | undefined;
  readonly Bcc?: string | undefined;
  readonly ReplyTo?: string | undefined;
  readonly Subject: string;
  /** One, up to 1,000 characters. */
  readonly Tag?: unknown;
  /** Up to 5 MB, like `TextBody`. */
  readonly HtmlBody?: string | undefined;
  readonly TextBody: string;
  readonly Headers?: readonly { readonly Name: string; readonly Value: string }[] | undefined;
  readonly Attachments?: readonly PostmarkAttachment[] | undefined;
  /** Up to 10 entries; keys up to 20 characters, values up to 80. */
  readonly Metadata: Readonly<Record<string, string>>;
  readonly MessageStream?: unknown;
  readonly TrackOpens?: unknown;
  readonly TrackLinks?: unknown;
}
