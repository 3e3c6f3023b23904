import { expect, test } from "vitest";
import { concatBytes, fromBase64, fromHex, toHex, utf8 } from "./bytes.ts";
import { equalBytes } from "./constant-time.ts";
import { derToRawSignature, verifyEcdsaP256 } from "./ecdsa.ts";
import { verifyEd25519 } from "./ed25519.ts";
import { sha256Hex } from "./hash.ts";
import { signHmac, verifyHmac } from "./hmac.ts";

function hex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(`Not hexadecimal: ${text}`);
  return bytes;
}

function base64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64(text);
  if (!bytes) throw new Error(`Not base64: ${text}`);
  return bytes;
}

test("hashes as FIPS 180-4 does", async () => {
  expect(await sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("signs and verifies as RFC 4231 and RFC 2202 do", async () => {
  const key = utf8("Jefe");
  const data = utf8("what do ya want for nothing?");
  const sha256 = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const sha1 = hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  // One key object under both hashes: each keeps its own import.
  expect(await signHmac("SHA-256", key, data)).toEqual(sha256);
  expect(await signHmac("SHA-1", key, data)).toEqual(sha1);
  expect(await verifyHmac("SHA-256", key, sha256, data)).toBe(true);
  expect(await verifyHmac("SHA-1", key, sha1, data)).toBe(true);
  expect(await verifyHmac("SHA-256", key, sha1, data)).toBe(false);
  expect(await verifyHmac("SHA-256", key, sha256.slice(0, -1), data)).toBe(false);
  expect(await verifyHmac("SHA-256", key, new Uint8Array(), data)).toBe(false);
  expect(await verifyHmac("SHA-256", utf8("jefe"), sha256, data)).toBe(false);
  await expect(signHmac("SHA-256", new Uint8Array(), data)).rejects.toMatchObject({ name: "DataError" });
});

// npm @sendgrid/eventwebhook@8.0.0, src/eventwebhook.spec.js.
const spki = base64(
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
);
const der = base64("MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=");
const r = "61d056d1a3f98dcb906f5f2dcc5fdea7c8d74432b200d698c3959b11b4bba654";
const s = "c818970d6cccfae39ee56d09b86fa5b9001b3c8a8787cf4cd794e5b8bb4466d3";
const signed = utf8(
  '1600112502[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n',
);

test("verifies SendGrid's own example, whose signature is DER", async () => {
  const raw = derToRawSignature(der);
  expect(raw && toHex(raw)).toBe(r + s);
  expect(await verifyEcdsaP256(spki, hex(r + s), signed)).toBe(true);
  expect(await verifyEcdsaP256(spki, hex(s + r), signed)).toBe(false);
  expect(await verifyEcdsaP256(spki, hex(r + s), signed.slice(0, -2))).toBe(false);
  expect(await verifyEcdsaP256(spki, der, signed)).toBe(false);
  expect(await verifyEcdsaP256(spki, new Uint8Array(64), signed)).toBe(false);
  expect(await verifyEcdsaP256(spki, new Uint8Array(), signed)).toBe(false);
});

test("pads the short integers of a DER signature", () => {
  expect(derToRawSignature(hex("3006020101020102"))).toEqual(hex(`${"00".repeat(31)}01${"00".repeat(31)}02`));
});

test.each([
  ["empty", ""],
  ["no sequence", `3145${toHex(der).slice(4)}`],
  ["a long form of its length", `308145${toHex(der).slice(4)}`],
  ["a byte after its end", `${toHex(der)}00`],
  ["a byte after its integers", `3046${toHex(der).slice(4)}00`],
  ["cut", toHex(der).slice(0, -2)],
  ["an integer with a needless zero", `3046022100${r}022100${s}`],
  ["a negative integer", `30440220${r}0220${s}`],
  ["an integer of no bytes", `30250200022100${s}`],
  ["a zero", `3026020100022100${s}`],
  ["an integer of 33 digits", `304602217f${r}022100${s}`],
  ["another type than integer", `30450320${r}022100${s}`],
  ["an integer longer than the whole", `30450260${r}022100${s}`],
  ["one integer alone", `30220220${r}`],
])("reads no DER signature that is %s", (_, text) => {
  expect(derToRawSignature(hex(text))).toBeUndefined();
});

test("refuses an ECDSA key whose point is not on the curve", async () => {
  const changed = spki.slice();
  changed[60]! ^= 1;
  await expect(verifyEcdsaP256(changed, hex(r + s), signed)).rejects.toMatchObject({ name: "DataError" });
});

test("verifies Ed25519 as RFC 8032 section 7.1 does, and takes no signature of another length", async () => {
  const key = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = hex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  expect(await verifyEd25519(key, signature, hex("72"))).toBe(true);
  expect(await verifyEd25519(key, signature, hex("73"))).toBe(false);
  expect(await verifyEd25519(key, new Uint8Array(64), hex("72"))).toBe(false);
  expect(await verifyEd25519(key, signature.slice(0, 10), hex("72"))).toBe(false);
  expect(await verifyEd25519(key, concatBytes(signature, hex("00")), hex("72"))).toBe(false);
  expect(await verifyEd25519(key, new Uint8Array(), hex("72"))).toBe(false);
  await expect(verifyEd25519(key.slice(1), signature, hex("72"))).rejects.toMatchObject({ name: "DataError" });
});

test("compares bytes whole", () => {
  expect(equalBytes(utf8("same"), utf8("same"))).toBe(true);
  expect(equalBytes(utf8("same"), utf8("Same"))).toBe(false);
  expect(equalBytes(utf8("same"), utf8("sam"))).toBe(false);
  expect(equalBytes(utf8("sam"), utf8("same"))).toBe(false);
  expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
});
