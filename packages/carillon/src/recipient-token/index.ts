import { signJwt } from "../crypto/jwt.ts";
import { utf8 } from "../crypto/bytes.ts";
import { checkOptions, type OptionRules } from "../provider/options.ts";
import { text, whole } from "../rule/rules.ts";

export interface RecipientTokenOptions {
  /** `<id>:<secret>`: one of the service's `RECIPIENT_TOKEN_KEYS`. */
  readonly key: string;
  /** The app's own id of the person: what the token lets its holder do, it lets them do as this one alone. */
  readonly recipient: string;
  /** How long it is good for, up to a day. Default: an hour. */
  readonly expiresInSeconds?: number | undefined;
}

/** The longest that a token may be good for. */
export const maxTokenSeconds = 86_400;

/** Whom tokens are for, as they say it: what is signed for somebody else with the same secret is none. */
export const tokenAudience = "carillon";

/** What may be a recipient's id: it stands in URLs. */
export const recipientIdPattern: RegExp = /^[A-Za-z0-9_][A-Za-z0-9._~:@|+=-]{0,127}$/;

/** A key of such tokens: an id that they name, and a secret that cannot be found by trying. */
export const tokenKeyPattern: RegExp = /^([\w-]{1,16}):([!-+\--~]{32,})$/;

const required: OptionRules = {
  key: text("<id>:<secret>, the secret of 32 characters or more", tokenKeyPattern),
  recipient: text(
    "1 to 128 characters of A-Z, a-z, 0-9 and ._~:@|+=-, the first a letter, a digit or _",
    recipientIdPattern,
  ),
};

const optional: OptionRules = { expiresInSeconds: whole(1, maxTokenSeconds) };

/**
 * Signs a token that lets a browser act for one recipient of the service: their devices, their preferences, their topics,
 * and nothing of anybody else. Made on the app's server, for whom it knows to be logged in; the service is not asked.
 *
 * Errors: rejects with a `ConfigurationError` that names what is wrong with the options, and no value.
 *
 * @returns A JWT (RFC 7519), signed with HMAC-SHA-256.
 */
export async function signRecipientToken(options: RecipientTokenOptions): Promise<string> {
  checkOptions("signRecipientToken", options, required, optional);
  const { key, recipient, expiresInSeconds = 3_600 } = options;
  const end = key.indexOf(":");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", utf8(key.slice(end + 1)), algorithm, false, ["sign"]);
  const iat = Math.floor(Date.now() / 1_000);
  const claims = { aud: tokenAudience, sub: recipient, iat, exp: iat + expiresInSeconds };
  return signJwt({ typ: "JWT", alg: "HS256", kid: key.slice(0, end) }, claims, secret);
}
