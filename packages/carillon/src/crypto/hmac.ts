import { type SyncCrypto, verifySignature } from "./signing-key.ts";

export type HmacHash = "SHA-1" | "SHA-256";

/** To sign with, again and again. The bytes must not be empty: WebCrypto refuses that with a `DataError`. */
export function importHmacKey(hash: HmacHash, key: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]);
}

export async function signWith(key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
}

/** Signs once: {@link importHmacKey} spares the import where a key signs more than that. */
export async function signHmac(
  hash: HmacHash,
  key: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return signWith(await importHmacKey(hash, key), data);
}

/** Compares in constant time: the platform does it. */
export function verifyHmac(
  hash: HmacHash,
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  sync?: SyncCrypto,
): Promise<boolean> {
  return verifySignature({ name: "HMAC", hash }, key, signature, data, sync);
}
