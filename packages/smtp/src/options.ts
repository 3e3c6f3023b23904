import type { Secret } from "carillon";
import { matches, type OptionRules, text } from "carillon/provider";

export interface SmtpOptions {
  /** Name or IP address of the server that takes mail for submission. */
  readonly host: string;
  /** @default 587, and 465 with `security: "tls"` */
  readonly port?: number | undefined;
  /**
   * - `starttls` (RFC 3207): the connection is turned into TLS before anything is said. A server that does not offer it gets
   *   neither credentials nor mail.
   * - `tls` (RFC 8314): TLS from the first byte.
   * - `none`: clear text, the credentials too. For a server on the same machine.
   *
   * @default "starttls"
   */
  readonly security?: "starttls" | "tls" | "none" | undefined;
  /** With `password`; neither for a server that asks for nothing. */
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  /**
   * The certificate authorities to trust instead of the platform's, in PEM. Not in Workers, whose sockets take none: there
   * nothing is sent.
   */
  readonly ca?: string | undefined;
  /** How we introduce ourselves (EHLO): a domain of ours, or an address in brackets. @default "[127.0.0.1]" */
  readonly name?: string | undefined;
  /** Who gets the bounces: the sender on the envelope. @default the message's `from` */
  readonly returnPath?: string | undefined;
  /** Which of several servers or accounts this is. @default "default" */
  readonly account?: string | undefined;
}

export const securities = ["starttls", "tls", "none"] as const;

/** NUL would end it (RFC 4616). Unlike a key, it may have spaces: Gmail shows its app passwords with some. */
export function isCredential(value: unknown): value is string {
  return matches(/^[^\0]*[^\0\s][^\0]*$/, value);
}

export const requiredRules: OptionRules = {
  host: (value) => matches(/^[\w.:-]{1,253}$/, value) || "a host name or an IP address",
};

export const optionalRules: OptionRules = {
  port: (value) =>
    (Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536) ||
    "a whole number from 1 to 65535",
  security: (value) => securities.some((one) => one === value) || securities.join(", "),
  ca: (value) => matches(/-----BEGIN [A-Z ]*CERTIFICATE-----/, value) || "certificates in PEM",
  name: (value) => matches(/^([\w.-]{1,253}|\[[\w.:]{1,60}\])$/, value) || "a domain, or an address in brackets",
  returnPath: (value) => matches(/^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-zA-Z\d.-]{1,253}$/, value) || "a bare address",
  account: text,
};

export const credentialRules: OptionRules = {
  username: (value) => isCredential(value) || "text that is not blank",
  password: (value) => typeof value === "function" || isCredential(value) || "text that is not blank, or a function",
};
