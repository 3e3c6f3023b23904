import { fromBase64Url, toBase64Url } from "./base64url.ts";

/** What a text was sealed for. */
export interface Seal {
  /** Of at least 128 bits. */
  readonly secret: string;
  /** Part of the key: what is sealed for one purpose cannot be opened for another. */
  readonly purpose: string;
  /** Signed along, and not part of the result. */
  readonly context: string;
}

const encoder = new TextEncoder();
const tagBytes = 16;

/**
 * Encrypts and signs a text, in base64url: what is to be in a URL and read by nobody. The same text makes the same result:
 * the signature (HMAC-SHA256) is the counter block of AES-CTR, as in SIV (RFC 5297), so that no randomness is needed.
 */
export async function sealText(seal: Seal, text: string): Promise<string> {
  const { sign, encrypt } = await keysOf(seal);
  const plain = encoder.encode(text);
  const tag = await tagOf(sign, seal.context, plain);
  const sealed = await crypto.subtle.encrypt({ name: "AES-CTR", counter: tag, length: 64 }, encrypt, plain);
  return toBase64Url(new Uint8Array([...tag, ...new Uint8Array(sealed)]));
}

/** The text; undefined for what {@link sealText} did not make with the same seal. */
export async function openText(seal: Seal, sealed: string): Promise<string | undefined> {
  const bytes = fromBase64Url(sealed);
  if (bytes === undefined || bytes.length <= tagBytes) return undefined;
  const { sign, encrypt } = await keysOf(seal);
  const tag = bytes.slice(0, tagBytes);
  const counter = { name: "AES-CTR", counter: tag, length: 64 };
  const plain = new Uint8Array(await crypto.subtle.decrypt(counter, encrypt, bytes.slice(tagBytes)));
  return isEqual(await tagOf(sign, seal.context, plain), tag) ? new TextDecoder().decode(plain) : undefined;
}

async function tagOf(key: CryptoKey, context: string, plain: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  // The length keeps the two apart, whatever is in them.
  const signed = new Uint8Array([...encoder.encode(`${context.length}.${context}.`), ...plain]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)).slice(0, tagBytes);
}

interface Keys {
  readonly sign: CryptoKey;
  readonly encrypt: CryptoKey;
}

/** There are few secrets. Values, since a promise of an invocation that has ended never settles. */
const imported = new Map<string, Keys>();
const maxImported = 100;

/** Two keys from one secret, for the two things that are done with it. */
async function keysOf({ secret, purpose }: Seal): Promise<Keys> {
  const name = `${purpose} ${secret}`;
  const known = imported.get(name);
  if (known !== undefined) return known;
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const hkdf = (use: string): SubtleCryptoDeriveKeyAlgorithm => ({
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: encoder.encode(`carillon ${purpose} ${use}`),
  });
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const aes = { name: "AES-CTR", length: 256 };
  const keys = {
    sign: await crypto.subtle.deriveKey(hkdf("sign"), material, hmac, false, ["sign"]),
    encrypt: await crypto.subtle.deriveKey(hkdf("encrypt"), material, aes, false, ["encrypt", "decrypt"]),
  };
  if (imported.size >= maxImported) imported.clear();
  imported.set(name, keys);
  return keys;
}

/** In the same time wherever they differ. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}
