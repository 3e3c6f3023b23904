import { randomBytes, toBase64, toBase64Url, utf8 } from "../wire/bytes.ts";

/** How long a signature holds. */
const validSeconds = 300;

export interface SignedRequest {
  /** As it is called. */
  readonly url: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly nowMs: number;
}

/**
 * The value of `Upstash-Signature`: a JWT, HS256 with the UTF-8 bytes of the whole key, whose claim `body` is the hash of
 * the raw body in padded base64url (docs `qstash/howto/signature`).
 */
export async function signRequest(signingKey: string, { url, body, nowMs }: SignedRequest): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const claims = {
    iss: "Upstash",
    sub: url,
    exp: issuedAt + validSeconds,
    nbf: 0,
    iat: issuedAt,
    jti: `jwt_${randomId(28)}`,
    body: toBase64(digest).replaceAll("+", "-").replaceAll("/", "_"),
  };
  const parts = [{ alg: "HS256", typ: "JWT" }, claims].map((part) => toBase64Url(utf8(JSON.stringify(part))));
  const input = parts.join(".");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8(signingKey), algorithm, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(input)));
  return `${input}.${toBase64Url(signature)}`;
}

const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/** Letters and digits. */
export function randomId(length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join("");
}
