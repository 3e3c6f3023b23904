// How providers sign, from their documentation: what forges must not share the mistakes of what it is shown to.

export type Bytes = Uint8Array<ArrayBuffer>;

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text) as Bytes;
}

export function join(...parts: readonly (Bytes | string)[]): Bytes {
  const bytes = parts.map((part) => (typeof part === "string" ? utf8(part) : part));
  const whole = new Uint8Array(bytes.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of bytes) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

export function base64Url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

export async function digest(hash: Hash, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest(hash, data));
}

const imported = new Map<string, Promise<CryptoKey>>();

function keyOf(
  format: "raw" | "pkcs8",
  key: Bytes,
  algorithm: { name: string; hash?: string; namedCurve?: string },
): Promise<CryptoKey> {
  const name = `${JSON.stringify(algorithm)}${base64(key)}`;
  const known = imported.get(name) ?? crypto.subtle.importKey(format, key, algorithm, false, ["sign"]);
  imported.set(name, known);
  return known;
}

export async function hmac(hash: Hash, key: Bytes | string, ...data: readonly (Bytes | string)[]): Promise<Bytes> {
  const algorithm = { name: "HMAC", hash };
  const imported = await keyOf("raw", typeof key === "string" ? utf8(key) : key, algorithm);
  return new Uint8Array(await crypto.subtle.sign(algorithm, imported, join(...data)));
}

/** @param pkcs8 in base64. @returns r || s. */
export async function ecdsa(pkcs8: string, hash: Hash, data: Bytes): Promise<Bytes> {
  const key = await keyOf("pkcs8", fromBase64(pkcs8), { name: "ECDSA", namedCurve: "P-256" });
  return new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash }, key, data));
}

/** @param pkcs8 in base64. */
export async function ed25519(pkcs8: string, data: Bytes): Promise<Bytes> {
  const key = await keyOf("pkcs8", fromBase64(pkcs8), { name: "Ed25519" });
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, data));
}

/** PKCS #1 v1.5. @param pkcs8 in PEM. */
export async function rsa(pkcs8: string, hash: Hash, data: Bytes): Promise<Bytes> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
  const key = await keyOf("pkcs8", fromBase64(pkcs8.replaceAll(/-----[^-]+-----|\s/g, "")), algorithm);
  return new Uint8Array(await crypto.subtle.sign(algorithm, key, data));
}

export function secondsOf(at: Date): string {
  return String(Math.floor(at.getTime() / 1000));
}
