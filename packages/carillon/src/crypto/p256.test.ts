import { expect, test } from "vitest";
import { fromBase64Url } from "./bytes.ts";
import { isP256Pair } from "./p256.ts";

interface Pair {
  readonly scalar: Uint8Array;
  readonly point: Uint8Array;
}

async function makePair(): Promise<Pair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const { d = "" } = (await crypto.subtle.exportKey("jwk", privateKey)) as JsonWebKey;
  const point = (await crypto.subtle.exportKey("raw", publicKey)) as ArrayBuffer;
  return { scalar: fromBase64Url(d) as Uint8Array, point: new Uint8Array(point) };
}

const changed = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

test("knows the pairs that WebCrypto makes, and no others", async () => {
  for (let count = 0; count < 20; count++) {
    const { scalar, point } = await makePair();
    const other = await makePair();
    expect(isP256Pair(scalar, point)).toBe(true);
    expect(isP256Pair(scalar, other.point)).toBe(false);
    expect(isP256Pair(other.scalar, point)).toBe(false);
    for (const at of [1, 33, 64]) expect(isP256Pair(scalar, changed(point, at))).toBe(false);
    expect(isP256Pair(changed(scalar, 31), point)).toBe(false);
  }
});

test("refuses what is no number of a key", () => {
  const base = fromBase64Url("BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
  const order = fromBase64Url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE") as Uint8Array;
  expect(isP256Pair(new Uint8Array(32), base as Uint8Array)).toBe(false);
  expect(isP256Pair(order, new Uint8Array(65).fill(4, 0, 1))).toBe(false);
});

test("takes the smallest private key for that of the base point", () => {
  const base = fromBase64Url("BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
  expect(isP256Pair(new Uint8Array(32).fill(1, 31), base as Uint8Array)).toBe(true);
});
