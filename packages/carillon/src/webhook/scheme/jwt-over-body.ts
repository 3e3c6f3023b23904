import { fromBase64Url, toBase64Url, utf8 } from "../../crypto/bytes.ts";
import { sha256 } from "../../crypto/hash.ts";
import { verifyHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import { recordOf } from "../../provider/reading.ts";
import type { RawWebhook, SignatureScheme } from "../../provider/webhook.ts";
import { isSigned } from "./signed.ts";

export interface JwtOverBodyOptions {
  /** Used as text, whole; several while they rotate. */
  readonly secrets: readonly string[];
  /** Holds the token. Lower case. */
  readonly signatureHeader: string;
  /** What `iss` must be. */
  readonly issuer: string;
  /** Where the provider calls, when that is not where the request arrives: behind a proxy, say. */
  readonly publicUrl?: string | undefined;
  /** How wrong a clock may be, of either side. */
  readonly toleranceSeconds: number;
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * A token (JWT, RFC 7519, HS256 and nothing else) of which `sub` is the URL that was called and `body` the SHA-256 of the raw
 * body in base64url, padded or not. It says itself until when it holds: a token without `exp` is refused as stale.
 *
 * There is no replay key: a provider's retry carries a new token, and the body, which says what it is about, is covered.
 *
 * Errors: throws `ConfigurationError` for a list without secrets, or a blank one.
 */
export function jwtOverBodyScheme(options: JwtOverBodyOptions): SignatureScheme {
  const { secrets, signatureHeader, issuer, publicUrl, toleranceSeconds } = options;
  if (secrets.length === 0 || !secrets.every((secret) => /\S/.test(secret))) {
    throw new ConfigurationError("Webhook", ['"secrets" must not be blank']);
  }
  const keys = secrets.map(utf8);
  const tokenOf = ({ headers }: RawWebhook): readonly string[] => `${headers.get(signatureHeader)}`.split(".");
  return {
    kind: "hmac",
    covers: "body",
    headers: [signatureHeader],
    isTimely(raw, now) {
      const { nbf, exp } = partOf(tokenOf(raw)[1]);
      const seconds = now.getTime() / 1000;
      const hasBegun = nbf === undefined || (typeof nbf === "number" && nbf <= seconds + toleranceSeconds);
      return hasBegun && typeof exp === "number" && seconds - toleranceSeconds < exp;
    },
    async verify(raw, { crypto: sync }) {
      const [header = "", claims = "", given = "", ...more] = tokenOf(raw);
      const { alg, crit } = partOf(header);
      const signature = fromBase64Url(given);
      // `crit` lists what must be understood, and nothing of that is here (RFC 7515 section 4.1.11).
      if (more.length > 0 || alg !== "HS256" || crit !== undefined || !signature) return false;
      const signed = utf8(`${header}.${claims}`);
      // Together: each may be a trip to another thread.
      const [isGenuine, digest] = await Promise.all([
        isSigned((...each) => verifyHmac("SHA-256", ...each), keys, [signature], signed, sync),
        sync?.sha256(raw.body) ?? sha256(raw.body),
      ]);
      if (!isGenuine) return false;
      const { iss, sub, body } = partOf(claims);
      const hash = toBase64Url(digest);
      return iss === issuer && isSameUrl(sub, publicUrl ?? raw.url) && (body === hash || body === `${hash}=`);
    },
  };
}

/** A part of the token as an object; an empty one, which no check lets through, when it is none. */
function partOf(text: string | undefined): Claims {
  try {
    const bytes = fromBase64Url(`${text}`);
    return recordOf(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    return {};
  }
}

/** Runtimes hand over a URL as their parser spells it, providers sign it as it was given to them: `https://app.example`. */
function isSameUrl(sub: unknown, url: string): boolean {
  if (typeof sub !== "string") return false;
  return sub === url || (URL.canParse(sub) && URL.canParse(url) && new URL(sub).href === new URL(url).href);
}
