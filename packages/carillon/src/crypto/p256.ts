import { toHex } from "./bytes.ts";

/**
 * Whether a P-256 private key (32 bytes) is that of a public key, which must be 65 bytes, the first of them 4. It is for keys that are checked
 * before WebCrypto, which is asynchronous, can be asked. It takes a millisecond, and how long depends a little on the key,
 * so it is not for keys that others send.
 */
export function isP256Pair(privateKey: Uint8Array, publicKey: Uint8Array): boolean {
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
  // SP 800-186, section 3.2.1.3: the prime of the field, and the base point.
  const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const gx = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n;
  const gy = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n;
  // Jacobian coordinates, (X / Z², Y / Z³), with the formulas dbl-2001-b and madd of https://hyperelliptic.org/EFD.
  let [x, y, z] = [gx, gy, 1n];
  for (const bit of number(privateKey).toString(2).slice(1)) {
    const delta = z * z;
    const gamma = (y * y) % p;
    const beta = x * gamma;
    const alpha = (3n * (x - delta) * (x + delta)) % p;
    z = (2n * y * z) % p;
    x = (alpha * alpha - 8n * beta) % p;
    y = (alpha * (4n * beta - x) - 8n * gamma * gamma) % p;
    if (bit === "0") continue;
    const zz = (z * z) % p;
    const h = (gx * zz - x) % p;
    const r = (gy * z * zz - y) % p;
    const hh = (h * h) % p;
    const v = x * hh;
    x = (r * r - h * hh - 2n * v) % p;
    y = (r * (v - x) - y * h * hh) % p;
    z = (z * h) % p;
  }
  // Without a division: x = X / Z².
  const isSame = (one: Uint8Array, zs: bigint, other: bigint): boolean => (number(one) * zs - other) % p === 0n;
  return (
    privateKey.some(Boolean) &&
    z !== 0n &&
    isSame(publicKey.subarray(1, 33), z * z, x) &&
    isSame(publicKey.subarray(33), z ** 3n, y)
  );
}
