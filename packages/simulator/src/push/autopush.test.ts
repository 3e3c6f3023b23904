import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { utf8 } from "../wire/bytes.ts";
import { type Autopush, type BrowserConnection, createAutopush } from "./autopush.ts";
import { type PushRecords, pushRecords } from "./records.ts";

const channel = "5d5f5b1c-3c0c-4d43-8f9b-1a2b3c4d5e6f";
const otherChannel = "6d5f5b1c-3c0c-4d43-8f9b-1a2b3c4d5e6f";
const key = "BObl2kYL1OtdNyvaEjKVr8DEw2CKqYaPS1BVZ9mOpH_BVPGulWCfGOE-Hi8ntjMyInXAU0hwP_VAtHzHmVxRo64";

type Said = Readonly<Record<string, unknown>>;

interface Browser {
  readonly said: Said[];
  readonly closed: (readonly [number, string])[];
  say(message: object): void;
  sayText(text: string): void;
  leave(): void;
}

let nowMs = 1_000_000;
let records: PushRecords;
let autopush: Autopush;
let pushes = 0;

beforeEach(() => {
  nowMs = 1_000_000;
  records = pushRecords(memoryStore().queue);
  autopush = createAutopush({ records, now: () => new Date(nowMs) });
});

function connect(): Browser {
  const said: Said[] = [];
  const closed: (readonly [number, string])[] = [];
  const connection: BrowserConnection = autopush.connect({
    send: (text) => said.push(JSON.parse(text) as Said),
    close: (code, reason) => closed.push([code, reason]),
  });
  return {
    said,
    closed,
    say: (message) => connection.receive(JSON.stringify(message)),
    sayText: (text) => connection.receive(text),
    leave: () => connection.closed(),
  };
}

function greet(uaid?: string): { readonly browser: Browser; readonly uaid: string } {
  const browser = connect();
  browser.say({ messageType: "hello", use_webpush: true, broadcasts: {}, ...(uaid && { uaid }) });
  return { browser, uaid: String(browser.said[0]?.["uaid"]) };
}

function register(browser: Browser, channelID = channel): string {
  browser.say({ messageType: "register", channelID, key });
  return String(browser.said.at(-1)?.["pushEndpoint"]).split("/").at(-1) ?? "";
}

function push(token: string, more: { text?: string; topic?: string; ttlSeconds?: number } = {}): string {
  const { text = "sealed", topic, ttlSeconds = 60 } = more;
  const id = `m${(pushes += 1)}`;
  autopush.push({ id, token, body: utf8(text), topic, ttlSeconds });
  return id;
}

const versions = (browser: Browser): unknown[] =>
  browser.said.filter((one) => one["messageType"] === "notification").map((one) => one["version"]);
const stateOf = (id: string): unknown => [records.get(id)?.state, records.get(id)?.code];

describe("hello", () => {
  test("gives a browser an id, and the same one again while it has a subscription", () => {
    const { browser, uaid } = greet();
    expect(browser.said).toEqual([{ messageType: "hello", uaid, status: 200, use_webpush: true, broadcasts: {} }]);
    expect(uaid).toMatch(/^[0-9a-f]{32}$/);
    expect(greet(uaid).uaid).not.toBe(uaid);
    register(browser);
    expect(greet(uaid).uaid).toBe(uaid);
    // Two connections of one browser: the older one is dead, and its end does not take the newer one away.
    expect(browser.closed).toEqual([[1000, "Connected elsewhere"]]);
  });

  test.each([
    ["nothing before it", { messageType: "register", channelID: channel }],
    ["no second one", { messageType: "hello" }],
    ["no unknown message", { messageType: "subscribe" }],
  ])("allows %s", (_, message) => {
    const browser = message.messageType === "register" ? connect() : greet().browser;
    browser.say(message);
    expect(browser.closed).toMatchObject([[4000, expect.any(String)]]);
  });
});

test("a ping is answered, and lists for everybody are passed over", () => {
  const { browser } = greet();
  browser.sayText("{}");
  browser.say({ messageType: "broadcast_subscribe", broadcasts: { certs: "1" } });
  expect([browser.said.slice(1), browser.closed]).toEqual([[{}], []]);
});

describe("register", () => {
  test("gives an endpoint, and the same one for the same subscription", () => {
    const { browser } = greet();
    const token = register(browser);
    expect(browser.said.at(-1)).toEqual({
      messageType: "register",
      channelID: channel,
      status: 200,
      pushEndpoint: `https://push.simulator.test/push/${token}`,
    });
    expect(token).toHaveLength(43);
    expect(register(browser)).toBe(token);
    expect(register(browser, otherChannel)).not.toBe(token);
    // As Firefox spells it; senders write it without the padding.
    browser.say({ messageType: "register", channelID: channel, key: `${key}=` });
    expect(records.subscription(token)?.key).toBe(key);
  });

  test.each([
    ["a channel that is no UUID", { channelID: "x", key }],
    ["a key that is none", { channelID: channel, key: "AAAA" }],
  ])("refuses %s", (_, more) => {
    const { browser } = greet();
    browser.say({ messageType: "register", ...more });
    expect(browser.said.at(-1)).toMatchObject({ messageType: "register", status: 400 });
    expect(records.subscriptions()).toEqual([]);
  });
});

test("what is unregistered gets nothing more", () => {
  const { browser } = greet();
  const token = register(browser);
  browser.say({ messageType: "unregister", channelID: channel });
  expect(browser.said.at(-1)).toEqual({ messageType: "unregister", channelID: channel, status: 200 });
  expect(stateOf(push(token))).toEqual([undefined, undefined]);
});

test("a push service that has lost its data ends its connections, and gives browsers other ids", () => {
  const { browser, uaid } = greet();
  const token = register(browser);
  autopush.forget();
  expect(browser.closed).toEqual([[1001, "Forgotten"]]);
  expect(greet(uaid).uaid).not.toBe(uaid);
  expect(stateOf(push(token))).toEqual([undefined, undefined]);
});

describe("a message", () => {
  test("goes to the browser as it came, and ends with its word", () => {
    const { browser } = greet();
    const token = register(browser);
    const id = push(token, { text: "\u00ff?>" });
    expect(browser.said.at(-1)).toEqual({
      messageType: "notification",
      channelID: channel,
      version: id,
      data: "w78_Pg",
      headers: { encoding: "aes128gcm" },
    });
    expect(stateOf(id)).toEqual(["sent", undefined]);
    browser.say({ messageType: "ack", updates: [{ channelID: channel, version: id, code: 101 }] });
    expect(stateOf(id)).toEqual(["acknowledged", 101]);
  });

  test("without a payload has no headers of one", () => {
    const { browser } = greet();
    const id = push(register(browser), { text: "" });
    expect(browser.said.at(-1)).toEqual({ messageType: "notification", channelID: channel, version: id });
  });

  test("waits for a browser that is not there, and comes again until it is acknowledged", () => {
    const { browser, uaid } = greet();
    const token = register(browser);
    browser.leave();
    const id = push(token);
    expect(stateOf(id)).toEqual(["waiting", undefined]);
    expect(versions(greet(uaid).browser)).toEqual([id]);
    const again = greet(uaid).browser;
    expect(versions(again)).toEqual([id]);
    again.say({ messageType: "ack", updates: [{ channelID: channel, version: id, code: 100 }] });
    expect(versions(greet(uaid).browser)).toEqual([]);
  });

  test("replaces the one of its topic and subscription that waits", () => {
    const { browser, uaid } = greet();
    const [token, other] = [register(browser), register(browser, otherChannel)];
    browser.leave();
    const ids = [push(token, { topic: "t" }), push(other, { topic: "t" }), push(token), push(token, { topic: "t" })];
    expect(versions(greet(uaid).browser)).toEqual(ids.slice(1));
    expect(stateOf(ids[0] ?? "")).toEqual(["replaced", undefined]);
  });

  test("whose time is over does not come", () => {
    const { browser, uaid } = greet();
    const token = register(browser);
    expect(stateOf(push(token, { ttlSeconds: 0 }))).toEqual(["sent", undefined]);
    browser.leave();
    const now = push(token, { ttlSeconds: 0 });
    const short = push(token, { ttlSeconds: 5 });
    nowMs += 5_001;
    expect(versions(greet(uaid).browser)).not.toContain(short);
    expect([stateOf(now), stateOf(short)]).toEqual([
      ["expired", undefined],
      ["expired", undefined],
    ]);
  });

  test("is acknowledged by its own browser alone", () => {
    const { browser } = greet();
    const id = push(register(browser));
    greet().browser.say({ messageType: "ack", updates: [{ channelID: channel, version: id, code: 100 }] });
    expect(stateOf(id)).toEqual(["sent", undefined]);
    browser.say({ messageType: "nack", version: id, code: 302 });
    expect(stateOf(id)).toEqual(["acknowledged", 302]);
  });
});
