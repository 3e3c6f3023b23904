import { toBase64Url } from "../base64url.ts";
import type { SigningKey } from "../signing-keys.ts";

export const erasedKeyPattern: RegExp = /^erased:[\w-]{1,16}:[\w-]{43}$/;

/** What stands for the address of somebody who was erased: to be recognised, and not to be read. */
export async function erasedKeyOf(
  { id, secret }: SigningKey,
  { channel, addressKey }: { readonly channel: string; readonly addressKey: string },
): Promise<string> {
  const text = new TextEncoder().encode(`${channel} ${addressKey}`);
  const mac = await crypto.subtle.sign("HMAC", await imported(secret), text);
  return `erased:${id}:${toBase64Url(new Uint8Array(mac))}`;
}

/** By what stands for them, under any key, the addresses of a channel. Nothing where nobody can be erased. */
export async function erasedKeysOf(
  keys: readonly SigningKey[],
  channel: string,
  addressKeys: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const pairs = Array.from(new Set(addressKeys)).flatMap((addressKey) =>
    keys.map(async (key) => [await erasedKeyOf(key, { channel, addressKey }), addressKey] as const),
  );
  return new Map(await Promise.all(pairs));
}

/** There are few secrets. Values, since a promise of an invocation that has ended never settles. */
const known = new Map<string, CryptoKey>();
const maxKnown = 100;

async function imported(secret: string): Promise<CryptoKey> {
  let key = known.get(secret);
  if (key === undefined) {
    const bytes = new TextEncoder().encode(secret);
    key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    if (known.size >= maxKnown) known.clear();
    known.set(secret, key);
  }
  return key;
}
