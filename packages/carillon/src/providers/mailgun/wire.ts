/**
 * What travels to Mailgun: a form. https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
 * (read 2026-11-23). Files stand in it beside these, as `attachment` and `inline`.
 */

/** Some come several times: recipients and tags. */
export type MailgunField = readonly [name: MailgunFieldName, value: string];

export type MailgunFieldName =
  | "from"
  | "to"
  | "cc"
  | "bcc"
  | "subject"
  | "text"
  | "html"
  /** JSON: variables by address. */
  | "recipient-variables"
  | MailgunSendOption
  | `h:${string}`
  /** Comes back in events, all of them up to 4 kB. */
  | `v:${string}`;

/** `yes` and `no` where nothing else is said. */
export type MailgunSendOption =
  | "o:tag"
  /** `yes` alone. */
  | "o:testmode"
  | "o:tracking-opens"
  /** `htmlonly`, too. */
  | "o:tracking-clicks"
  | "o:require-tls"
  /** RFC 2822. */
  | "o:deliverytime"
  | "o:sending-ip-pool"
  /** Names of headers that Mailgun adds, with commas between them. */
  | "o:suppress-headers";
