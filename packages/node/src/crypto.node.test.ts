import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import * as crypto from "node:crypto";
import { simulatorCredentials } from "@carillon/simulator";
import { receiveWebhook, type SigningAlgorithm, signStandardWebhook } from "carillon";
import { resendWebhook } from "carillon/providers/resend";
import { describe, expect, it, vi } from "vitest";
import { nodeCrypto } from "./index.ts";

const utf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));
const bytes = (from: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(from);
const data = utf8("what do ya want for nothing?");

interface Pair {
  readonly algorithm: SigningAlgorithm;
  readonly key: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

function pairs(): readonly (readonly [string, Pair])[] {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ed = generateKeyPairSync("ed25519");
  const spki = (key: crypto.KeyObject): Uint8Array<ArrayBuffer> => bytes(key.export({ format: "der", type: "spki" }));
  const hmac = (hash: string): Uint8Array<ArrayBuffer> => bytes(createHmac(hash, "Jefe").update(data).digest());
  const p1363 = { key: ec.privateKey, dsaEncoding: "ieee-p1363" } as const;
  return [
    ["HMAC, SHA-256", { algorithm: { name: "HMAC", hash: "SHA-256" }, key: utf8("Jefe"), signature: hmac("sha256") }],
    ["HMAC, SHA-1", { algorithm: { name: "HMAC", hash: "SHA-1" }, key: utf8("Jefe"), signature: hmac("sha1") }],
    [
      "ECDSA",
      {
        algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
        key: spki(ec.publicKey),
        signature: bytes(sign("sha256", data, p1363)),
      },
    ],
    [
      "RSA, SHA-1",
      {
        algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" },
        key: spki(rsa.publicKey),
        signature: bytes(sign("sha1", data, rsa.privateKey)),
      },
    ],
    [
      "RSA, SHA-256",
      {
        algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
        key: spki(rsa.publicKey),
        signature: bytes(sign("sha256", data, rsa.privateKey)),
      },
    ],
    [
      "Ed25519",
      {
        algorithm: { name: "Ed25519" },
        key: spki(ed.publicKey).slice(-32),
        signature: bytes(sign(null, data, ed.privateKey)),
      },
    ],
  ];
}

/** What WebCrypto says. */
async function byWebCrypto({ algorithm, key, signature }: Pair, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const format = algorithm.name === "HMAC" || algorithm.name === "Ed25519" ? "raw" : "spki";
  const imported = await globalThis.crypto.subtle.importKey(format, key, algorithm, false, ["verify"]);
  return globalThis.crypto.subtle.verify(algorithm, imported, signature, signed);
}

describe.each(pairs())("%s", (_, pair) => {
  const { algorithm, key, signature } = pair;

  it("is verified as WebCrypto does", async () => {
    expect(nodeCrypto.verify(algorithm, key, signature, data)).toBe(true);
    expect(await byWebCrypto(pair, data)).toBe(true);
    for (let at = 0; at < signature.length; at += 5) {
      const changed = signature.slice();
      changed[at]! ^= 1;
      expect(nodeCrypto.verify(algorithm, key, changed, data)).toBe(false);
      expect(await byWebCrypto({ ...pair, signature: changed }, data)).toBe(false);
    }
  });

  it.each([
    ["no bytes", new Uint8Array()],
    ["too few bytes", signature.slice(1)],
    ["too many", Uint8Array.from([...signature, 0])],
  ])("takes no signature of %s", (_, other) => {
    expect(nodeCrypto.verify(algorithm, key, other, data)).toBe(false);
  });

  it("takes no other data, and no other key", () => {
    expect(nodeCrypto.verify(algorithm, key, signature, data.slice(1))).toBe(false);
    const [, other] = pairs().find(([, one]) => one.algorithm.name === algorithm.name)!;
    const otherKey = algorithm.name === "HMAC" ? utf8("jefe") : other.key;
    expect(nodeCrypto.verify(algorithm, otherKey, signature, data)).toBe(false);
  });
});

it("throws for what is no key, so that nothing is let in", () => {
  const key = utf8("no key");
  for (const name of ["ECDSA", "RSASSA-PKCS1-v1_5", "Ed25519"] as const) {
    expect(() => nodeCrypto.verify({ name, hash: "SHA-256" }, key, key, data)).toThrow();
  }
});

it("hashes as FIPS 180-4 does", () => {
  expect(Buffer.from(nodeCrypto.sha256(utf8("abc"))).toString("hex")).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

it("receives a webhook without WebCrypto, and refuses a forged one", async () => {
  const secret = simulatorCredentials.resend.webhookSecret;
  const body = JSON.stringify({ type: "email.delivered", created_at: "2026-01-02T03:04:05Z", data: { email_id: "a" } });
  const own = await signStandardWebhook({ id: "msg_1", sentAt: new Date(), body }, [secret]);
  const headers = Object.fromEntries(
    Object.entries(own).map(([name, value]) => [name.replace("webhook-", "svix-"), value]),
  );
  const request = { method: "POST", url: "https://app.example/webhooks", headers, body };
  const subtle = [vi.spyOn(globalThis.crypto.subtle, "verify"), vi.spyOn(globalThis.crypto.subtle, "importKey")];
  const source = resendWebhook({ secret });
  const received = await receiveWebhook(source, request, { crypto: nodeCrypto });
  expect(received).toMatchObject({ ok: true, events: [{ type: "delivered" }] });
  const forged = await receiveWebhook(source, { ...request, body: `${body} ` }, { crypto: nodeCrypto });
  expect(forged).toMatchObject({ ok: false, reason: "signature-mismatch" });
  for (const call of subtle) expect(call).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
