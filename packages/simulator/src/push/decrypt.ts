import { utf8 } from "../wire/bytes.ts";
import type { BrowserKeys } from "./keys.ts";

/** Why a browser drops a message without a word to anybody. */
export class UndecryptableError extends Error {}

const headBytes = 21;

/**
 * What a browser does with a body: RFC 8291, on RFC 8188. One record, whose size the head must leave room for.
 *
 * Errors: rejects with an {@link UndecryptableError} that says what a browser would not.
 */
export async function decryptPush(body: Uint8Array<ArrayBuffer>, keys: BrowserKeys): Promise<Uint8Array<ArrayBuffer>> {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  if (body.length < headBytes) throw new UndecryptableError("The head is cut off");
  const recordBytes = view.getUint32(16);
  const keyEnd = headBytes + view.getUint8(20);
  const senderPoint = body.slice(headBytes, keyEnd);
  const record = body.slice(keyEnd);
  if (senderPoint.length !== 65 || senderPoint[0] !== 4) throw new UndecryptableError("The key id is no P-256 point");
  if (record.length < 18) throw new UndecryptableError("The record is cut off");
  if (recordBytes < record.length) throw new UndecryptableError("There is more than one record");
  let plain: Uint8Array<ArrayBuffer>;
  try {
    const { key, iv } = await contentKey(keys, senderPoint, body.slice(0, 16));
    plain = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, record));
  } catch {
    throw new UndecryptableError("The keys do not open it");
  }
  const end = plain.findLastIndex((byte) => byte !== 0);
  if (plain[end] !== 2) throw new UndecryptableError("The delimiter is not that of a last record");
  return plain.slice(0, end);
}

async function contentKey(
  keys: BrowserKeys,
  senderPoint: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
): Promise<{ readonly key: CryptoKey; readonly iv: Uint8Array<ArrayBuffer> }> {
  const sender = await crypto.subtle.importKey("raw", senderPoint, { name: "ECDH", namedCurve: "P-256" }, false, []);
  // workerd's types ask for `$public`, which is nowhere else.
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: sender } as never, keys.privateKey, 256);
  const info = Uint8Array.from([...utf8("WebPush: info\0"), ...keys.publicKey, ...senderPoint]);
  const secret = await hkdf(new Uint8Array(shared), keys.authSecret, info, 256);
  const raw = await hkdf(secret, salt, utf8("Content-Encoding: aes128gcm\0"), 128);
  const iv = await hkdf(secret, salt, utf8("Content-Encoding: nonce\0"), 96);
  return { key: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]), iv };
}

async function hkdf(
  secret: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  info: Uint8Array<ArrayBuffer>,
  bits: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, bits));
}
