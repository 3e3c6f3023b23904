import { toBase64Url, utf8 } from "./bytes.ts";

/** Written in this order; algorithms of RFC 7518 section 3.1. */
export interface JwtHeader {
  readonly typ?: "JWT" | undefined;
  readonly alg: "ES256" | "RS256" | "HS256";
  readonly kid?: string | undefined;
}

/**
 * A signed token in compact form (RFC 7515 section 7.1). Header and claims are written in the order in which they are given.
 *
 * Errors: rejects with what WebCrypto throws for a key that cannot sign.
 *
 * @param key ECDSA on P-256 for `ES256`, RSASSA-PKCS1-v1_5 with SHA-256 for `RS256`, HMAC with SHA-256 for
 * `HS256`.
 */
export async function signJwt(header: JwtHeader, claims: object, key: CryptoKey): Promise<string> {
  const signed = [header, claims].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join(".");
  // RSA and HMAC take the hash from their key. WebCrypto's ECDSA signature is r || s, as JWS wants it (RFC 7518 section 3.4).
  const algorithm = { name: key.algorithm.name, hash: "SHA-256" };
  return `${signed}.${toBase64Url(new Uint8Array(await crypto.subtle.sign(algorithm, key, utf8(signed))))}`;
}
