import { type SyncCrypto, verifySignature } from "./signing-key.ts";

/**
 * Ed25519 (RFC 8032).
 *
 * @param publicKey 32 bytes.
 * @param signature 64 bytes; of any other length it is none. workerd would throw for it where Node answers false.
 */
export async function verifyEd25519(
  publicKey: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  sync?: SyncCrypto,
): Promise<boolean> {
  return signature.length === 64 && verifySignature({ name: "Ed25519" }, publicKey, signature, data, sync);
}
