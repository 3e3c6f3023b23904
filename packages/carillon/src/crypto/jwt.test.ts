import { expect, test } from "vitest";
import { fromBase64Url, utf8 } from "./bytes.ts";
import { signJwt } from "./jwt.ts";

const claims = { aud: "https://push.example.net", exp: 1453523768, sub: "mailto:push@example.com" };

/** https://www.rfc-editor.org/rfc/rfc8292#section-2.4 (read 2026-11-23). */
const rfc8292 =
  "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0";

async function holds(token: string, key: CryptoKey): Promise<boolean> {
  const [, signed = "", signature = ""] = /^(.*)\.(.*)$/.exec(token) ?? [];
  const algorithm = { name: key.algorithm.name, hash: "SHA-256" };
  return crypto.subtle.verify(algorithm, key, fromBase64Url(signature) ?? new Uint8Array(), utf8(signed));
}

test("signs with a P-256 key what RFC 8292 prints, with a signature of 64 bytes", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(algorithm, false, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const token = await signJwt({ typ: "JWT", alg: "ES256" }, claims, privateKey);
  expect(token.slice(0, token.lastIndexOf("."))).toBe(rfc8292);
  expect(fromBase64Url(token.slice(token.lastIndexOf(".") + 1))).toHaveLength(64);
  expect(await holds(token, publicKey)).toBe(true);
  expect(await holds(token.replace("eyJhdWQi", "eyJhdWQj"), publicKey)).toBe(false);
});

test("signs with an RSA key", async () => {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(algorithm, false, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const token = await signJwt({ alg: "RS256", typ: "JWT", kid: "é" }, claims, privateKey);
  expect(fromBase64Url(token.slice(0, token.indexOf(".")))).toEqual(utf8('{"alg":"RS256","typ":"JWT","kid":"é"}'));
  expect(await holds(token, publicKey)).toBe(true);
});
