import { expect, test } from "vitest";
import { toBase64, utf8 } from "../../crypto/bytes.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { receiveWebhook } from "../receive.ts";
import { basicCredentialScheme, headerCredentialScheme } from "./credential.ts";
import { ecdsaOverTimestampAndBodyScheme } from "./signed-timestamp-ecdsa.ts";
import { standardWebhooksScheme } from "./standard-webhooks.ts";

async function reasonFor(
  scheme: SignatureScheme,
  headers: Readonly<Record<string, string>>,
  body = "",
  now = new Date("2021-02-25T15:02:10Z"),
): Promise<string> {
  const request = { method: "POST", url: "https://example.com/hook", headers, body };
  const received = await receiveWebhook({ id: "acme", scheme, parse: () => ({ events: [] }) }, request, {
    now: () => now,
  });
  return received.ok ? "accepted" : received.reason;
}

// https://github.com/svix/svix-webhooks, javascript/src/webhook.test.ts; the same scheme in npm standardwebhooks@1.1.1.
const svix = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  headers: {
    "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "svix-timestamp": "1614265330",
    "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  },
  body: '{"test": 2432232314}',
};
const wrong = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
const right = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

function standard(...secrets: readonly string[]): SignatureScheme {
  return standardWebhooksScheme({ secrets, headerPrefix: "svix-" });
}

test("accepts Svix's own example, with and without the prefix of the secret", async () => {
  expect(await reasonFor(standard(svix.secret), svix.headers, svix.body)).toBe("accepted");
  expect(await reasonFor(standard(svix.secret.slice(6)), svix.headers, svix.body)).toBe("accepted");
  const other = `whsec_${toBase64(utf8("another key that rotates out"))}`;
  expect(await reasonFor(standard(other, svix.secret), svix.headers, svix.body)).toBe("accepted");
  expect(await reasonFor(standard(other), svix.headers, svix.body)).toBe("signature-mismatch");
});

test.each([
  [`v1,${wrong} v2,${wrong} v1,${right} v1,${wrong}`, "accepted"],
  [`v1,${wrong} v2,${right}`, "signature-mismatch"],
  [`v1a,${right}`, "signature-mismatch"],
  [right, "signature-mismatch"],
  [`v1,${right.slice(0, -1)}`, "signature-mismatch"],
  [`v1,${right},${right}`, "signature-mismatch"],
  [`V1,${right}`, "signature-mismatch"],
])("reads the signature list %s: %s", async (signature, expected) => {
  const headers = { ...svix.headers, "svix-signature": signature };
  expect(await reasonFor(standard(svix.secret), headers, svix.body)).toBe(expected);
});

test("rejects Svix's body when it is serialised anew, and an old one", async () => {
  const scheme = standard(svix.secret);
  expect(await reasonFor(scheme, svix.headers, '{"test":2432232314}')).toBe("signature-mismatch");
  expect(await reasonFor(scheme, svix.headers, svix.body, new Date("2026-01-02T03:04:05Z"))).toBe("stale");
  const patient = standardWebhooksScheme({
    secrets: [svix.secret],
    headerPrefix: "svix-",
    toleranceSeconds: 1_000_000_000,
  });
  expect(await reasonFor(patient, svix.headers, svix.body, new Date("2026-01-02T03:04:05Z"))).toBe("accepted");
});

test("reads a signed time only in its one spelling", async () => {
  for (const time of ["1614265330.0", "01614265330", "1.6e9", "0x6037c5f2", "", "soon"]) {
    const signed = utf8(`msg_1.${time}.`);
    const key = await crypto.subtle.importKey("raw", utf8("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signature = toBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)));
    const headers = { "svix-id": "msg_1", "svix-timestamp": time, "svix-signature": `v1,${signature}` };
    expect(await reasonFor(standard(toBase64(utf8("k"))), headers)).toBe(time === "" ? "missing-signature" : "stale");
  }
});

/** npm @sendgrid/eventwebhook@8.0.0, src/eventwebhook.spec.js. */
const sendgrid = {
  publicKey:
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
  otherKey:
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA==",
  signature: "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
  otherSignature: "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH3j/0=",
  timestamp: "1600112502",
  body: '[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n',
};

function ecdsa(publicKeys: readonly string[], toleranceSeconds?: number): SignatureScheme {
  const headers = { signatureHeader: "x-signature", timestampHeader: "x-timestamp" };
  return ecdsaOverTimestampAndBodyScheme({ publicKeys, ...headers, toleranceSeconds });
}

const genuine = { "x-signature": sendgrid.signature, "x-timestamp": sendgrid.timestamp };

test("accepts SendGrid's own example at any time, unless it is given a tolerance", async () => {
  const { publicKey, otherKey, body } = sendgrid;
  expect(await reasonFor(ecdsa([publicKey]), genuine, body)).toBe("accepted");
  expect(await reasonFor(ecdsa([otherKey, publicKey]), genuine, body)).toBe("accepted");
  expect(await reasonFor(ecdsa([otherKey]), genuine, body)).toBe("signature-mismatch");
  expect(await reasonFor(ecdsa([publicKey], 300), genuine, body)).toBe("stale");
});

test("rejects SendGrid's own negatives", async () => {
  const scheme = ecdsa([sendgrid.publicKey]);
  const { body } = sendgrid;
  expect(await reasonFor(scheme, genuine, "payload")).toBe("signature-mismatch");
  expect(await reasonFor(scheme, genuine, body.trimEnd())).toBe("signature-mismatch");
  expect(await reasonFor(scheme, { ...genuine, "x-signature": sendgrid.otherSignature }, body)).toBe(
    "signature-mismatch",
  );
  expect(await reasonFor(scheme, { ...genuine, "x-timestamp": "timestamp" }, body)).toBe("signature-mismatch");
});

test("does not let the timestamp's last digits become the body's first ones", async () => {
  const { publicKey, body } = sendgrid;
  for (const digits of [1, 5, 9]) {
    const headers = { ...genuine, "x-timestamp": sendgrid.timestamp.slice(0, -digits) };
    const longer = sendgrid.timestamp.slice(-digits) + body;
    expect(await reasonFor(ecdsa([publicKey]), headers, longer)).toBe("signature-mismatch");
  }
});

test("compares a Basic credential and a header's value whole", async () => {
  const basic = basicCredentialScheme({
    pairs: [
      { username: "postmark", password: "pass:wörd" },
      { username: "postmark", password: "next" },
    ],
  });
  const of = (text: string): Record<string, string> => ({ authorization: `Basic ${toBase64(utf8(text))}` });
  expect(await reasonFor(basic, of("postmark:pass:wörd"))).toBe("accepted");
  expect(await reasonFor(basic, of("postmark:next"))).toBe("accepted");
  expect(await reasonFor(basic, of("postmark:nex"))).toBe("signature-mismatch");
  expect(await reasonFor(basic, of("Postmark:next"))).toBe("signature-mismatch");
  expect(await reasonFor(basic, {})).toBe("missing-signature");

  const header = headerCredentialScheme({ header: "X-Secret", values: ["correct horse", "battery"] });
  expect(await reasonFor(header, { "x-secret": "correct horse" })).toBe("accepted");
  expect(await reasonFor(header, { "X-Secret": "battery" })).toBe("accepted");
  expect(await reasonFor(header, { "x-secret": "correct" })).toBe("signature-mismatch");
  expect(await reasonFor(header, { "x-other": "battery" })).toBe("missing-signature");
});

const secretText = "s3cr3t-that-is-never-shown";

test.each([
  ["no secrets", /"secrets"/, () => standard()],
  ["an empty secret", /"secrets"/, () => standard("")],
  ["a prefix alone", /"secrets"/, () => standard("whsec_")],
  ["a blank secret beside a good one", /"secrets"/, () => standard(svix.secret, " ")],
  ["a secret that is no base64", /"secrets"/, () => standard(secretText)],
  ["a secret with a stray newline", /"secrets"/, () => standard(`${svix.secret}\n`)],
  ["no keys", /"publicKeys"/, () => ecdsa([])],
  ["an empty key", /"publicKeys"/, () => ecdsa([""])],
  ["a key in PEM", /"publicKeys"/, () => ecdsa([`-----BEGIN PUBLIC KEY-----\n${sendgrid.publicKey}`])],
  ["a key that is cut", /"publicKeys"/, () => ecdsa([sendgrid.publicKey, sendgrid.publicKey.slice(0, -4)])],
  ["a key of another curve", /"publicKeys"/, () => ecdsa([sendgrid.publicKey.replace("0DAQcD", "0DAQgD")])],
  ["a key of secret text", /"publicKeys"/, () => ecdsa([secretText])],
  ["no pairs", /"username"/, () => basicCredentialScheme({ pairs: [] })],
  ["a blank username", /"username"/, () => basicCredentialScheme({ pairs: [{ username: " ", password: secretText }] })],
  ["a colon in a username", /"username"/, () => basicCredentialScheme({ pairs: [{ username: "a:b", password: "c" }] })],
  ["a blank password", /"password"/, () => basicCredentialScheme({ pairs: [{ username: secretText, password: "" }] })],
  ["no values", /"values"/, () => headerCredentialScheme({ header: "x-a", values: [] })],
  ["a blank value", /"values"/, () => headerCredentialScheme({ header: "x-a", values: [secretText, " "] })],
  ["a value with a newline", /"values"/, () => headerCredentialScheme({ header: "x-a", values: [`${secretText}\n`] })],
  ["a header's name with a space", /"header"/, () => headerCredentialScheme({ header: "x a", values: [secretText] })],
])("cannot be made with %s", (_, option, make) => {
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(option);
  expect(make).not.toThrow(secretText);
  expect(make).not.toThrow(svix.secret);
});
