import { expect, test, vi } from "vitest";
import { concatBytes, toHex, utf8 } from "../../crypto/bytes.ts";
import { signHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { receiveWebhook } from "../receive.ts";
import { hmacOverTimestampAndTokenScheme } from "./hmac-over-timestamp-and-token.ts";

function scheme(...secrets: readonly string[]): SignatureScheme {
  return hmacOverTimestampAndTokenScheme({ secrets, signatureNames: ["signature"], toleranceSeconds: 300 });
}

async function reasonFor(
  body: string | Uint8Array<ArrayBuffer>,
  subject: SignatureScheme,
  at: string,
): Promise<string> {
  const source = { id: "acme", scheme: subject, parse: () => ({ events: [] }) };
  const request = { method: "POST", url: "https://example.com/hook", headers: {}, body };
  const received = await receiveWebhook(source, request, { now: () => new Date(at) });
  return received.ok ? "accepted" : received.reason;
}

// https://github.com/mailgun/mailgun-php, tests/Api/WebhookTest.php
const secret = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0";
const signature = {
  timestamp: "1403645220",
  token: "5egbgr1vjgqxtrnp65xfznchgdccwh5d6i09vijqi3whgowmn6",
  signature: "9cfc5c41582e51246e73c88d34db3af0a3a2692a76fbab81492842f000256d33",
};
const inTime = "2014-06-24T21:27:00Z";

test("accepts the example of Mailgun's own library, in time and by one of the secrets", async () => {
  const body = JSON.stringify({ signature });
  expect(await reasonFor(body, scheme(secret), inTime)).toBe("accepted");
  expect(await reasonFor(body, scheme("other", secret), inTime)).toBe("accepted");
  expect(await reasonFor(body, scheme("other"), inTime)).toBe("signature-mismatch");
  expect(await reasonFor(body, scheme(secret), "2014-06-24T21:32:01Z")).toBe("stale");
});

test("parses the body once to verify it, and once more for whoever reads it, however large it is", async () => {
  const body = JSON.stringify({ signature });
  const parse = vi.spyOn(JSON, "parse");
  expect(await reasonFor(body, scheme("other", secret), inTime)).toBe("accepted");
  expect(parse.mock.calls.filter(([text]) => text === body)).toHaveLength(2);
  parse.mockClear();
  expect(await reasonFor(body, scheme("other"), inTime)).toBe("signature-mismatch");
  expect(parse.mock.calls.filter(([text]) => text === body)).toHaveLength(1);
  parse.mockRestore();
});

test("rejects the other token of that example", async () => {
  const token = "owyldpe6nxhmrn78epljl6bj0orrki1u3d2v5e6cnlmmuox8jr";
  const body = JSON.stringify({ signature: { ...signature, token } });
  expect(await reasonFor(body, scheme(secret), inTime)).toBe("signature-mismatch");
});

test.each([
  ["nothing", ""],
  ["a list", JSON.stringify([{ signature }])],
  ["a signature that is a list", JSON.stringify({ signature: Object.values(signature) })],
  [
    "a signature in another case",
    JSON.stringify({ signature: { ...signature, signature: signature.signature.toUpperCase() } }),
  ],
  [
    "a signature that is a list of itself",
    JSON.stringify({ signature: { ...signature, signature: [signature.signature] } }),
  ],
  ["a number of another spelling", JSON.stringify({ signature }).replace('"1403645220"', "1403645220.5")],
  ["a number without end", JSON.stringify({ signature }).replace('"1403645220"', "1e999")],
  ["inherited names", JSON.stringify({ signature: { __proto__: null, constructor: signature } })],
  ["no JSON", `${JSON.stringify({ signature })},`],
  ["no UTF-8", concatBytes(utf8(`{"x":"`), Uint8Array.of(0xff), utf8(`",${JSON.stringify({ signature }).slice(1)}`))],
])("rejects a body of %s", async (_, body) => {
  expect(await reasonFor(body as string, scheme(secret), inTime)).toBe("signature-mismatch");
});

test("of two objects of the same name takes the one that is parsed", async () => {
  const [good, bad] = [signature, { ...signature, token: "x" }].map((each) => JSON.stringify(each));
  expect(await reasonFor(`{"signature":${bad},"signature":${good}}`, scheme(secret), inTime)).toBe("accepted");
  expect(await reasonFor(`{"signature":${good},"signature":${bad}}`, scheme(secret), inTime)).toBe(
    "signature-mismatch",
  );
});

test("a token that no header could hold is none, even signed", async () => {
  for (const token of ["", "a b", "é", "x".repeat(201)]) {
    const signed = toHex(await signHmac("SHA-256", utf8(secret), utf8(`1403645220${token}`)));
    const body = JSON.stringify({ signature: { timestamp: 1_403_645_220, token, signature: signed } });
    expect(await reasonFor(body, scheme(secret), inTime)).toBe("signature-mismatch");
  }
});

test.each([[[]], [[""]], [["key", " "]]])("is not made with the secrets %j", (secrets) => {
  expect(() => scheme(...secrets)).toThrow(ConfigurationError);
});
