import { fromBase64 } from "./bytes.ts";

/**
 * The bytes of an RSA key in PKCS #8 (RFC 5958), out of its PEM. A line break may also stand as `\n`, two characters, as
 * environment variables often hold it. Undefined for anything else, another kind of key or a key cut short among it: what
 * can be said of a key without WebCrypto, whose import is asynchronous.
 */
export function readRsaPem(pem: string): Uint8Array<ArrayBuffer> | undefined {
  const compact = pem.replace(/\\[nr]|\s/g, "");
  // SEQUENCE, its length in two bytes, version 0, rsaEncryption (1.2.840.113549.1.1.1).
  const form = /^-----BEGINPRIVATEKEY-----(MII.{3}IBADANBgkqhkiG9w0BAQEFA.*)-----ENDPRIVATEKEY-----$/;
  const bytes = fromBase64(form.exec(compact)?.[1] ?? "");
  return bytes && bytes[2]! * 256 + bytes[3]! + 4 === bytes.length ? bytes : undefined;
}

/**
 * A key for `RS256` (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 section 3.3).
 *
 * Errors: rejects with what WebCrypto throws for bytes that are no such key.
 */
export function importRsaKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"]);
}
