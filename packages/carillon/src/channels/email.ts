import type { Extras, MessageExtras } from "./channel.ts";

export interface EmailAddress {
  readonly email: string;
  readonly name?: string | undefined;
}

export interface EmailAttachment {
  readonly filename: string;
  readonly contentType: string;
  /** Bytes, or the bytes in base64 (standard alphabet, padded). */
  readonly content: Uint8Array | string;
  /** Makes it an inline part that the HTML shows with `src="cid:<contentId>"`; no angle brackets. */
  readonly contentId?: string | undefined;
}

export interface EmailInput extends Extras {
  readonly channel: "email";
  /** A list is one envelope: one result, and everybody sees everybody. */
  readonly to: string | EmailAddress | readonly (string | EmailAddress)[];
  readonly from: string | EmailAddress;
  readonly cc?: string | EmailAddress | readonly (string | EmailAddress)[] | undefined;
  readonly bcc?: string | EmailAddress | readonly (string | EmailAddress)[] | undefined;
  readonly replyTo?: string | EmailAddress | readonly (string | EmailAddress)[] | undefined;
  readonly subject: string;
  /** At least one of `html` and `text`; a missing `text` is made from `html`. */
  readonly html?: string | undefined;
  readonly text?: string | undefined;
  readonly attachments?: readonly EmailAttachment[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** One recipient only: becomes `List-Unsubscribe` and, for an https URL, `List-Unsubscribe-Post` (RFC 8058). */
  readonly unsubscribe?: { readonly url?: string | undefined; readonly mailto?: string | undefined } | undefined;
}

export interface EmailMessageAttachment {
  readonly filename: string;
  readonly contentType: string;
  /** Standard base64, padded, no line breaks. */
  readonly content: string;
  /** Of the decoded bytes. */
  readonly sizeBytes: number;
  readonly contentId?: string | undefined;
}

export interface EmailMessage extends MessageExtras {
  readonly channel: "email";
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly replyTo: readonly EmailAddress[];
  readonly from: EmailAddress;
  readonly subject: string;
  readonly html?: string | undefined;
  /** Always there: the caller's, or made from the HTML. */
  readonly text: string;
  readonly attachments: readonly EmailMessageAttachment[];
  /** With `List-Unsubscribe` and `List-Unsubscribe-Post` where the input had `unsubscribe`. */
  readonly headers: Readonly<Record<string, string>>;
}
