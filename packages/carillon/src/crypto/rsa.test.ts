import { describe, expect, test } from "vitest";
import { toBase64, utf8 } from "./bytes.ts";
import { importRsaKey, readRsaPem } from "./rsa.ts";

const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;

async function pkcs8Of(how: RsaHashedKeyGenParams | EcKeyGenParams): Promise<Uint8Array<ArrayBuffer>> {
  const pair = (await crypto.subtle.generateKey(how, true, ["sign", "verify"])) as CryptoKeyPair;
  return new Uint8Array((await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer);
}

const armour = (bytes: Uint8Array, name = "PRIVATE KEY"): string =>
  `-----BEGIN ${name}-----\n${toBase64(bytes).replace(/.{64}/g, "$&\n")}\n-----END ${name}-----\n`;

describe("readRsaPem", () => {
  test("reads the bytes, however line breaks are spelled", async () => {
    const bytes = await pkcs8Of(algorithm);
    const pem = armour(bytes);
    for (const spelled of [
      pem,
      pem.trim(),
      pem.replaceAll("\n", "\r\n"),
      pem.replaceAll("\n", "\\n"),
      pem.replaceAll("\n", "\\r\\n"),
      ` ${pem}\n`,
    ]) {
      expect(readRsaPem(spelled)).toEqual(bytes);
    }
  });

  test("reads a key of 4096 bits", async () => {
    const bytes = await pkcs8Of({ ...algorithm, modulusLength: 4096 });
    expect(readRsaPem(armour(bytes))).toEqual(bytes);
  });

  test("reads nothing else", async () => {
    const bytes = await pkcs8Of(algorithm);
    const others = [
      "",
      "{}",
      toBase64(bytes),
      armour(bytes, "RSA PRIVATE KEY"),
      armour(bytes, "PUBLIC KEY"),
      armour(bytes.subarray(0, -3)),
      armour(bytes.subarray(0, 40)),
      armour(bytes).replace("-----END", "!-----END"),
      armour(bytes) + armour(bytes),
      armour(await pkcs8Of({ name: "ECDSA", namedCurve: "P-256" })),
    ];
    for (const other of others) expect(readRsaPem(other)).toBeUndefined();
  });
});

describe("importRsaKey", () => {
  test("makes a key that signs for the public one, and cannot be got back", async () => {
    const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
    const bytes = new Uint8Array((await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer);
    const key = await importRsaKey(bytes);
    expect(key).toMatchObject({ extractable: false, usages: ["sign"] });
    const signature = await crypto.subtle.sign(algorithm.name, key, utf8("a"));
    expect(await crypto.subtle.verify(algorithm.name, pair.publicKey, signature, utf8("a"))).toBe(true);
    expect(await crypto.subtle.verify(algorithm.name, pair.publicKey, signature, utf8("b"))).toBe(false);
  });

  test("rejects what only begins as a key", async () => {
    const bytes = (await pkcs8Of(algorithm)).fill(0, 40);
    expect(readRsaPem(armour(bytes))).toEqual(bytes);
    await expect(importRsaKey(bytes)).rejects.toThrow();
  });
});
