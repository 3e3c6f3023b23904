import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import type { WebPushContent } from "../message.ts";
import { fakeBrowser, type FakeSubscription } from "../push/fake-browser.ts";
import { bytesOfBase64Url } from "../push/keys.ts";
import { type PushService, pushServices } from "../push/services.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { toBase64Url, utf8 } from "../wire/bytes.ts";

const keys = simulatorCredentials.webpush;
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => bytesOfBase64Url(text) as Uint8Array<ArrayBuffer>;
const nowSeconds = Math.floor(Date.now() / 1000);

interface TokenChange {
  readonly head?: object;
  readonly claims?: object;
  readonly privateKey?: string;
  readonly publicKey?: string;
  /** Beside the token; that of the signature by default. */
  readonly shownKey?: string;
}

/** An `Authorization` header for an endpoint, right but for what is changed. */
async function vapid({ endpoint }: FakeSubscription, change: TokenChange = {}): Promise<string> {
  const { publicKey = keys.vapidPublicKey, privateKey = keys.vapidPrivateKey, shownKey = publicKey } = change;
  const point = bytesOf(publicKey);
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: privateKey,
    x: toBase64Url(point.slice(1, 33)),
    y: toBase64Url(point.slice(33)),
  };
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
  const head = { typ: "JWT", alg: "ES256", ...change.head };
  const claims = { aud: new URL(endpoint).origin, exp: nowSeconds + 3600, sub: keys.vapidSubject, ...change.claims };
  const signed = [head, claims].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join(".");
  const signature = await crypto.subtle.sign(algorithm, key, utf8(signed));
  return `vapid t=${signed}.${toBase64Url(new Uint8Array(signature))}, k=${shownKey}`;
}

/** One record for a browser, written down without the code that reads it. */
async function encrypt(
  { keys: { p256dh, auth } }: FakeSubscription,
  text: string,
  change: { recordBytes?: number; delimiter?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const ecdh = { name: "ECDH", namedCurve: "P-256" };
  const pair = (await crypto.subtle.generateKey(ecdh, false, ["deriveBits"])) as CryptoKeyPair;
  const sender = new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  const browser = await crypto.subtle.importKey("raw", bytesOf(p256dh), ecdh, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: browser } as never, pair.privateKey, 256);
  const hmac = async (
    key: Uint8Array<ArrayBuffer>,
    ...parts: (Uint8Array | string)[]
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const signer = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const data = parts.flatMap((part) => [...(typeof part === "string" ? utf8(part) : part)]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", signer, Uint8Array.from(data)));
  };
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const secret = await hmac(
    await hmac(bytesOf(auth), new Uint8Array(shared)),
    "WebPush: info\0",
    bytesOf(p256dh),
    sender,
    "\u0001",
  );
  const expand = await hmac(salt, secret);
  const raw = (await hmac(expand, "Content-Encoding: aes128gcm\0\u0001")).slice(0, 16);
  const iv = (await hmac(expand, "Content-Encoding: nonce\0\u0001")).slice(0, 12);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  const record = Uint8Array.from([...utf8(text), change.delimiter ?? 2, 0, 0]);
  const body = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, record));
  const head = new Uint8Array(21);
  head.set(salt);
  new DataView(head.buffer).setUint32(16, change.recordBytes ?? 4096);
  head[20] = 65;
  return Uint8Array.from([...head, ...sender, ...body]);
}

interface PushChange {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly token?: TokenChange;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly method?: string;
}

async function push(simulator: Simulator, to: FakeSubscription, change: PushChange = {}): Promise<Response> {
  const body = "body" in change ? change.body : await encrypt(to, "hi");
  const all: Record<string, string | undefined> = {
    authorization: await vapid(to, change.token),
    ttl: "60",
    ...(body && { "content-encoding": "aes128gcm" }),
    ...change.headers,
  };
  const headers = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return simulator.fetch(to.endpoint, { method: change.method ?? "POST", headers, ...(body && { body }) });
}

const contentOf = (simulator: Simulator): WebPushContent | undefined => {
  const [summary] = simulator.store.messages({}, 1).items;
  return summary && (simulator.store.message(summary.id)?.content as WebPushContent);
};

describe("the fake browser", () => {
  test("makes the same subscription of the same options, and another one of others", async () => {
    const options = [
      {},
      { name: "ada" },
      { name: "ada", service: "firefox" },
      { applicationServerKey: keys.vapidPreviousPublicKey },
    ] as const;
    const made = await Promise.all(options.map((each) => fakeBrowser.subscribe(each)));
    const again = await Promise.all(options.map((each) => fakeBrowser.subscribe(each)));
    expect(made).toEqual(again);
    for (const field of ["endpoint", "p256dh", "auth"] as const) {
      const values = made.map((each) => (field === "endpoint" ? each.endpoint : each.keys[field]));
      expect(new Set(values).size).toBe(options.length);
    }
    for (const { keys } of made) {
      expect(bytesOf(keys.p256dh)).toHaveLength(65);
      expect(bytesOf(keys.auth)).toHaveLength(16);
    }
  });

  test("reads the example of RFC 8291, given its keys", async () => {
    const { decryptPush } = await import("../push/decrypt.ts");
    const publicKey = bytesOf(
      "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    );
    const d = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
    const [x, y] = [toBase64Url(publicKey.slice(1, 33)), toBase64Url(publicKey.slice(33))];
    const jwk = { kty: "EC", crv: "P-256", d, x, y };
    const privateKey = await crypto.subtle.importKey("jwk", jwk, { name: "ECDH", namedCurve: "P-256" }, false, [
      "deriveBits",
    ]);
    const body =
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    const authSecret = bytesOf("BTBZMqHH6r4Tts7J_aSIgg");
    const text = await decryptPush(bytesOf(body), { privateKey, publicKey, authSecret, privateScalar: d });
    expect(new TextDecoder().decode(text)).toBe("When I grow up, I want to be a watermelon");
  });

  test("is reached through the control API", async () => {
    const post = (body: unknown): Promise<Response> =>
      createSimulator().fetch("http://localhost/api/push/subscriptions", {
        method: "POST",
        body: JSON.stringify(body),
      });
    const answer = await post({ name: "ada", service: "safari" });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual(await fakeBrowser.subscribe({ name: "ada", service: "safari" }));
    expect((await post({ service: "netscape" })).status).toBe(400);
    expect((await post({ name: "a b" })).status).toBe(400);
  });
});

test.each(pushServices)("takes a message for %s, decrypts it, and masks what is secret", async (service) => {
  const simulator = createSimulator();
  const to = await fakeBrowser.subscribe({ name: "ada", service });
  const answer = await push(simulator, to, { headers: { urgency: "high", topic: "t_1-a" } });
  expect(answer.status).toBe(201);
  expect(contentOf(simulator)).toEqual({
    kind: "webpush",
    endpoint: `${new URL(to.endpoint).origin}/...ada`,
    ttlSeconds: 60,
    urgency: "high",
    topic: "t_1-a",
    payload: "hi",
    declarative: false,
    vapid: {
      subject: keys.vapidSubject,
      audience: new URL(to.endpoint).origin,
      expiresAtMs: (nowSeconds + 3600) * 1000,
    },
  });
  const [message] = simulator.store.messages({}, 1).items;
  const named = ["location", "apns-id", "x-wns-msg-id"].map((name) => answer.headers.get(name) ?? "").join();
  expect(named).toContain(message?.providerMessageId);
  expect(message?.recipients).toEqual(["ada"]);
  const kept = JSON.stringify(simulator.store.message(message?.id ?? ""));
  expect(kept).not.toContain(to.endpoint);
  expect(kept).not.toContain("vapid t=");
});

test("knows a declarative message, and one without a payload", async () => {
  const simulator = createSimulator();
  const to = await fakeBrowser.subscribe();
  const payload = JSON.stringify({ web_push: 8030, notification: { title: "x", navigate: "https://example.com/" } });
  await push(simulator, to, { body: await encrypt(to, payload) });
  expect(contentOf(simulator)).toMatchObject({ payload, declarative: true });
  expect((await push(simulator, to, { body: undefined })).status).toBe(201);
  expect(contentOf(simulator)).toMatchObject({ payload: "", declarative: false });
});

test.each<[string, (to: FakeSubscription) => Promise<Uint8Array<ArrayBuffer>>, RegExp]>([
  [
    "that is changed",
    async (to) => (await encrypt(to, "hi")).map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte)),
    /do not open/,
  ],
  ["for another browser", async () => encrypt(await fakeBrowser.subscribe({ name: "bob" }), "hi"), /do not open/],
  ["of two records", (to) => encrypt(to, "hi there, you", { recordBytes: 24 }), /more than one record/],
  ["whose record is not the last", (to) => encrypt(to, "hi", { delimiter: 1 }), /delimiter/],
  ["that is cut", async (to) => (await encrypt(to, "hi")).slice(0, 90), /cut off/],
  ["that is no push message", async () => utf8("hello"), /cut off/],
])("takes a body %s as a push service must, and keeps it as failed", async (_, make, reason) => {
  const simulator = createSimulator();
  const to = await fakeBrowser.subscribe();
  expect((await push(simulator, to, { body: await make(to) })).status).toBe(201);
  const [message] = simulator.store.messages({}, 1).items;
  expect(message).toMatchObject({ outcome: ["failed"], extra: { undecryptable: expect.stringMatching(reason) } });
});

const other = { publicKey: keys.vapidPreviousPublicKey, privateKey: keys.vapidPreviousPrivateKey };

/** What is wrong, and what Google's, Mozilla's, Apple's and Microsoft's services answer. */
const refusals: readonly (readonly [string, PushChange, number, number, number, number])[] = [
  ["another method", { method: "PUT" }, 405, 405, 405, 405],
  ["no TTL", { headers: { ttl: undefined } }, 400, 400, 400, 400],
  ["a TTL that is no number", { headers: { ttl: "1h" } }, 400, 400, 400, 400],
  ["an unknown urgency", { headers: { urgency: "asap" } }, 400, 400, 400, 400],
  ["two urgencies", { headers: { urgency: "low, high" } }, 400, 400, 400, 400],
  ["a topic of 33 characters", { headers: { topic: "x".repeat(33) } }, 400, 400, 400, 400],
  ["a topic with a dot", { headers: { topic: "a.b" } }, 400, 400, 400, 400],
  ["no content encoding", { headers: { "content-encoding": undefined } }, 400, 400, 400, 400],
  ["the draft's encoding", { headers: { "content-encoding": "aesgcm" } }, 400, 400, 400, 400],
  ["the draft's headers", { headers: { encryption: "salt=x", "crypto-key": "dh=x" } }, 400, 400, 400, 400],
  ["no authorization", { headers: { authorization: undefined } }, 401, 401, 403, 401],
  ["another scheme", { headers: { authorization: "Bearer x" } }, 403, 401, 403, 403],
  ["another audience", { token: { claims: { aud: "https://example.com" } } }, 403, 401, 403, 403],
  ["an audience with a path", { token: { claims: { aud: "https://fcm.googleapis.com/" } } }, 403, 401, 403, 403],
  ["an expired token", { token: { claims: { exp: nowSeconds - 60 } } }, 403, 401, 403, 403],
  ["a token for more than a day", { token: { claims: { exp: nowSeconds + 86_500 } } }, 403, 401, 403, 403],
  ["a token's end as text", { token: { claims: { exp: String(nowSeconds + 60) } } }, 403, 401, 403, 403],
  ["no subject", { token: { claims: { sub: undefined } } }, 403, 401, 403, 403],
  ["a subject that is no URL", { token: { claims: { sub: "ops@example.com" } } }, 403, 401, 403, 403],
  ["another algorithm", { token: { head: { alg: "HS256" } } }, 403, 401, 403, 403],
  ["a signature by another key", { token: { ...other, shownKey: keys.vapidPublicKey } }, 403, 401, 403, 403],
  ["another key than the subscription's", { token: other }, 403, 401, 403, 403],
  ["4097 bytes", { body: new Uint8Array(4097) }, 413, 413, 413, 413],
];

describe.each(refusals)("refuses %s", (_, change, ...statuses) => {
  test.each(["chromium", "firefox", "safari", "edge"] as const)("as %s' push service does", async (service) => {
    const simulator = createSimulator();
    const answer = await push(simulator, await fakeBrowser.subscribe({ service }), change);
    expect(answer.status).toBe(statuses[["chromium", "firefox", "safari", "edge"].indexOf(service)]);
    expect(simulator.store.messages({}, 1).items).toEqual([]);
  });
});

test("answers in each service's own words", async () => {
  const simulator = createSimulator();
  const to = (service: PushService): Promise<FakeSubscription> => fakeBrowser.subscribe({ service });
  const mozilla = await push(simulator, await to("firefox"), { headers: { ttl: "x" } });
  expect(await mozilla.json()).toMatchObject({ code: 400, errno: 112 });
  const apple = await push(simulator, await to("safari"), { token: other });
  expect(await apple.json()).toEqual({ reason: "VapidPkHashMismatch" });
  const google = await push(simulator, await to("chromium"), { token: other });
  expect(await google.text()).toMatch(/do not correspond to the credentials/);
  const windows = await push(simulator, await to("edge"), { headers: { ttl: "0" } });
  expect(windows.status).toBe(400);
  expect(windows.headers.get("x-wns-error-description")).toMatch(/Ttl value conflicts/);
  const cached = { ttl: "0", "x-wns-cache-policy": "no-cache" };
  expect((await push(simulator, await to("edge"), { headers: cached })).status).toBe(201);
});

test.each([
  ["unsubscribed-ada", 410],
  ["bounced-1", 410],
  ["suppressed-1", 410],
  ["expired-1", 404],
  ["toomany-1", 429],
  ["internal-1", 503],
  ["unsubscribed", 410],
  ["delivered-unsubscribed", 201],
] as const)("answers by the browser's name: %s gets %i", async (name, status) => {
  const simulator = createSimulator();
  for (const service of pushServices) {
    const answer = await push(simulator, await fakeBrowser.subscribe({ name, service }));
    expect(answer.status).toBe(status);
    expect(answer.headers.has("retry-after")).toBe(status === 429);
  }
});

test("knows no endpoint that no browser has, and takes both keys, each for its own subscriptions", async () => {
  const simulator = createSimulator();
  const to = await fakeBrowser.subscribe();
  const wrong = { ...to, endpoint: to.endpoint.replace(/.$/, (last) => (last === "A" ? "B" : "A")) };
  for (const endpoint of [wrong.endpoint, "https://fcm.googleapis.com/fcm/send/x", "https://push.simulator.test/"]) {
    expect((await push(simulator, { ...to, endpoint })).status).toBe(404);
  }
  const older = await fakeBrowser.subscribe({ applicationServerKey: other.publicKey });
  expect((await push(simulator, older, { token: other })).status).toBe(201);
  expect((await push(simulator, older)).status).toBe(403);
});

test("is reached by a path that names the host, with a token for the origin that was called", async () => {
  const simulator = createSimulator();
  const to = await fakeBrowser.subscribe({ service: "firefox" });
  const called = { ...to, endpoint: to.endpoint.replace("https://", "http://localhost:8788/") };
  expect((await push(simulator, called)).status).toBe(201);
  expect(contentOf(simulator)).toMatchObject({ payload: "hi", vapid: { audience: "http://localhost:8788" } });
});

test("hands what comes for a real browser on to it, sealed, and keeps neither what it says nor where it goes", async () => {
  const simulator = createSimulator();
  const said: Record<string, unknown>[] = [];
  const browser = simulator.connectBrowser({
    send: (text) => said.push(JSON.parse(text) as Record<string, unknown>),
    close: () => undefined,
  });
  const channelID = "5d5f5b1c-3c0c-4d43-8f9b-1a2b3c4d5e6f";
  browser.receive(JSON.stringify({ messageType: "hello", use_webpush: true }));
  browser.receive(JSON.stringify({ messageType: "register", channelID, key: keys.vapidPublicKey }));
  const endpoint = String(said.at(-1)?.["pushEndpoint"]);
  const to = { ...(await fakeBrowser.subscribe()), endpoint };
  const body = await encrypt(to, "hi");
  expect((await push(simulator, to, { body })).status).toBe(201);
  expect(said.at(-1)).toMatchObject({ messageType: "notification", channelID, data: toBase64Url(body) });
  expect(contentOf(simulator)).toMatchObject({
    payload: "",
    sealed: true,
    endpoint: expect.stringMatching(/5d5f5b1c$/),
  });
  const id = simulator.store.messages({}, 1).items[0]?.id ?? "";
  expect(JSON.stringify(simulator.store.message(id))).not.toContain(endpoint.split("/").at(-1));
  expect(await (await simulator.fetch(`http://localhost/messages/${id}`)).text()).toContain(
    "Sealed for a real browser",
  );

  expect((await push(simulator, to, { body, token: other })).status).toBe(403);
  expect((await push(simulator, to, { body: new Uint8Array(4097) })).status).toBe(413);
  const { items } = await (await simulator.fetch("http://localhost/api/push/deliveries")).json();
  expect(items).toEqual([expect.objectContaining({ channel: channelID, state: "sent" })]);
  expect(items[0]).not.toHaveProperty("body");

  // Other browsers put another push service before what they are registered as.
  const chromium = endpoint.replace("https://push.simulator.test/push/", "https://jmt17.google.com/fcm/send/");
  expect((await push(simulator, { ...to, endpoint: chromium }, { body })).status).toBe(201);

  expect((await simulator.fetch("http://localhost/api/push/subscriptions", { method: "DELETE" })).status).toBe(204);
  expect((await push(simulator, to, { body })).status).toBe(404);
});
