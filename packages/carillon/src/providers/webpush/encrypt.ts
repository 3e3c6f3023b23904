import { encryptAes128Gcm } from "../../crypto/aes128gcm.ts";
import { concatBytes, utf8 } from "../../crypto/bytes.ts";
import { hmacSha256 } from "../../crypto/hmac-sync.ts";

/**
 * In UTF-8, padding included: what is left of the 4096 bytes that every push service must take (RFC 8291 section 4) beside
 * salt, sizes, key, delimiter and tag.
 */
export const maxPayloadBytes = 3993;

const ecdh = { name: "ECDH", namedCurve: "P-256" };

/** The browser's half of the keys, from its subscription. */
export interface Receiver {
  readonly publicKey: CryptoKey;
  /** The same key as 65 bytes. */
  readonly point: Uint8Array;
  readonly authSecret: Uint8Array;
}

/** Rejects for a point that is not on the curve. */
export const importReceiverKey = (point: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", point, ecdh, false, []);

/** The sender's half: for one message alone (RFC 8291 section 3.1). */
export interface SenderKeys {
  readonly privateKey: CryptoKey;
  /** The public key as 65 bytes. */
  readonly point: Uint8Array;
}

async function makeSenderKeys(): Promise<SenderKeys> {
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(ecdh, false, ["deriveBits"])) as CryptoKeyPair;
  return { privateKey, point: new Uint8Array((await crypto.subtle.exportKey("raw", publicKey)) as ArrayBuffer) };
}

/**
 * Makes what gives each message new keys. The next message's are made while one is encrypted, which takes a third off the
 * time of each; kept are keys that are ready, never promises of them, which in workerd may not outlive their request.
 */
export function senderKeySupply(): () => Promise<SenderKeys> {
  const ready: SenderKeys[] = [];
  return async () => {
    const keys = ready.pop() ?? (await makeSenderKeys());
    if (ready.length < 32) {
      // Should it fail, the next message makes its own.
      makeSenderKeys().then(
        (keys) => void ready.push(keys),
        () => {},
      );
    }
    return keys;
  };
}

/**
 * Encrypts for one browser (RFC 8291), as one record. With the sender's keys it is five calls to WebCrypto, which the time
 * goes to.
 *
 * @param salt 16 random bytes.
 * @param paddedBytes The text gets at least this long.
 */
export async function encryptPush(
  { publicKey, point, authSecret }: Receiver,
  sender: SenderKeys,
  salt: Uint8Array,
  text: Uint8Array,
  paddedBytes?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  // workerd's types ask for `$public`, which is nowhere else.
  const algorithm = { name: "ECDH", public: publicKey } as never;
  const shared = await crypto.subtle.deriveBits(algorithm, sender.privateKey, 256);
  const sign = hmacSha256(hmacSha256(authSecret)(new Uint8Array(shared)));
  const secret = sign(concatBytes(utf8("WebPush: info\0"), point, sender.point, utf8("\u0001")));
  return encryptAes128Gcm(secret, salt, sender.point, text, paddedBytes);
}
