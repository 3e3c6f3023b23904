/** What travels to and from SendGrid. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (read 2026-11-23). */

export interface SendGridAddress {
  readonly email: string;
  readonly name?: string | undefined;
}

/** One envelope: its recipients see each other, and nobody of another personalization. */
export interface SendGridPersonalization {
  readonly to: readonly SendGridAddress[];
  readonly cc?: readonly SendGridAddress[] | undefined;
  readonly bcc?: readonly SendGridAddress[] | undefined;
  /** Strings; they stand at the top level of the events. Under 10,000 bytes. */
  readonly custom_args: Readonly<Record<string, string>>;
  readonly dynamic_template_data?: unknown;
}

export interface SendGridAttachment {
  /** Base64. */
  readonly content: string;
  readonly filename: string;
  /** Without parameters: a `;` is refused. */
  readonly type: string;
  readonly disposition: "attachment" | "inline";
  readonly content_id?: string | undefined;
}

export interface SendGridMail {
  /** Up to 1,000, with up to 1,000 recipients in all. */
  readonly personalizations: readonly SendGridPersonalization[];
  readonly from: SendGridAddress;
  readonly reply_to_list?: readonly SendGridAddress[] | undefined;
  readonly subject: string;
  /** `text/plain` first. Absent with a template. */
  readonly content?: readonly { readonly type: string; readonly value: string }[] | undefined;
  readonly attachments?: readonly SendGridAttachment[] | undefined;
  readonly template_id?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly asm?: { readonly group_id: unknown } | undefined;
  readonly ip_pool_name?: unknown;
  readonly mail_settings?: { readonly sandbox_mode: { readonly enable: true } } | undefined;
  readonly tracking_settings?:
    | {
        readonly click_tracking?: { readonly enable: unknown } | undefined;
        readonly open_tracking?: { readonly enable: unknown } | undefined;
      }
    | undefined;
}
