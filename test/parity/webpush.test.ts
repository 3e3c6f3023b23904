import { fakeBrowser, type FakeSubscription, simulatorCredentials, type WebPushContent } from "@carillon/simulator";
import { createNotifier, type Input, type SendResult } from "carillon";
import { webpush } from "carillon/providers/webpush";
import ece from "http_ece";
import { createECDH } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import official, { type RequestOptions, WebPushError } from "web-push";
import { createParity } from "./harness.ts";

const keys = simulatorCredentials.webpush;
const vapid = { subject: keys.vapidSubject, publicKey: keys.vapidPublicKey, privateKey: keys.vapidPrivateKey };
const older = { ...vapid, publicKey: keys.vapidPreviousPublicKey, privateKey: keys.vapidPreviousPrivateKey };

const { rig, same, unused } = createParity({
  allowed: [
    { field: "header.authorization", reason: "the token is signed anew, and a signature is never the same" },
    { field: "header.urgency", reason: "normal is what no urgency means (RFC 8030 section 5.3)" },
    { field: "body", reason: "salt and sender's key are new for each message: what it says is compared below" },
  ],
});
const notifier = createNotifier({
  webpush: [webpush({ vapid: [vapid, older], allowEndpoint: ({ host }) => host === "push.simulator.test" })],
  fetch: rig.fetch,
  attempts: 1,
});

type Message = Omit<Input<"webpush">, "channel" | "to">;

async function send(
  to: FakeSubscription,
  payload: string | Buffer | null,
  options: RequestOptions = {},
): Promise<unknown> {
  return official.sendNotification(to, payload, { vapidDetails: vapid, contentEncoding: "aes128gcm", ...options });
}

const carillon = (to: FakeSubscription, message: Message): Promise<SendResult> =>
  notifier.send({ channel: "webpush", to, ...message });

/** What the browser got last. */
function received(): WebPushContent {
  const [message] = rig.simulator.store.messages({}, 1).items;
  expect(message).not.toHaveProperty("extra.undecryptable");
  return rig.simulator.store.message(message?.id ?? "")?.content as WebPushContent;
}

const json = { order: 42, name: "Grüße 🎉" };
const notification = { title: "Your order", navigate: "https://app.example.com/orders/42", silent: false };
const messages: readonly {
  readonly name: string;
  readonly service?: "firefox" | "safari" | "edge" | "simulator";
  readonly payload: string | Buffer | null;
  readonly options?: RequestOptions;
  readonly ours: Message;
}[] = [
  { name: "text", payload: "hello ✓", ours: { payload: "hello ✓" } },
  { name: "bytes", payload: Buffer.from("raw"), ours: { payload: new TextEncoder().encode("raw") } },
  { name: "JSON", payload: JSON.stringify(json), ours: { payload: json }, service: "firefox" },
  { name: "no payload", payload: null, ours: {}, service: "safari" },
  {
    name: "everything",
    service: "edge",
    payload: "x",
    options: { TTL: 60, urgency: "high", topic: "order-42" },
    ours: { payload: "x", ttlSeconds: 60, urgency: "high", topic: "order-42" },
  },
  { name: "a TTL of 0", payload: "x", options: { TTL: 0 }, ours: { payload: "x", ttlSeconds: 0 }, service: "firefox" },
  {
    name: "a declarative notification",
    service: "safari",
    payload: JSON.stringify({ web_push: 8030, notification }),
    ours: { notification },
  },
  { name: "3993 bytes", payload: "é".repeat(1996), ours: { payload: "é".repeat(1996) }, service: "simulator" },
];

test.each(messages)("$name", async ({ service, payload, options, ours }) => {
  const to = await fakeBrowser.subscribe({ name: "ada", service });
  const got: WebPushContent[] = [];
  await same(
    async () => {
      await send(to, payload, options);
      got.push(received());
    },
    async () => {
      const result = await carillon(to, ours);
      expect(result).toMatchObject({ ok: true });
      got.push(received());
      return result;
    },
  );
  const [theirs, mine] = got.map(({ vapid: { expiresAtMs: _, ...vapid }, urgency = "normal", ...content }) => ({
    ...content,
    urgency,
    vapid,
  }));
  expect(mine).toEqual(theirs);
  expect(mine?.payload).toBe(payload === null ? "" : String(payload));
});

describe("Carillon's bodies", () => {
  test.each([
    ["short", "hi", undefined],
    ["padded", "hi", 100],
    ["as long as they may be", "x".repeat(3993), undefined],
  ])("are read by http_ece: %s", async (_, payload, padToBytes) => {
    const to = await fakeBrowser.subscribe();
    rig.arrived();
    await carillon(to, { payload, ...(padToBytes !== undefined && { providerOptions: { webpush: { padToBytes } } }) });
    const [request] = rig.arrived();
    const { privateScalar, authSecret } = await fakeBrowser.keysOf(to.endpoint);
    const privateKey = createECDH("prime256v1");
    privateKey.setPrivateKey(Buffer.from(privateScalar, "base64url"));
    const text = ece.decrypt(Buffer.from(request?.body ?? []), {
      version: "aes128gcm",
      privateKey,
      authSecret: Buffer.from(authSecret),
    });
    expect(text.toString()).toBe(payload);
  });
});

test("both sign with the key that the browser subscribed with", async () => {
  const to = await fakeBrowser.subscribe({ name: "old", applicationServerKey: older.publicKey });
  await same(
    () => send(to, "x", { vapidDetails: older }),
    () => carillon(to, { payload: "x" }),
  );
  const { applicationServerKey: _, ...unnamed } = to;
  expect(await carillon(unnamed as FakeSubscription, { payload: "x" })).toMatchObject({
    ok: false,
    kind: "unauthorized",
  });
});

test("both say whom to write to, and until when", async () => {
  const to = await fakeBrowser.subscribe({ service: "simulator" });
  await rig.official(() => send(to, "x"));
  const theirs = received().vapid;
  await carillon(to, { payload: "x" });
  const ours = received().vapid;
  expect(ours).toMatchObject({ subject: theirs.subject, audience: theirs.audience });
  expect(Math.abs(ours.expiresAtMs - theirs.expiresAtMs)).toBeLessThan(60_000);
});

describe("both understand the simulator", () => {
  test("success", async () => {
    const to = await fakeBrowser.subscribe({ service: "firefox" });
    const answer = await rig.official(() => send(to, "x"));
    expect(answer).toMatchObject({ statusCode: 201, headers: { ttl: "2419200" } });
    const result = await carillon(to, { payload: "x" });
    const [message] = rig.simulator.store.messages({}, 1).items;
    expect(result).toMatchObject({ ok: true, providerMessageId: message?.providerMessageId });
  });

  test.each([
    ["an unsubscribed browser", "unsubscribed-1", vapid, 410, "recipient-gone"],
    ["an expired one", "expired-1", vapid, 404, "recipient-gone"],
    ["too many messages", "toomany-1", vapid, 429, "rate-limited"],
    ["a service that is down", "internal-1", vapid, 503, "unavailable"],
    ["another key than the subscription's", "ada", older, 403, "unauthorized"],
  ] as const)("%s", async (_, name, vapidDetails, status, kind) => {
    const to = await fakeBrowser.subscribe({ name });
    const error: unknown = await rig.official(() => send(to, "x", { vapidDetails }).catch((caught: unknown) => caught));
    expect(error).toBeInstanceOf(WebPushError);
    expect(error).toMatchObject({ statusCode: status });
    const single = createNotifier({ webpush: [webpush({ vapid: vapidDetails })], fetch: rig.fetch, attempts: 1 });
    const { applicationServerKey: __, ...unnamed } = to;
    const result = await single.send({ channel: "webpush", to: unnamed, payload: "x" });
    expect(result).toMatchObject({ ok: false, kind, status, mayHaveBeenSent: kind === "unavailable" });
  });

  test("Microsoft's service refuses a TTL of 0, but for one that is asked in its own words, as Carillon does", async () => {
    const to = await fakeBrowser.subscribe({ service: "edge" });
    const error: unknown = await rig.official(() => send(to, "x", { TTL: 0 }).catch((caught: unknown) => caught));
    expect(error).toMatchObject({ statusCode: 400 });
    expect(await carillon(to, { payload: "x", ttlSeconds: 0 })).toMatchObject({ ok: true });
  });

  test("a body that is too large is refused here before it is sent, and there after", async () => {
    const to = await fakeBrowser.subscribe();
    const error: unknown = await rig.official(() => send(to, "x".repeat(3994)).catch((caught: unknown) => caught));
    expect(error).toMatchObject({ statusCode: 413 });
    rig.arrived();
    expect(await carillon(to, { payload: "x".repeat(3994) })).toMatchObject({ ok: false, kind: "invalid-message" });
    expect(rig.arrived()).toEqual([]);
  });
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
