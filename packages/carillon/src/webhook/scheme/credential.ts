import { toBase64, utf8 } from "../../crypto/bytes.ts";
import { equalBytes } from "../../crypto/constant-time.ts";
import { sha256 } from "../../crypto/hash.ts";
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
  const { pairs } = options;
  const good = pairs.every(({ username, password }) => /^[^:]*[^:\s][^:]*$/.test(username) && /\S/.test(password));
  if (pairs.length === 0 || !good) {
    throw new ConfigurationError("Webhook", [
      '"username" and "password" must not be blank, nor "username" hold a colon',
    ]);
  }
  const values = pairs.map(({ username, password }) => `Basic ${toBase64(utf8(`${username}:${password}`))}`);
  return credentialScheme("authorization", values);
}

/**
 * A header whose value only the provider and we know. It proves as much, and as little, as a Basic credential.
 *
 * Errors: throws `ConfigurationError` for a name that is no header's, a list without values, or a value that is blank or
 * would not arrive as it is: not printable ASCII, or with spaces at its ends.
 */
export function headerCredentialScheme(options: HeaderCredentialOptions): SignatureScheme {
  const { header, values } = options;
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header)) {
    throw new ConfigurationError("Webhook", ['"header" must be the name of a header']);
  }
  if (values.length === 0 || !values.every((value) => /^[!-~]([ -~]*[!-~])?$/.test(value))) {
    throw new ConfigurationError("Webhook", ['"values" must be printable ASCII without spaces at their ends']);
  }
  return credentialScheme(header.toLowerCase(), values);
}

function credentialScheme(header: string, values: readonly string[]): SignatureScheme {
  return {
    kind: "credential",
    covers: "nothing",
    headers: [header],
    async verify({ headers }) {
      // Digests: comparing the texts would tell the length of the right one.
      const given = await sha256(utf8(`${headers.get(header)}`));
      let found = false;
      for (const value of values) found = equalBytes(await sha256(utf8(value)), given) || found;
      return found;
    },
  };
}
