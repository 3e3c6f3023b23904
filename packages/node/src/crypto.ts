import {
  createHash,
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from "node:crypto";
import type { SigningAlgorithm, SyncCrypto } from "carillon";

/** By the bytes that they were made of, which the owner of a webhook's secret keeps. */
const keys: WeakMap<Uint8Array, KeyObject> = /* @__PURE__ */ new WeakMap();

function keyOf({ name }: SigningAlgorithm, bytes: Uint8Array): KeyObject {
  const known = keys.get(bytes);
  if (known) return known;
  const key = name === "HMAC" ? createSecretKey(bytes) : createPublicKey(spkiOf(name, bytes));
  keys.set(bytes, key);
  return key;
}

function spkiOf(name: string, bytes: Uint8Array): { key: Buffer; format: "der"; type: "spki" } {
  // RFC 8410 section 4: what stands before the 32 bytes of an Ed25519 key is always the same.
  const before = name === "Ed25519" ? "302a300506032b6570032100" : "";
  return { key: Buffer.concat([Buffer.from(before, "hex"), bytes]), format: "der", type: "spki" };
}

/**
 * Verifies webhooks by `node:crypto`, for the `crypto` of `receiveWebhook`: WebCrypto makes each signature on another thread,
 * and in Node the way there and back costs several times what the signature of a webhook does.
 *
 * @example
 * await receiveWebhook(source, request, { crypto: nodeCrypto });
 */
export const nodeCrypto: SyncCrypto = {
  verify(algorithm, bytes, signature, data) {
    const key = keyOf(algorithm, bytes);
    const hash = algorithm.hash?.replace("-", "").toLowerCase();
    if (algorithm.name !== "HMAC") return verify(hash, data, { key, dsaEncoding: "ieee-p1363" }, signature);
    const made = createHmac(hash!, key).update(data).digest();
    return made.length === signature.length && timingSafeEqual(made, signature);
  },
  // A copy, since Node's small buffers are windows on a large one.
  sha256: (data) => Uint8Array.from(createHash("sha256").update(data).digest()),
};
