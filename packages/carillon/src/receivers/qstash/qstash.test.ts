import { describeWebhook, type WebhookKey, type WebhookParts } from "@carillon/testing";
import { describe, expect, expectTypeOf, it, test } from "vitest";
import { toBase64, toBase64Url, utf8 } from "../../crypto/bytes.ts";
import { sha256 } from "../../crypto/hash.ts";
import { signHmac } from "../../crypto/hmac.ts";
import { ConfigurationError } from "../../error/errors.ts";
import { receiveWebhook } from "../../webhook/receive.ts";
import cases from "./fixtures/receiver-cases.json" with { type: "json" };
import { type QstashCallback, type QstashDelivery, qstashWebhook, type QstashWebhookOptions } from "./index.ts";

/** Of the local development server, user 1 and user 2. */
const keys = {
  currentSigningKey: "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
  nextSigningKey: "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",
};
const others = {
  currentSigningKey: "sig_aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  nextSigningKey: "sig_bbbbbbbbbbbbbbbbbbbbbbbbbbbb",
};

async function token(key: string, claims: object, header: object = { alg: "HS256", typ: "JWT" }): Promise<string> {
  const signed = [header, claims].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join(".");
  return `${signed}.${toBase64Url(await signHmac("SHA-256", utf8(key), utf8(signed)))}`;
}

async function claimsOf({ url, body }: WebhookParts, at: Date): Promise<Record<string, unknown>> {
  const seconds = Math.floor(at.getTime() / 1000);
  return {
    iss: "Upstash",
    sub: url,
    exp: seconds + 300,
    nbf: seconds - 300,
    iat: seconds,
    jti: "jwt_67kxXD6UBAk7DqU6hzuHMDdXFXfP",
    body: toBase64(await sha256(body))
      .replaceAll("+", "-")
      .replaceAll("/", "_"),
  };
}

/** Begins 5 minutes before the time, so that the suite's one tolerance is the token's life. */
function qstashKey(option: typeof keys, signingKey: string): WebhookKey<typeof keys> {
  return {
    option,
    covers: "body",
    toleranceSeconds: 300,
    signatureHeader: "upstash-signature",
    sign: async (parts, at) => ({ "upstash-signature": await token(signingKey, await claimsOf(parts, at)) }),
  };
}

const fixtures = import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true });

for (const name of ["currentSigningKey", "nextSigningKey"] as const) {
  describe(`signed with the ${name}`, () => {
    describeWebhook({
      create: (given) => qstashWebhook(given),
      keys: [qstashKey(keys, keys[name]), qstashKey(others, others[name])],
      fixtures,
    });
  });
}

const now = new Date("2026-01-02T03:04:05Z");
const seconds = now.getTime() / 1000;
const url = "https://app.example/hooks";

interface Changes extends Partial<QstashWebhookOptions> {
  readonly claims?: object;
  readonly header?: object;
  readonly calledUrl?: string;
  readonly body?: string;
}

async function outcome({ claims, header, calledUrl = url, body = "x", ...options }: Changes = {}): Promise<string> {
  const parts = { method: "POST", url: calledUrl, headers: {}, body: utf8(body) };
  const whole = { ...(await claimsOf({ ...parts, url }, now)), ...claims };
  const headers = { "upstash-signature": await token(keys.currentSigningKey, whole, header) };
  const received = await receiveWebhook(
    qstashWebhook({ ...keys, ...options }),
    { ...parts, headers },
    { now: () => now },
  );
  return received.ok ? "accepted" : received.reason;
}

const hashOfX = await sha256(utf8("x"));
const hashOf1 = await sha256(utf8("1"));

describe("a token", () => {
  it.each<[string, Changes, string]>([
    ["as QStash makes it", {}, "accepted"],
    ["that begins in 1970, as QStash makes it now", { claims: { nbf: 0 } }, "accepted"],
    ["that says no beginning", { claims: { nbf: undefined } }, "accepted"],
    ["that begins in a second", { claims: { nbf: seconds + 1 } }, "stale"],
    ["whose beginning is a text", { claims: { nbf: "0" } }, "stale"],
    ["that ends now", { claims: { exp: seconds } }, "stale"],
    ["that ends in a moment", { claims: { exp: seconds + 0.5 } }, "accepted"],
    ["that never ends", { claims: { exp: undefined } }, "stale"],
    ["whose end is a text", { claims: { exp: `${seconds + 300}` } }, "stale"],
    ["that ended within the tolerance", { claims: { exp: seconds - 9 }, toleranceSeconds: 10 }, "accepted"],
    ["that ended at the tolerance", { claims: { exp: seconds - 10 }, toleranceSeconds: 10 }, "stale"],
    ["that begins within the tolerance", { claims: { nbf: seconds + 10 }, toleranceSeconds: 10 }, "accepted"],
    ["of another issuer", { claims: { iss: "upstash" } }, "signature-mismatch"],
    ["without issuer", { claims: { iss: undefined } }, "signature-mismatch"],
    ["for another URL", { claims: { sub: `${url}/` } }, "signature-mismatch"],
    ["for another query", { calledUrl: `${url}?a=1` }, "signature-mismatch"],
    ["for no URL", { claims: { sub: undefined } }, "signature-mismatch"],
    ["for what is no URL", { claims: { sub: "hooks" } }, "signature-mismatch"],
    ["for a list", { claims: { sub: [url] } }, "signature-mismatch"],
    ["for the URL in another spelling", { claims: { sub: "HTTPS://app.example:443/hooks" } }, "accepted"],
    [
      "for a bare host, which a runtime gives a slash",
      { claims: { sub: "https://app.example" }, calledUrl: "https://app.example/" },
      "accepted",
    ],
    ["for the public URL", { publicUrl: url, calledUrl: "http://10.0.0.7:8080/hooks" }, "accepted"],
    ["for the URL behind the public one", { publicUrl: "https://other.example/hooks" }, "signature-mismatch"],
    ["with the body's hash unpadded", { claims: { body: toBase64Url(hashOfX) } }, "accepted"],
    [
      "with the body's hash in standard base64",
      { body: "1", claims: { body: toBase64(hashOf1) } },
      "signature-mismatch",
    ],
    ["without the body's hash", { claims: { body: undefined } }, "signature-mismatch"],
    ["of an empty body", { body: "" }, "accepted"],
    ["of another algorithm", { header: { alg: "HS512" } }, "signature-mismatch"],
    ["of none", { header: { alg: "none" } }, "signature-mismatch"],
    ["of a list of algorithms", { header: { alg: ["HS256"] } }, "signature-mismatch"],
    ["without algorithm", { header: {} }, "signature-mismatch"],
    ["with more to understand", { header: { alg: "HS256", crit: ["b64"], b64: false } }, "signature-mismatch"],
  ])("%s is %s", async (_, changes, expected) => {
    expect(await outcome(changes)).toBe(expected);
  });

  it.each(["", ".", "..", "...", "e30.e30.", "null", "a.b.c"])("that is none is refused: %o", async (text) => {
    const request = { method: "POST", url, headers: { "upstash-signature": text }, body: "x" };
    const received = await receiveWebhook(qstashWebhook(keys), request, { now: () => now });
    expect(received).toMatchObject({ ok: false, reason: text ? "signature-mismatch" : "missing-signature" });
  });
});

/** Signed by npm @upstash/qstash's own test; `url` is left out where its receiver is not told one. */
test.each(cases)("agrees with the official receiver: $name", async ({ signature, verify, expected, claims }) => {
  const request = {
    method: "POST",
    url: verify.url ?? claims.sub,
    headers: { "upstash-signature": signature },
    body: verify.body,
  };
  expect((await receiveWebhook(qstashWebhook(keys), request, { now: () => now })).ok).toBe(expected.valid);
});

async function raw(
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<QstashCallback | QstashDelivery> {
  const parts = { method: "POST", url, headers, body: utf8(body) };
  const signature = await token(keys.nextSigningKey, await claimsOf(parts, now));
  const request = { ...parts, headers: { ...headers, "upstash-signature": signature } };
  const received = await receiveWebhook(qstashWebhook(keys), request, { now: () => now });
  if (!received.ok) throw new Error(received.reason);
  expectTypeOf(received.events[0]!.raw).toEqualTypeOf<QstashCallback | QstashDelivery>();
  return received.events[0]!.raw;
}

function bodyOf(name: string): string {
  const text = fixtures[`./fixtures/webhook/${name}/request.http`] ?? "";
  return text.slice(text.indexOf("\n\n") + 2);
}

test("decodes a callback", async () => {
  expect(await raw(bodyOf("callback"))).toEqual({
    kind: "callback",
    sourceMessageId: "msg_xxx",
    status: 200,
    headers: { "Content-Type": ["application/json"] },
    body: '{"ok":true}',
    retried: 2,
    maxRetries: 3,
    url: "http://myurl.com",
    method: "POST",
    sourceHeaders: { "X-A": ["1", "2"] },
    sourceBody: "Grüße",
    topicName: "myTopic",
    endpointName: "myEndpoint",
    scheduleId: "scd_xxx",
    callerIp: "178.247.74.179",
    createdAt: new Date(1701198447054),
    notBefore: new Date(1701198458025),
  });
  expect(await raw(bodyOf("failure-callback"))).toMatchObject({ kind: "failure-callback", dlqId: "1725323658779-0" });
});

test("reads of a callback that is half there what is there", async () => {
  const fields = {
    sourceMessageId: "msg_1",
    status: 503,
    body: "no base64!",
    header: { a: "b", c: [1, "d"] },
    createdAt: 1e300,
  };
  expect(await raw(JSON.stringify(fields))).toEqual({
    kind: "callback",
    sourceMessageId: "msg_1",
    status: 503,
    headers: { a: ["b"], c: ["d"] },
    body: "no base64!",
    retried: 0,
    sourceHeaders: {},
    sourceBody: "",
  });
});

test("hands over what was published as it is", async () => {
  const headers = { "upstash-message-id": "msg_1", "upstash-retried": "3", "upstash-schedule-id": "scd_1" };
  for (const body of ["wake 7", "", "null", '{"status":200}', '{"sourceMessageId":"msg_1"}']) {
    expect(await raw(body, headers)).toEqual({
      kind: "delivery",
      messageId: "msg_1",
      retried: 3,
      scheduleId: "scd_1",
      body,
    });
  }
});

test.each([
  [{}],
  [{ ...keys, nextSigningKey: undefined }],
  [{ ...keys, publicUrl: "app.example" }],
  [{ ...keys, toleranceSeconds: -1 }],
  [{ ...keys, signingKey: "x" }],
])("refuses options that cannot work: %o", (options) => {
  expect(() => qstashWebhook(options as never)).toThrow(ConfigurationError);
});
