import type { Tag } from "../../text/tags.ts";

/** What travels to and from Resend. https://resend.com/docs/api-reference/emails/send-email (read 2026-11-23). */

export interface ResendAttachment {
  readonly filename: string;
  /** Base64. */
  readonly content: string;
  readonly content_type: string;
  /** Without angle brackets. */
  readonly content_id?: string | undefined;
}

export interface ResendEmail {
  readonly from: string;
  /** Up to 50. */
  readonly to: readonly string[];
  readonly cc?: readonly string[] | undefined;
  readonly bcc?: readonly string[] | undefined;
  readonly reply_to?: readonly string[] | undefined;
  readonly subject: string;
  readonly html?: string | undefined;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Not in a batch, nor is `scheduled_at`: both are silently dropped there. */
  readonly attachments?: readonly ResendAttachment[] | undefined;
  /** Names and values of up to 256. */
  readonly tags: readonly Tag[];
  /** ISO 8601. */
  readonly scheduled_at?: unknown;
  readonly topic_id?: unknown;
}
