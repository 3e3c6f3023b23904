import { verifySignature } from "./signing-key.ts";

/**
 * An ASN.1 DER signature as the 64 bytes r || s that WebCrypto takes; given DER, it answers false without an error.
 * Undefined unless the DER is the only one for its numbers: short lengths, positive minimal integers, nothing after them.
 */
export function derToRawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const raw = new Uint8Array(64);
  let offset = 2;
  for (const end of [32, 64]) {
    const length = der[offset + 1] ?? 0;
    const digits = der.subarray(offset + 2, offset + 2 + length);
    const [first = 0x80, second = 0] = digits;
    if (der[offset] !== 0x02 || digits.length !== length || first >= 0x80) return undefined;
    // A leading zero stands only before a byte that would otherwise read as a sign.
    if (first === 0 && second < 0x80) return undefined;
    const magnitude = digits.subarray(first === 0 ? 1 : 0);
    if (magnitude.length > 32) return undefined;
    raw.set(magnitude, end - magnitude.length);
    offset += 2 + length;
  }
  return offset === der.length ? raw : undefined;
}

/**
 * ECDSA P-256 with SHA-256.
 *
 * Errors: rejects with a `DataError` for a key that is no SPKI, or whose point is not on the curve.
 *
 * @param signature r || s; of any length but 64 bytes it is no signature.
 */
export function verifyEcdsaP256(
  spki: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return verifySignature({ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, spki, signature, data);
}
