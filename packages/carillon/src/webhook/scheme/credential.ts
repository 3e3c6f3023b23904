import { toBase64, utf8 } from "../../crypto/bytes.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";

export interface BasicCredentialOptions {
  /** Any of these is let in; several while they rotate. No username holds a colon. */
  readonly pairs: readonly { readonly username: string; readonly password: string }[];
}

export interface HeaderCredentialOptions {
  /** The header's name, in any case. */
  readonly header: string;
  /** Any of these is let in; several while they rotate. */
  readonly values: readonly string[];
}

/**
 * HTTP Basic authentication (RFC 7617, UTF-8). It proves who calls, and nothing of what is said: the connection must be
 * TLS, and the provider's retries cannot be told from replays.
 *
 * Errors: throws `ConfigurationError` for a list without pairs, a blank username or password, or a colon in a username.
 */
export function basicCredentialScheme(options: BasicCredentialOptions): SignatureScheme {
  const problems = options.pairs.flatMap(({ username, password }, i) => [
    ...(isBlank(username) || username.includes(":")
      ? [`option "username" must be neither blank nor hold a colon (number ${i + 1})`]
      : []),
    ...(isBlank(password) ? [`option "password" must not be blank (number ${i + 1})`] : []),
  ]);
  if (options.pairs.length === 0) problems.push('option "pairs" must hold at least one username and password');
  if (problems.length > 0) throw new ConfigurationError("Basic credential", problems);
  const values = options.pairs.map(({ username, password }) => `Basic ${toBase64(utf8(`${username}:${password}`))}`);
  return { kind: "credential", covers: "nothing", header: "authorization", values };
}

/**
 * A header whose value only the provider and we know. It proves as much, and as little, as a Basic credential.
 *
 * Errors: throws `ConfigurationError` for a name that is no header's, a list without values, or a value that is blank or
 * would not arrive as it is: not printable ASCII, or with spaces at its ends.
 */
export function headerCredentialScheme(options: HeaderCredentialOptions): SignatureScheme {
  const { header, values } = options;
  const problems = values.flatMap((value, i) =>
    /^[!-~]([ -~]*[!-~])?$/.test(value)
      ? []
      : [`option "value" must be printable ASCII without spaces at its ends (number ${i + 1})`],
  );
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header)) problems.push('option "header" must be the name of a header');
  if (values.length === 0) problems.push('option "values" must hold at least one value');
  if (problems.length > 0) throw new ConfigurationError("Header credential", problems);
  return { kind: "credential", covers: "nothing", header: header.toLowerCase(), values };
}

function isBlank(text: string): boolean {
  return text.trim() === "";
}
