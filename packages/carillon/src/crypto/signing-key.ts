const imported: WeakMap<Uint8Array, Map<string, CryptoKey>> = /* @__PURE__ */ new WeakMap();

/** Of which shape the key is, and what is done with it; `hash` and `namedCurve` where the algorithm has one. */
export interface SigningAlgorithm {
  readonly name: "HMAC" | "ECDSA" | "Ed25519" | "RSASSA-PKCS1-v1_5";
  readonly hash?: "SHA-1" | "SHA-256";
  readonly namedCurve?: "P-256";
}

/**
 * Cryptography without a wait, where a platform has more than WebCrypto, whose calls each take a trip to another thread there:
 * `nodeCrypto` of `@carillon/node`. It compares in constant time, imports a key once for all that is verified by the same bytes,
 * and throws for what is no key.
 */
export interface SyncCrypto {
  verify(
    algorithm: SigningAlgorithm,
    key: Uint8Array<ArrayBuffer>,
    signature: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): boolean;
  sha256(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/**
 * The WebCrypto key of these bytes: raw, or the SPKI of an ECDSA or RSA key. Imported once for each algorithm. What is kept is the
 * key and not the promise of it: in workerd a promise that another request's invocation left behind may never settle.
 *
 * Errors: rejects with a `DataError` for bytes that are no such key.
 */
export async function signingKey(algorithm: SigningAlgorithm, bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const { name, hash } = algorithm;
  const keys = imported.get(bytes) ?? new Map<string, CryptoKey>();
  const known = keys.get(name + hash);
  if (known) return known;
  const format = name === "ECDSA" || name === "RSASSA-PKCS1-v1_5" ? "spki" : "raw";
  const usages: ("sign" | "verify")[] = name === "HMAC" ? ["sign", "verify"] : ["verify"];
  const key = await crypto.subtle.importKey(format, bytes, algorithm, false, usages);
  imported.set(bytes, keys.set(name + hash, key));
  return key;
}

export async function verifySignature(
  algorithm: SigningAlgorithm,
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  sync?: SyncCrypto,
): Promise<boolean> {
  if (sync) return sync.verify(algorithm, key, signature, data);
  return crypto.subtle.verify(algorithm, await signingKey(algorithm, key), signature, data);
}
