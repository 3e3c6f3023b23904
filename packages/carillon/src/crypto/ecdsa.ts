import { toHex } from "./bytes.ts";
import { verifySignature } from "./signing-key.ts";

/** DER of a P-256 SubjectPublicKeyInfo up to the coordinates of its uncompressed point (RFC 5480 section 2). */
const spkiPrefix = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";

const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/**
 * Whether the bytes are a P-256 public key in SPKI form whose point lies on the curve (y^2 = x^3 - 3x + b, FIPS 186-5),
 * so that a mistyped key is found where it is configured, without waiting for WebCrypto's asynchronous import.
 */
export function isP256PublicKey(spki: Uint8Array): boolean {
  const text = toHex(spki);
  if (spki.length !== 91 || !text.startsWith(spkiPrefix)) return false;
  const x = BigInt(`0x${text.slice(54, 118)}`);
  const y = BigInt(`0x${text.slice(118)}`);
  return x < p && y < p && (y * y - x * x * x + 3n * x - b) % p === 0n;
}

/**
 * An ASN.1 DER signature as the 64 bytes r || s that WebCrypto takes; given DER, it answers false without an error.
 * Undefined unless the DER is the only one for its numbers: short lengths, positive minimal integers, nothing after them.
 */
export function derToRawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (der.length < 8 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const raw = new Uint8Array(64);
  let offset = 2;
  for (const end of [32, 64]) {
    const length = der[offset + 1];
    if (der[offset] !== 0x02 || length === undefined) return undefined;
    const digits = der.subarray(offset + 2, offset + 2 + length);
    const [first, second = 0] = digits;
    if (digits.length !== length || first === undefined || first >= 0x80) return undefined;
    // A leading zero stands only before a byte that would otherwise read as a sign.
    if (first === 0 && second < 0x80) return undefined;
    const magnitude = first === 0 ? digits.subarray(1) : digits;
    if (magnitude.length > 32) return undefined;
    raw.set(magnitude, end - magnitude.length);
    offset += 2 + length;
  }
  return offset === der.length ? raw : undefined;
}

/**
 * ECDSA P-256 with SHA-256.
 *
 * @param spki the public key's DER; WebCrypto rejects with a `DataError` what {@link isP256PublicKey} would refuse.
 * @param signature r || s; of any length but 64 bytes it is no signature.
 */
export function verifyEcdsaP256(
  spki: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return verifySignature({ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, spki, signature, data);
}
