import { fixtureContext, messageOf } from "@carillon/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { toBase64Url, utf8 } from "../../crypto/bytes.ts";
import type { BuildContext, Cache, ProviderFailure } from "../../provider/contract.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { vapid } from "./fixtures/keys.ts";
import { decryptPush, isVapidTokenOf, makeReceiver, type ReceiverKeys, vapidClaims } from "./fixtures/receiver.ts";
import { settings, webpush, type WebPushOptions } from "./index.ts";

const { current, older } = vapid;
const fcm = "https://fcm.googleapis.com/fcm/send/abc";
const receiver = await makeReceiver();
const subscription = {
  endpoint: fcm,
  expirationTime: null,
  keys: { p256dh: receiver.publicKey, auth: receiver.authSecret },
};
const context: BuildContext = {
  ...fixtureContext,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
const later = (seconds: number): BuildContext => ({
  ...context,
  now: new Date(context.now.getTime() + seconds * 1000),
});

type Change = Readonly<Record<string, unknown>>;

function builder(
  options: Partial<WebPushOptions> = {},
): (change?: Change, at?: BuildContext) => Promise<OutboundRequest & ProviderFailure> {
  const provider = webpush({ vapid: current, ...options });
  return async (change, at = context) => {
    const message = messageOf(provider, { channel: "webpush", to: subscription, payload: "hi", ...change });
    return (await provider.buildRequest(message, at)) as OutboundRequest & ProviderFailure;
  };
}

async function read({ body }: OutboundRequest, keys: ReceiverKeys = receiver): Promise<string> {
  return new TextDecoder().decode(await decryptPush(body as Uint8Array<ArrayBuffer>, keys));
}

const tokenOf = ({ headers }: OutboundRequest): string => headers["authorization"] ?? "";

afterEach(() => void vi.restoreAllMocks());

describe("what the browser reads", () => {
  const cycle = { web_push: 8030, notification: { title: "Hi", navigate: "https://example.com/" } };

  test.each<[string, Change, string]>([
    ["text as it is", { payload: "grüße 🎉" }, "grüße 🎉"],
    ["bytes as they are", { payload: utf8("raw") }, "raw"],
    ["anything else as JSON", { payload: { a: [1, null] } }, '{"a":[1,null]}'],
    ["a number as JSON", { payload: 0 }, "0"],
    ["a declarative notification", { payload: undefined, notification: cycle.notification }, JSON.stringify(cycle)],
    [
      "app_badge and mutable in both places",
      { payload: undefined, notification: { ...cycle.notification, app_badge: 0, mutable: false } },
      JSON.stringify({
        web_push: 8030,
        notification: { ...cycle.notification, app_badge: 0, mutable: false },
        app_badge: 0,
        mutable: false,
      }),
    ],
  ])("%s", async (_, change, expected) => {
    expect(await read(await builder()(change))).toBe(expected);
  });

  test("bytes that are no text", async () => {
    const payload = Uint8Array.of(0xff, 0, 2, 0, 0);
    const { body } = await builder()({ payload });
    expect(await decryptPush(body as Uint8Array<ArrayBuffer>, receiver)).toEqual(payload);
  });

  test("nothing at all where there is nothing to say", async () => {
    for (const payload of [undefined, "", new Uint8Array()]) {
      const { body, headers } = await builder()({ payload });
      expect(body).toBeUndefined();
      expect(headers).not.toHaveProperty("content-encoding");
    }
  });
});

describe("length", () => {
  test("is limited to 3993 bytes of UTF-8", async () => {
    const build = builder();
    const full = await build({ payload: "x".repeat(3993) });
    expect(full.body).toHaveLength(4096);
    expect(await read(full)).toBe("x".repeat(3993));
    const over = { kind: "invalid-message", field: "payload", detail: "expected at most 3993 bytes" };
    for (const payload of ["x".repeat(3994), "é".repeat(1997), new Uint8Array(3994), { a: "x".repeat(3986) }]) {
      expect(await build({ payload })).toMatchObject(over);
    }
    const notification = { title: "x".repeat(3993), navigate: "https://example.com/" };
    expect(await build({ payload: undefined, notification })).toMatchObject({ ...over, field: "notification" });
  });

  test("lets a payload that is too large be left out, where the message allows it", async () => {
    const build = builder();
    const allow = (withoutPayloadIfTooLarge: unknown): Change => ({
      providerOptions: { webpush: { withoutPayloadIfTooLarge } },
    });
    const { body, headers } = await build({ payload: "x".repeat(3994), ...allow(true) });
    expect(body).toBeUndefined();
    expect(headers).not.toHaveProperty("content-encoding");
    expect(await read(await build({ payload: "x".repeat(3993), ...allow(true) }))).toHaveLength(3993);
    const field = "payload";
    expect(await build({ payload: "x".repeat(3994), ...allow(false) })).toMatchObject({
      kind: "invalid-message",
      field,
    });
    const option = "providerOptions.webpush.withoutPayloadIfTooLarge";
    expect(await build({ payload: "x", ...allow("yes") })).toMatchObject({ kind: "invalid-message", field: option });
  });

  test("is hidden by padding, the message's before the factory's", async () => {
    const build = builder({ padToBytes: 1000 });
    const padToBytes = (bytes: number): Change => ({ providerOptions: { webpush: { padToBytes: bytes } } });
    const bodies = [
      [await build({ payload: "a" }), 1103],
      [await build({ payload: "b".repeat(1000) }), 1103],
      [await build({ payload: "b".repeat(1001) }), 1104],
      [await build({ payload: "c", ...padToBytes(3993) }), 4096],
      [await build({ payload: "d", ...padToBytes(0) }), 104],
    ] as const;
    for (const [request, length] of bodies) {
      expect(request.body).toHaveLength(length);
      expect(await read(request)).toMatch(/^(a|b+|c|d)$/);
    }
  });
});

test("no two messages share a sender's key or a salt", async () => {
  const build = builder();
  const requests = await Promise.all(Array.from({ length: 50 }, () => build()));
  const heads = requests.map(({ body }) => toBase64Url((body as Uint8Array).subarray(21, 86)));
  const salts = requests.map(({ body }) => toBase64Url((body as Uint8Array).subarray(0, 16)));
  expect(new Set(heads).size).toBe(50);
  expect(new Set(salts).size).toBe(50);
});

test("a subscription's key is imported once, and a broken one is refused without being remembered", async () => {
  const build = builder();
  await build();
  const imports = vi.spyOn(crypto.subtle, "importKey");
  await Promise.all([build(), build(), build({ payload: "other" })]);
  expect(imports.mock.calls.map(([, , algorithm]) => algorithm)).toEqual(["AES-GCM", "AES-GCM", "AES-GCM"]);
  const to = { ...subscription, keys: { ...subscription.keys, p256dh: `BA${"A".repeat(85)}` } };
  for (let round = 0; round < 2; round++) {
    expect(await build({ to })).toMatchObject({ kind: "invalid-message", field: "to.keys.p256dh" });
  }
});

describe("the VAPID token", () => {
  test("is signed for the endpoint's origin, and ends in twelve hours", async () => {
    const build = builder({ allowEndpoint: ({ host }) => host === "push.example.net:8443" });
    const request = await build({ to: { ...subscription, endpoint: "https://push.example.net:8443/send/abc?x=1" } });
    expect(request.url).toBe("https://push.example.net:8443/send/abc?x=1");
    expect(await isVapidTokenOf(tokenOf(request))).toBe(true);
    expect(vapidClaims(tokenOf(request))).toEqual({
      aud: "https://push.example.net:8443",
      exp: context.now.getTime() / 1000 + 43_200,
      sub: current.subject,
    });
    expect(request.secrets).toEqual([/t=([^,]+)/.exec(tokenOf(request))?.[1]]);
  });

  test("is kept for eleven hours, one for each origin and key", async () => {
    const build = builder({ vapid: [current, older] });
    const signed = vi.spyOn(crypto.subtle, "sign");
    const mozilla = { ...subscription, endpoint: "https://updates.push.services.mozilla.com/wpush/v2/x" };
    const first = await build();
    expect(tokenOf(await build({}, later(39_599)))).toBe(tokenOf(first));
    expect(signed).toHaveBeenCalledTimes(1);
    await build({ to: mozilla });
    await build({ to: { ...subscription, applicationServerKey: older.publicKey } });
    await build({ to: mozilla });
    expect(signed).toHaveBeenCalledTimes(3);
    const next = await build({}, later(39_600));
    expect(tokenOf(next)).not.toBe(tokenOf(first));
    expect(vapidClaims(tokenOf(next))["exp"]).toBe(Number(vapidClaims(tokenOf(first))["exp"]) + 39_600);
  });

  test("is signed once for many messages at a time", async () => {
    const signed = vi.spyOn(crypto.subtle, "sign");
    const build = builder();
    await Promise.all(Array.from({ length: 20 }, () => build()));
    expect(signed).toHaveBeenCalledTimes(1);
  });

  test("is kept in the notifier's cache as a text, and no key or payload is", async () => {
    const entries = new Map<string, { value: unknown; expiresAtMs: number }>();
    const cache: Cache = {
      get: async (key) => entries.get(key),
      set: async (key, value, expiresAtMs) => void entries.set(key, { value, expiresAtMs }),
    };
    const first = await builder()({}, { ...context, cache });
    const second = await builder()({}, { ...context, cache });
    expect(tokenOf(second)).toBe(tokenOf(first));
    expect([...entries.values()]).toEqual([
      { value: first.secrets[0], expiresAtMs: context.now.getTime() + 39_600_000 },
    ]);
    expect(await read(second)).toBe("hi");
  });

  test("is of the key that the subscription was made with, the first where it names none", async () => {
    const build = builder({ vapid: [current, older] });
    const requests = [
      [await build(), current],
      [await build({ to: { ...subscription, applicationServerKey: current.publicKey } }), current],
      [await build({ to: { ...subscription, applicationServerKey: older.publicKey } }), older],
    ] as const;
    for (const [request, { publicKey, subject }] of requests) {
      expect(tokenOf(request)).toMatch(new RegExp(`, k=${publicKey}$`));
      expect(await isVapidTokenOf(tokenOf(request))).toBe(true);
      expect(vapidClaims(tokenOf(request))["sub"]).toBe(subject);
    }
  });

  test("is not made with a private key of another pair, whatever a function gives", async () => {
    const withKey = (privateKey: () => Promise<string>): Promise<ProviderFailure & OutboundRequest> =>
      builder({ vapid: { ...current, privateKey } })();
    expect(await isVapidTokenOf(tokenOf(await withKey(async () => current.privateKey)))).toBe(true);
    for (const wrong of [older.privateKey, "short", "two words", ""]) {
      const failure = await withKey(async () => wrong);
      expect(failure).toMatchObject({ ok: false, kind: "unauthorized" });
      if (wrong) expect(JSON.stringify(failure)).not.toContain(wrong);
    }
  });
});

describe("endpoints", () => {
  const at = (endpoint: string): Change => ({ to: { ...subscription, endpoint } });

  test.each([
    "https://fcm.googleapis.com/wp/abc",
    "https://updates.push.services.mozilla.com/wpush/v2/abc",
    "https://jmt17.google.com/fcm/send/abc",
    "https://web.push.apple.com/QAbc",
    "https://wns2-db5p.notify.windows.com/w/?token=abc",
    "https://am3p.wns2.notify.windows.com/w/?token=abc",
  ])("at %s are known", async (endpoint) => {
    expect((await builder()(at(endpoint))).url).toBe(endpoint);
  });

  test.each([
    "https://fcm.googleapis.com.evil.example/x",
    "https://evil-fcm.googleapis.com/x",
    "https://fcm.googleapis.com:444/x",
    "https://notify.windows.com.evil.example/x",
    "https://evilnotify.windows.com/x",
    "https://push.services.mozilla.com.evil.example/x",
    "https://example.com/fcm.googleapis.com/x",
    "https://a.b.push.apple.com.evil.example/",
  ])("at %s are not", async (endpoint) => {
    expect(await builder()(at(endpoint))).toMatchObject({ kind: "invalid-message", field: "to.endpoint" });
  });

  test.each([
    "https://127.0.0.1/x",
    "https://10.1.2.3:8443/x",
    "https://0x7f.1/x",
    "https://2130706433.0/x",
    "https://169.254.169.254/latest",
    "https://push.localhost/x",
    "https://printer.local/x",
    "https://metadata.google.internal/x",
    "https://nas.home.arpa/x",
    "https://router.lan/x",
  ])("at %s are refused whatever allowEndpoint says", async (endpoint) => {
    const allowEndpoint = vi.fn(() => true);
    const provider = webpush({ vapid: current, allowEndpoint });
    // Some are refused by the channel already.
    const message = provider.channel.normalise({ channel: "webpush", ...at(endpoint), payload: "x" });
    const failure = "ok" in message ? message : await provider.buildRequest(message, context);
    expect(failure).toMatchObject({ ok: false, kind: "invalid-message", field: "to.endpoint" });
    expect(allowEndpoint).not.toHaveBeenCalled();
  });

  test("elsewhere are for allowEndpoint to allow, and its true alone does", async () => {
    const endpoint = "https://push.example.net/x";
    const answers: unknown[] = [true, false, "yes", undefined];
    const results = await Promise.all(
      answers.map(async (answer) => "url" in (await builder({ allowEndpoint: () => answer as boolean })(at(endpoint)))),
    );
    expect(results).toEqual([true, false, false, false]);
  });

  test("are allowed by the variable's hosts, as they are written", async () => {
    const provider = settings.send.create({
      WEBPUSH_VAPID_SUBJECT: current.subject,
      WEBPUSH_VAPID_PUBLIC_KEY: current.publicKey,
      WEBPUSH_VAPID_PRIVATE_KEY: current.privateKey,
      WEBPUSH_ALLOWED_HOSTS: "push.example.net, Push.example.org:8443",
    });
    const takes = async (endpoint: string): Promise<boolean> =>
      "url" in (await provider.buildRequest(messageOf(provider, { channel: "webpush", ...at(endpoint) }), context));
    expect(await takes("https://push.example.net/x")).toBe(true);
    expect(await takes("https://push.example.org:8443/x")).toBe(true);
    expect(await takes("https://push.example.org/x")).toBe(false);
    expect(await takes("https://x.push.example.net/x")).toBe(false);
  });
});
