import { verifySignature } from "./signing-key.ts";

export type HmacHash = "SHA-1" | "SHA-256";

/** The key must not be empty: WebCrypto refuses that with a `DataError`. */
export async function signHmac(
  hash: HmacHash,
  key: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

/** Compares in constant time: the platform does it. */
export function verifyHmac(
  hash: HmacHash,
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return verifySignature({ name: "HMAC", hash }, key, signature, data);
}
