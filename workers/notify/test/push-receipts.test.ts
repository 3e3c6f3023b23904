import { fakeBrowser } from "@carillon/simulator";
import type { FakeSubscription } from "@carillon/simulator";
import { beforeEach, describe, expect, it } from "vitest";
import { readReceipts } from "../src/receipts/settings.ts";
import { blankReceipt, readReceipt, signReceipt } from "../src/receipts/token.ts";
import type { Env } from "../src/env.ts";
import { accept, call, env, message, untilStatus } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { placeOf } from "./shards.ts";
import { simulator } from "./worker.ts";

interface Carillon {
  readonly receipt: string;
  readonly url: string;
}

interface Payload {
  readonly carillon?: Carillon;
  readonly notification?: { readonly data?: { readonly carillon?: Carillon } };
}

const key = { id: "local", secret: "simulator-only-key-of-push-receipts" };
const day = 86_400_000;

let people = 0;
let to: FakeSubscription;
beforeEach(async () => void (to = await fakeBrowser.subscribe({ name: `delivered-receipts-${(people += 1)}` })));

/** A message that the push service has taken, and what the browser got. */
async function sent(content: object): Promise<{ readonly id: string; readonly text: string }> {
  const { messages } = await accept({ channel: "webpush", to, content });
  const id = messages[0]?.id ?? "";
  await untilStatus(id, "sent");
  const [newest] = simulator.store.messages({ provider: "webpush" }, 1).items;
  const received = simulator.store.message(newest?.id ?? "")?.content;
  if (received?.kind !== "webpush") throw new Error("No push message");
  return { id, text: received.payload };
}

const payloadOf = ({ text }: { readonly text: string }): Payload => JSON.parse(text) as Payload;
const receiptOf = (one: { readonly text: string }): string => payloadOf(one).carillon?.receipt ?? "";

const tell = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  call("POST", "/v1/push/receipts", { key: "", body, headers });

const events = ({ timeline }: MessageBody): unknown[] =>
  timeline.filter(({ kind }) => kind === "event").map(({ type, providerType }) => [type, providerType]);

describe("a push message", () => {
  it("brings its receipt in a declarative notification's data, beside what is there", async () => {
    const notification = { title: "T", navigate: "https://app.example/", data: { order: 42 } };
    const { text } = await sent({ notification });
    expect(JSON.parse(text)).toEqual({
      web_push: 8030,
      notification: {
        ...notification,
        data: {
          order: 42,
          carillon: {
            receipt: expect.stringMatching(/^local\.[\w-]+$/),
            url: "http://127.0.0.1:8787/v1/push/receipts",
          },
        },
      },
    });
  });

  it("brings it beside the members of a JSON payload", async () => {
    const one = await sent({ payload: { title: "T" } });
    expect(payloadOf(one)).toEqual({ title: "T", carillon: payloadOf(one).carillon });
    expect(receiptOf(one)).not.toContain(placeOf(one.id).uuid);
  });

  it.each([
    ["a text", { payload: "just words" }, "just words"],
    ["a text that is JSON", { payload: '{"a":1}' }, '{"a":1}'],
    ["a list", { payload: [1] }, "[1]"],
    ["a number", { payload: 7 }, "7"],
    ["what has that name already", { payload: { carillon: 1 } }, '{"carillon":1}'],
    ["no payload", {}, ""],
  ])("stays as it is where it is %s", async (_, content, text) => {
    expect((await sent(content)).text).toBe(text);
  });

  it("stays as it is where its notification's data is no object", async () => {
    const notification = { title: "T", navigate: "https://app.example/", data: "mine" };
    expect(payloadOf(await sent({ notification })).notification?.data).toBe("mine");
  });
});

describe("a payload that is too large", () => {
  const padded = (bytes: number): object => ({ t: "x".repeat(bytes - '{"t":""}'.length) });

  it("is refused with the limit, in which the receipt has its room", async () => {
    const receipt = await signReceipt(key, { shard: 0, uuid: "0".repeat(32), environment: "development" }, Date.now());
    const room = JSON.stringify({ carillon: { receipt, url: "http://127.0.0.1:8787/v1/push/receipts" } }).length - 1;
    const most = 3993 - room;
    const refused = await call("POST", "/v1/notifications", {
      body: { channel: "webpush", to, content: { payload: padded(most + 1) } },
    });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      errors: [{ field: "content.payload", detail: expect.stringContaining(`at most ${most} bytes`) }],
    });
    const { text } = await sent({ payload: padded(most) });
    expect([text.length, payloadOf({ text }).carillon]).toEqual([3993, expect.any(Object)]);
  });

  it.each([
    ["payload", { payload: "x".repeat(3994) }],
    ["payload", { payload: "ä".repeat(1997) }],
    [
      "notification",
      { notification: { title: "T", navigate: "https://app.example/", body: "x".repeat(4000), data: "mine" } },
    ],
  ])("is refused by its bytes, and the field is named: %s", async (field, content) => {
    const refused = await call("POST", "/v1/notifications", { body: { channel: "webpush", to, content } });
    expect(await refused.json()).toMatchObject({ errors: [{ field: `content.${field}` }] });
  });

  it("is sent where it just fits and has no receipt", async () => {
    expect((await sent({ payload: "x".repeat(3993) })).text).toHaveLength(3993);
  });

  it("is refused as a step of a route, too", async () => {
    const route = [{ channel: "webpush", content: { payload: "x".repeat(3994) } }];
    const refused = await call("POST", "/v1/notifications", { body: { to: { webpush: to }, route } });
    expect(await refused.json()).toMatchObject({
      errors: [{ field: "route.0.content.payload", detail: expect.stringContaining("at most 3993 bytes") }],
    });
  });

  it("is left out where the caller allows it, and only then", async () => {
    const providerOptions = { webpush: { withoutPayloadIfTooLarge: true } };
    expect((await sent({ payload: padded(3994), providerOptions })).text).toBe("");
    // Without the receipt it would fit: what it says is worth more.
    const { text } = await sent({ payload: padded(3993), providerOptions });
    expect([text.length, payloadOf({ text }).carillon]).toEqual([3993, undefined]);
  });
});

describe("a receipt", () => {
  it("moves the message to delivered, and a click to clicked", async () => {
    const one = await sent({ payload: {} });
    const at = new Date().toISOString();
    const told = await tell({ receipt: receiptOf(one), event: "delivered", at });
    expect([told.status, told.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(await message(one.id)).toMatchObject({ status: "delivered", milestones: { delivered: at } });
    await tell({ receipt: receiptOf(one), event: "clicked" });
    expect(await message(one.id)).toMatchObject({ status: "clicked" });
  });

  it("of a dismissal proves delivery, lowers nothing, and keeps its name", async () => {
    const one = await sent({ payload: {} });
    await tell({ receipt: receiptOf(one), event: "dismissed" });
    const dismissed = await message(one.id);
    expect([dismissed.status, events(dismissed)]).toEqual(["delivered", [["delivered", "dismissed"]]]);
    for (const event of ["clicked", "dismissed", "delivered"]) await tell({ receipt: receiptOf(one), event });
    const all = await message(one.id);
    expect(all.status).toBe("clicked");
    expect(events(all)).toEqual([
      ["delivered", "dismissed"],
      ["clicked", "clicked"],
      ["delivered", "delivered"],
    ]);
  });

  it("changes nothing when it is repeated, whoever answers", async () => {
    const one = await sent({ payload: {} });
    const { ingestReceipt } = await import("../src/receipts/ingest.ts");
    for (let count = 0; count < 3; count += 1) {
      await tell({ receipt: receiptOf(one), event: "delivered" });
      await ingestReceipt(env, placeOf(one.id), "delivered", undefined);
    }
    expect(events(await message(one.id))).toEqual([["delivered", "delivered"]]);
  });

  it.each([
    ["before the message was there", "2020-01-01T00:00:00.000Z"],
    ["in the future", new Date(Date.now() + day).toISOString()],
  ])("that says it was %s is of the time at which it came", async (_, at) => {
    const before = Date.now();
    const one = await sent({ payload: {} });
    await tell({ receipt: receiptOf(one), event: "delivered", at });
    const moment = Date.parse((await message(one.id)).milestones["delivered"] ?? "");
    expect(moment).toBeGreaterThanOrEqual(before);
    expect(moment).toBeLessThanOrEqual(Date.now());
  });

  it("comes as plain text, and without a preflight", async () => {
    const one = await sent({ payload: {} });
    const body = JSON.stringify({ receipt: receiptOf(one), event: "delivered" });
    const headers = { "content-type": "text/plain;charset=UTF-8", origin: "https://app.example" };
    expect((await tell(body, headers)).status).toBe(204);
    const preflight = await call("OPTIONS", "/v1/push/receipts", { key: "", headers: { origin: "https://x.example" } });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    expect(preflight.headers.has("access-control-allow-credentials")).toBe(false);
  });

  it.each([
    ["an invention", "local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ["nothing", ""],
    ["very long", `local.${"A".repeat(1_500)}`],
    ["of another key", "other.AAAA"],
  ])("is refused where it is %s", async (_, receipt) => {
    const refused = await tell({ receipt, event: "delivered" });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([401, "*"]);
    expect(await refused.json()).toMatchObject({ type: "/problems/receipt-refused" });
  });

  it("is refused with one bit flipped, anywhere", async () => {
    const one = await sent({ payload: {} });
    const receipt = receiptOf(one);
    const start = receipt.indexOf(".") + 1;
    for (let index = start; index < receipt.length; index += 7) {
      const other = receipt[index] === "A" ? "B" : "A";
      const forged = receipt.slice(0, index) + other + receipt.slice(index + 1);
      expect((await tell({ receipt: forged, event: "delivered" })).status).toBe(401);
    }
    expect((await message(one.id)).status).toBe("sent");
  });

  it.each([
    ["event", { receipt: "r", event: "opened" }],
    ["event", { receipt: "r" }],
    ["receipt", { event: "clicked" }],
    ["receipt", { receipt: 1, event: "clicked" }],
    ["at", { receipt: "r", event: "clicked", at: "yesterday" }],
    ["to", { receipt: "r", event: "clicked", to: "x" }],
  ])("is refused with the field that is wrong: %s", async (field, body) => {
    const refused = await tell(body);
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ errors: [{ field }] });
  });

  it("is refused where it is too large, no JSON, or another kind of body", async () => {
    expect((await tell({ receipt: "r".repeat(3_000), event: "clicked" })).status).toBe(413);
    expect((await tell("{")).status).toBe(400);
    expect((await tell("a=b", { "content-type": "application/x-www-form-urlencoded" })).status).toBe(415);
  });
});

describe("a route", () => {
  interface Routed {
    readonly people: readonly { readonly steps: readonly { readonly state: string; readonly channel: string }[] }[];
  }

  it.each([
    ["clicked", "skipped"],
    ["dismissed", "waiting"],
  ])("that goes on unless a push is clicked: %s leaves its next step %s", async (event, state) => {
    const { id, messages } = await accept({
      to: { webpush: to, sms: "+15005550010" },
      content: { webpush: { payload: { title: "T" } }, sms: { text: "T" } },
      route: [{ channel: "webpush" }, { channel: "sms", after: "1h", unless: "clicked" }],
    });
    await untilStatus(messages[0]?.id ?? "", "sent");
    const [newest] = simulator.store.messages({ provider: "webpush" }, 1).items;
    const received = simulator.store.message(newest?.id ?? "")?.content;
    const text = received?.kind === "webpush" ? received.payload : "";
    expect((await tell({ receipt: receiptOf({ text }), event })).status).toBe(204);
    const routed = async (): Promise<Routed> => (await call("GET", `/v1/notifications/${id}`)).json();
    await expect.poll(async () => (await routed()).people[0]?.steps[1]?.state).toBe(state);
  });
});

describe("what a receipt says", () => {
  const subject = { shard: 3, uuid: "01a2".padEnd(32, "0"), environment: "production" };
  const here = { environment: "production", shards: 16 };
  const now = Date.UTC(2026, 10, 24);

  it("is read for 45 days, by a key that is still known", async () => {
    const receipt = await signReceipt(key, subject, now);
    const found = { shard: 3, uuid: subject.uuid };
    expect(await readReceipt([key], receipt, here, now + 44 * day)).toEqual(found);
    expect(await readReceipt([{ ...key, id: "new" }, key], receipt, here, now)).toEqual(found);
    expect(await readReceipt([key], receipt, here, now + 45 * day)).toBeUndefined();
    expect(await readReceipt([], receipt, here, now)).toBeUndefined();
  });

  it("is as long as was reckoned with when its message was accepted", async () => {
    for (const id of ["a", "key-of-16-letter"]) {
      const receipt = await signReceipt({ ...key, id }, { ...subject, shard: 255 }, now);
      expect(receipt).toHaveLength(blankReceipt({ ...key, id }).length);
    }
  });

  it("is of one deployment and one purpose", async () => {
    const receipt = await signReceipt(key, subject, now);
    expect(await readReceipt([key], receipt, { ...here, environment: "staging" }, now)).toBeUndefined();
    expect(await readReceipt([{ ...key, secret: "x".repeat(32) }], receipt, here, now)).toBeUndefined();
    expect(await readReceipt([key], receipt, { ...here, shards: 2 }, now)).toBeUndefined();
    const { signToken } = await import("../src/unsubscribe/token.ts");
    const link = { channel: "email", addressKey: "a@example.com", category: "x", message: "msg_03" + subject.uuid };
    expect(await readReceipt([key], await signToken(key, link), here, now)).toBeUndefined();
  });
});

describe("receipts are on", () => {
  const read = (variables: object, isProduction = true): readonly [unknown, string[]] => {
    const problems: string[] = [];
    return [readReceipts(variables as unknown as Env, isProduction, problems), problems];
  };
  const PUSH_RECEIPT_KEYS = `2027:${"s".repeat(32)}`;
  const PUBLIC_URL = "https://notify.example";

  it("where there are a key and the Worker's address", () => {
    const keys = [{ id: "2027", secret: "s".repeat(32) }];
    expect(read({ PUBLIC_URL, PUSH_RECEIPT_KEYS })).toEqual([{ url: `${PUBLIC_URL}/v1/push/receipts`, keys }, []]);
    expect(read({ PUBLIC_URL })).toEqual([undefined, []]);
  });

  it.each([
    ["no address", { PUSH_RECEIPT_KEYS }],
    ["an address without https", { PUBLIC_URL: "http://notify.example", PUSH_RECEIPT_KEYS }],
    ["a key that is too short", { PUBLIC_URL, PUSH_RECEIPT_KEYS: "2027:short" }],
  ])("not with %s, which is said without a value", (_, variables) => {
    const [settings, problems] = read(variables);
    expect([settings, problems.length]).toEqual([undefined, 1]);
    expect(problems.join()).toContain("PUSH_RECEIPT_KEYS");
    expect(problems.join()).not.toContain("ssss");
  });
});
