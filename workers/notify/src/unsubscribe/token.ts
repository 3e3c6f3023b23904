import type { UnsubscribeKey } from "./settings.ts";

/** Who leaves what. */
export interface UnsubscribeSubject {
  readonly channel: string;
  /** `Address.key`. */
  readonly addressKey: string;
  readonly category: string;
  /** Id of the message that the link stood in. */
  readonly message: string;
}

const encoder = new TextEncoder();
const tagBytes = 16;
const maxTokenLength = 2_000;

/**
 * A token for a link: `<key id>.<base64url>`. It holds all that it says, signed with HMAC-SHA256 and encrypted, so that no
 * address stands in a URL, nothing has to be looked up, and it works for as long as its key is kept. The same subject makes
 * the same token: a request that is repeated stays the same request. (The signature is the counter block of AES-CTR, as in
 * SIV, RFC 5297.)
 */
export async function signToken({ id, secret }: UnsubscribeKey, subject: UnsubscribeSubject): Promise<string> {
  const { sign, encrypt } = await keysOf(secret);
  const { channel, addressKey, category, message } = subject;
  const plain = encoder.encode(JSON.stringify([channel, addressKey, category, message]));
  const tag = await tagOf(sign, id, plain);
  const sealed = await crypto.subtle.encrypt({ name: "AES-CTR", counter: tag, length: 64 }, encrypt, plain);
  return `${id}.${toBase64Url(new Uint8Array([...tag, ...new Uint8Array(sealed)]))}`;
}

/** What a token says; undefined for one that none of the keys has signed. */
export async function readToken(
  keys: readonly UnsubscribeKey[],
  token: string,
): Promise<UnsubscribeSubject | undefined> {
  const [, id, text = ""] = /^([\w-]{1,16})\.([\w-]+)$/.exec(token) ?? [];
  const key = keys.find((one) => one.id === id);
  if (key === undefined || token.length > maxTokenLength) return undefined;
  const bytes = fromBase64Url(text);
  if (bytes === undefined || bytes.length <= tagBytes) return undefined;
  const { sign, encrypt } = await keysOf(key.secret);
  const tag = bytes.slice(0, tagBytes);
  const counter = { name: "AES-CTR", counter: tag, length: 64 };
  const plain = new Uint8Array(await crypto.subtle.decrypt(counter, encrypt, bytes.slice(tagBytes)));
  if (!isEqual(await tagOf(sign, key.id, plain), tag)) return undefined;
  const [channel, addressKey, category, message] = JSON.parse(new TextDecoder().decode(plain)) as string[];
  return channel === undefined || addressKey === undefined || category === undefined || message === undefined
    ? undefined
    : { channel, addressKey, category, message };
}

async function tagOf(key: CryptoKey, id: string, plain: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const signed = new Uint8Array([...encoder.encode(`${id}.`), ...plain]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)).slice(0, tagBytes);
}

interface Keys {
  readonly sign: CryptoKey;
  readonly encrypt: CryptoKey;
}

/** By secret: there are as many as the deployment has. Values, since a promise of an ended invocation never settles. */
const imported = new Map<string, Keys>();

/** Two keys from one secret, for the two things that are done with it. */
async function keysOf(secret: string): Promise<Keys> {
  const known = imported.get(secret);
  if (known !== undefined) return known;
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const hkdf = (info: string): SubtleCryptoDeriveKeyAlgorithm => ({
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: encoder.encode(`carillon unsubscribe ${info}`),
  });
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const keys = {
    sign: await crypto.subtle.deriveKey(hkdf("sign"), material, hmac, false, ["sign"]),
    encrypt: await crypto.subtle.deriveKey(hkdf("encrypt"), material, { name: "AES-CTR", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]),
  };
  imported.set(secret, keys);
  return keys;
}

/** In the same time wherever they differ. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Undefined for what `toBase64Url` does not make, other spellings of the same bytes included. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    return toBase64Url(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
