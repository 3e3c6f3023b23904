/** What travels to Mailpit. https://github.com/axllent/mailpit, server/apiv1/send.go (read 2026-11-23). */

export interface MailpitAddress {
  readonly Email: string;
  readonly Name?: string | undefined;
}

export interface MailpitMail {
  readonly From: MailpitAddress;
  readonly To: readonly MailpitAddress[];
  readonly Cc?: readonly MailpitAddress[] | undefined;
  /** Addresses alone, without names. */
  readonly Bcc?: readonly string[] | undefined;
  readonly ReplyTo?: readonly MailpitAddress[] | undefined;
  readonly Subject: string;
  readonly Text: string;
  readonly HTML?: string | undefined;
  readonly Attachments?:
    | readonly {
        /** Base64. */
        readonly Content: string;
        readonly Filename: string;
        readonly ContentType: string;
        /** Makes it an inline part. */
        readonly ContentID?: string | undefined;
      }[]
    | undefined;
  /** Not the ones that the message itself sets; not `X-Tags` beside `Tags`. */
  readonly Headers: Readonly<Record<string, string>>;
  readonly Tags?: readonly string[] | undefined;
}
