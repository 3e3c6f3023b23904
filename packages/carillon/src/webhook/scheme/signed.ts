import type { SyncCrypto } from "../../crypto/signing-key.ts";

/**
 * How many signatures of one request are tried: each costs a pass over the body, and who sends a thousand of them wants
 * that work done. A provider sends one for each of its secrets, which are two while they rotate.
 */
const maxSignatures = 10;

type Bytes = Uint8Array<ArrayBuffer>;

/** Whether one of the signatures is one of the keys'. */
export async function isSigned(
  verify: (key: Bytes, signature: Bytes, data: Bytes, sync?: SyncCrypto) => Promise<boolean>,
  keys: readonly Bytes[],
  signatures: readonly Bytes[],
  data: Bytes,
  sync?: SyncCrypto,
): Promise<boolean> {
  for (const key of keys) {
    for (const signature of signatures.slice(0, maxSignatures)) {
      if (await verify(key, signature, data, sync)) return true;
    }
  }
  return false;
}
