import { concatBytes, utf8 } from "./bytes.ts";
import { hmacSha256 } from "./hmac-sync.ts";

/**
 * A text as an `aes128gcm` body of one record (RFC 8188), with zeros after it up to a length that hides its own.
 *
 * @param secret The input keying material.
 * @param keyId At most 255 bytes.
 * @param text At most 4078 bytes, and so is `paddedBytes`.
 */
export async function encryptAes128Gcm(
  secret: Uint8Array,
  salt: Uint8Array,
  keyId: Uint8Array,
  text: Uint8Array,
  paddedBytes = 0,
): Promise<Uint8Array<ArrayBuffer>> {
  const expand = hmacSha256(hmacSha256(salt)(secret));
  const derive = (what: string, bytes: number): Uint8Array<ArrayBuffer> =>
    expand(utf8(`Content-Encoding: ${what}\0\u0001`)).slice(0, bytes);
  const record = new Uint8Array(Math.max(text.length, paddedBytes) + 1);
  record.set(text);
  // The delimiter of the last record (section 2).
  record[text.length] = 2;
  const name = "AES-GCM";
  const key = await crypto.subtle.importKey("raw", derive("aes128gcm", 16), name, false, ["encrypt"]);
  const encrypted = await crypto.subtle.encrypt({ name, iv: derive("nonce", 12) }, key, record);
  // The record size, 4096: more than the one record has.
  return concatBytes(salt, Uint8Array.of(0, 0, 16, 0, keyId.length), keyId, new Uint8Array(encrypted));
}
