/** What was said last, when it is told: to whom the server said no, or what it said after the message. */
export interface SmtpAnswer {
  readonly command: "connect" | "EHLO" | "STARTTLS" | "AUTH" | "MAIL" | "RCPT" | "DATA" | ".";
  /** Its code and text, in one line: `550 5.1.1 No such user`. */
  readonly reply: string;
  /** With `RCPT`: the place of the recipient in the envelope. */
  readonly recipient?: number | undefined;
  /** With `.`: of the message, without angle brackets. */
  readonly messageId?: string | undefined;
}
