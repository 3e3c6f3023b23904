import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { type Called, post } from "../test/calls.ts";
import { fromBase64, toBase64Url, utf8 } from "../wire/bytes.ts";
import { isCondition } from "./fcm/message.ts";

const { serviceAccount } = simulatorCredentials.fcm;
const tokenUrl = "https://oauth2.googleapis.com/token";
const url = `https://fcm.googleapis.com/v1/projects/${serviceAccount.project_id}/messages:send`;
const scope = "https://www.googleapis.com/auth/firebase.messaging";
const nowMs = Date.parse("2026-01-01T00:00:00Z");
const iat = nowMs / 1000;
const good = { iss: serviceAccount.client_email, scope, aud: tokenUrl, iat, exp: iat + 3600 };

async function sign(
  claims: object,
  header: object = { alg: "RS256" },
  pem = serviceAccount.private_key,
): Promise<string> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey(
    "pkcs8",
    fromBase64(pem.replace(/-----[^-]+-----|\s/g, "")),
    algorithm,
    false,
    ["sign"],
  );
  const signed = [header, claims].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join(".");
  return `${signed}.${toBase64Url(new Uint8Array(await crypto.subtle.sign(algorithm, key, utf8(signed))))}`;
}

const form = (assertion: string, grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"): string =>
  new URLSearchParams({ grant_type: grantType, assertion }).toString();
const formHeaders = { "content-type": "application/x-www-form-urlencoded" };

async function start(): Promise<{
  readonly simulator: Simulator;
  readonly headers: Record<string, string>;
  pass(ms: number): void;
}> {
  let at = nowMs;
  const simulator = createSimulator({ now: () => new Date(at) });
  const { json } = await post(simulator, tokenUrl, formHeaders, form(await sign(good)));
  expect(json).toEqual({ access_token: expect.stringMatching(/^ya29\./), expires_in: 3599, token_type: "Bearer" });
  const headers = { "content-type": "application/json", authorization: `Bearer ${json.access_token}` };
  return { simulator, headers, pass: (ms) => void (at += ms) };
}

async function send(message: unknown, more: object = {}): Promise<Called & { readonly simulator: Simulator }> {
  const { simulator, headers } = await start();
  return { ...(await post(simulator, url, headers, { message, ...more })), simulator };
}

describe("the token endpoint", () => {
  const late = iat - 4000;
  test.each([
    ["another grant", () => sign(good), "unsupported_grant_type", "password"],
    ["no assertion", () => Promise.resolve("a.b.c"), "invalid_grant"],
    ["another account", () => sign({ ...good, iss: "x@example.com" }), "invalid_grant"],
    ["another audience", () => sign({ ...good, aud: "https://example.com" }), "invalid_grant"],
    ["another algorithm", () => sign(good, { alg: "none" }), "invalid_grant"],
    ["a scope that is none", () => sign({ ...good, scope: "everything" }), "invalid_scope"],
    ["an assertion for two hours", () => sign({ ...good, exp: iat + 7200 }), "invalid_grant"],
    ["an old assertion", () => sign({ ...good, iat: late, exp: late + 3600 }), "invalid_grant"],
    ["an assertion of tomorrow", () => sign({ ...good, iat: iat + 86_400, exp: iat + 90_000 }), "invalid_grant"],
    ["times that are texts", () => sign({ ...good, iat: `${iat}` }), "invalid_grant"],
    ["a signature of something else", async () => `${(await sign(good)).slice(0, -8)}AAAAAAAA`, "invalid_grant"],
  ])("refuses %s", async (_, assertion, error, grantType?: string) => {
    const simulator = createSimulator({ now: () => new Date(nowMs) });
    const answer = await post(simulator, tokenUrl, formHeaders, form(await assertion(), grantType));
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ error });
  });
});

describe("messages:send", () => {
  test("takes a message, and keeps it without the token", async () => {
    const token = `delivered-${"x".repeat(140)}`;
    const { simulator, status, json } = await send({
      token,
      notification: { title: "Hi", body: "There" },
      data: { carillon_message_id: "msg_1" },
      fcmOptions: { analyticsLabel: "spring" },
    });
    expect(status).toBe(200);
    expect(json.name).toMatch(/^projects\/carillon-simulator\/messages\/0:\d{16}%[0-9a-f]{8}$/);
    const [kept] = simulator.store.messages({}, 10).items;
    expect(kept).toMatchObject({
      kind: "fcm",
      providerMessageId: json.name,
      messageId: "msg_1",
      tags: ["spring"],
      recipients: ["delivered-xxxxxxxxxxxxxx..."],
    });
    expect(JSON.stringify(kept)).not.toContain(token);
  });

  test("is answered for a validation alone, which keeps no message", async () => {
    const { simulator, status, json } = await send({ topic: "news", data: { a: "b" } }, { validate_only: true });
    expect([status, json]).toEqual([200, { name: "projects/carillon-simulator/messages/fake_message_id" }]);
    expect(simulator.store.messages({}, 10).items).toEqual([]);
  });

  test.each([
    ["no token", {}],
    ["a token that is none", { authorization: "Bearer ya29.x.y" }],
    ["a server key", { authorization: "key=AAAA" }],
  ])("refuses %s", async (_, headers) => {
    const answer = await post(createSimulator(), url, headers, { message: { topic: "news" } });
    expect(answer.status).toBe(401);
    expect(answer.json.error).toMatchObject({ code: 401, status: "UNAUTHENTICATED" });
  });

  test("refuses a token after 3599 seconds", async () => {
    const { simulator, headers, pass } = await start();
    pass(3_598_999);
    expect((await post(simulator, url, headers, { message: { topic: "a" } })).status).toBe(200);
    pass(1);
    const { json } = await post(simulator, url, headers, { message: { topic: "a" } });
    expect(json.error.details).toMatchObject([{ reason: "ACCESS_TOKEN_EXPIRED" }]);
  });

  test("refuses a token for something else, another project and another path", async () => {
    const { simulator, headers } = await start();
    const assertion = await sign({ ...good, scope: "https://www.googleapis.com/auth/userinfo.email" });
    const { json } = await post(simulator, tokenUrl, formHeaders, form(assertion));
    const narrow = await post(simulator, url, { authorization: `Bearer ${json.access_token}` }, {});
    expect(narrow.json.error).toMatchObject({ code: 403, status: "PERMISSION_DENIED" });
    const other = await post(simulator, url.replace("carillon-simulator", "other"), headers, {});
    expect(other.json.error).toMatchObject({ code: 403, status: "PERMISSION_DENIED" });
    const response = await simulator.fetch("https://fcm.googleapis.com/v1/projects", { headers });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toContain("text/html");
  });

  test.each([
    ["unregistered", 404, "UNREGISTERED"],
    ["bounced", 404, "UNREGISTERED"],
    ["invalid", 400, "INVALID_ARGUMENT"],
    ["mismatched", 403, "SENDER_ID_MISMATCH"],
    ["unauthenticated", 401, "THIRD_PARTY_AUTH_ERROR"],
    ["toomany", 429, "QUOTA_EXCEEDED"],
    ["failed", 400, "INVALID_ARGUMENT"],
    ["internal", 500, "INTERNAL"],
  ])("knows %s-...: %i %s", async (name, status, errorCode) => {
    const answer = await send({ token: `${name}-1` });
    expect(answer.status).toBe(status);
    expect(answer.json.error.details).toEqual([
      { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode },
    ]);
    expect(answer.simulator.store.messages({}, 10).items).toEqual([]);
  });

  const token = "t";
  test.each([
    ["an unknown name", { token, key: 1 }, "message", "Unknown name"],
    ["an unknown name in a block", { token, android: { colour: "red" } }, "message.android", "Unknown name"],
    ["data that is no text", { token, data: { a: "b", n: 5 } }, "message.data[1].value", "TYPE_STRING"],
    ["a title that is no text", { token, notification: { title: 5 } }, "message.notification.title", "TYPE_STRING"],
    ["an unknown priority", { token, android: { priority: "urgent" } }, "message.android.priority", "Priority"],
    ["a ttl in numbers", { token, android: { ttl: 3600 } }, "message.android.ttl", "TYPE_STRING"],
    ["a ttl of five weeks", { token, android: { ttl: "3024000s" } }, "message.android.ttl", "ttl"],
    [
      "a header that is no text",
      { token, apns: { headers: { "apns-priority": 5 } } },
      "message.apns.headers[0].value",
      "",
    ],
    ["a payload that is no object", { token, apns: { payload: "x" } }, "message.apns.payload", "Struct"],
    [
      "a list that is none",
      { token, android: { notification: { body_loc_args: "x" } } },
      "message.android.notification.body_loc_args",
      "List",
    ],
    [
      "a colour that is none",
      { token, android: { notification: { color: "red" } } },
      "message.android.notification.color",
      "",
    ],
    [
      "a flag that is none",
      { token, android: { direct_boot_ok: "yes" } },
      "message.android.direct_boot_ok",
      "TYPE_BOOL",
    ],
    [
      "a count that is none",
      { token, android: { notification: { notification_count: 1.5 } } },
      "message.android.notification.notification_count",
      "TYPE_INT32",
    ],
    ["no recipient", { data: { a: "b" } }, "message", "Recipient"],
    ["two recipients", { token, topic: "news" }, "message", "oneof"],
    ["a malformed topic", { topic: "/topics/news" }, "message.topic", "topic"],
    ["a malformed condition", { condition: "'a' in topics &&" }, "message.condition", "condition"],
    ["a reserved key", { token, data: { "google.x": "y" } }, "message.data", "google.x"],
    ["too much data", { token, data: { a: "x".repeat(4096) } }, "message.data", "too big"],
    ["too much data for a topic", { topic: "news", data: { a: "x".repeat(2048) } }, "message.data", "too big"],
    ["too much for APNs", { token, apns: { payload: { a: "x".repeat(4096) } } }, "message.apns.payload", "too big"],
    [
      "a label with a space",
      { token, fcm_options: { analytics_label: "a b" } },
      "message.fcm_options.analytics_label",
      "",
    ],
    [
      "a link without TLS",
      { token, webpush: { fcm_options: { link: "http://a.b" } } },
      "message.webpush.fcm_options.link",
      "",
    ],
  ])("refuses %s", async (_, message, field, description) => {
    const answer = await send(message);
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatchObject({
      status: "INVALID_ARGUMENT",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field, description: expect.stringContaining(description) }],
        },
      ],
    });
    expect(answer.simulator.store.messages({}, 10).items).toEqual([]);
  });

  test("is limited and down in FCM's own words", async () => {
    const { simulator, headers } = await start();
    simulator.store.addFault({ kind: "rate-limit", provider: "fcm", times: 1, retryAfterSeconds: 7 });
    simulator.store.addFault({ kind: "unavailable", provider: "fcm", times: 1 });
    const limited = await post(simulator, url, headers, { message: { token } });
    expect(limited.headers.get("retry-after")).toBe("7");
    expect(limited.json.error.details).toMatchObject([{ errorCode: "QUOTA_EXCEEDED" }]);
    const down = await post(simulator, url, headers, { message: { token } });
    expect(down.json.error).toMatchObject({ code: 503, details: [{ errorCode: "UNAVAILABLE" }] });
  });

  test("is reached through one base URL, with the token and the topics", async () => {
    const { simulator } = await start();
    const base = "http://localhost/fcm.googleapis.com";
    const { json } = await post(simulator, `${base}/token`, formHeaders, form(await sign(good)));
    const headers = { authorization: `Bearer ${json.access_token}`, access_token_auth: "true" };
    const path = `/v1/projects/${serviceAccount.project_id}/messages:send`;
    expect((await post(simulator, base + path, headers, { message: { token } })).status).toBe(200);
    const topic = { to: "/topics/news", registration_tokens: [token] };
    expect((await post(simulator, `${base}/iid/v1:batchAdd`, headers, topic)).json).toEqual({ results: [{}] });
  });
});

describe("topics", () => {
  const batchAdd = "https://iid.googleapis.com/iid/v1:batchAdd";
  const to = "/topics/news";

  test("answer for each token", async () => {
    const { simulator, headers } = await start();
    const registration_tokens = ["ok", "unregistered-1", "invalid-1", "toomany-1", "a b", 5];
    for (const method of ["batchAdd", "batchRemove"]) {
      const answer = await post(
        simulator,
        `https://iid.googleapis.com/iid/v1:${method}`,
        { ...headers, access_token_auth: "true" },
        { to, registration_tokens },
      );
      expect(answer.json).toEqual({
        results: [
          {},
          { error: "NOT_FOUND" },
          { error: "INVALID_ARGUMENT" },
          { error: "TOO_MANY_TOPICS" },
          { error: "INVALID_ARGUMENT" },
          { error: "INVALID_ARGUMENT" },
        ],
      });
    }
  });

  test.each([
    ["a token without its header", {}, { to, registration_tokens: ["t"] }, 401],
    ["a topic without its prefix", { access_token_auth: "true" }, { to: "news", registration_tokens: ["t"] }, 400],
    ["no tokens", { access_token_auth: "true" }, { to, registration_tokens: [] }, 400],
    ["1001 tokens", { access_token_auth: "true" }, { to, registration_tokens: Array<string>(1001).fill("t") }, 400],
    ["an unknown field", { access_token_auth: "true" }, { to, registration_tokens: ["t"], x: 1 }, 400],
    ["no JSON", { access_token_auth: "true" }, "{", 400],
  ])("refuse %s", async (_, more, body, status) => {
    const { simulator, headers } = await start();
    const answer = await post(simulator, batchAdd, { ...headers, ...more }, body);
    expect(answer.status).toBe(status);
    expect(answer.json.error).toEqual(expect.any(String));
  });
});

test.each([
  ["'a' in topics", true],
  ["'a' in topics && ('b' in topics || !('c' in topics))", true],
  ["'a' in topics && 'b' in topics && 'c' in topics && 'd' in topics && 'e' in topics", true],
  ["'1' in topics||'2' in topics||'3' in topics||'4' in topics||'5' in topics||'6' in topics", false],
  ["'a' in topics &&", false],
  ["('a' in topics", false],
  ["a in topics", false],
  ["", false],
])("the condition %s is one: %s", (condition, expected) => {
  expect(isCondition(condition)).toBe(expected);
});
