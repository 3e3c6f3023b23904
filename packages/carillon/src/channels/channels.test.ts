import { describe, expect, it } from "vitest";
import type { ChannelId, Refusal } from "./channel.ts";
import { channelsById } from "./index.ts";

const key = `BA${"A".repeat(84)}A`;
const slackUrl = "https://hooks.slack.com/services/T012AB/B034CD/s3cr3tTOKEN";
const discordUrl = "https://discord.com/api/webhooks/123456789012345678/s3cr3t-to_ken";
const endpoint = "https://push.example.net/send/s3cr3t-endpoint";
const subscription = { endpoint, expirationTime: null, keys: { p256dh: key, auth: `${"a".repeat(21)}A` } };

/** The least that each channel takes. */
const minimal: { readonly [C in ChannelId]: Readonly<Record<string, unknown>> } = {
  email: { channel: "email", from: "app@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" },
  sms: { channel: "sms", to: "+15005550006", text: "Hello" },
  slack: { channel: "slack", to: "C012AB3CD", text: "Hello" },
  discord: { channel: "discord", to: { webhookUrl: discordUrl }, text: "Hello" },
  webpush: { channel: "webpush", to: subscription },
  fcm: { channel: "fcm", to: { token: "abc:APA91b-_x" }, title: "Hello" },
};

const ids = Object.keys(channelsById) as ChannelId[];

function refuse(channel: ChannelId, change: object): Refusal {
  const result = channelsById[channel].normalise({ ...minimal[channel], ...change });
  if (!("ok" in result)) throw new Error("accepted");
  return result;
}

async function addressOf(channel: ChannelId, change: object = {}): Promise<unknown> {
  const message = channelsById[channel].normalise({ ...minimal[channel], ...change });
  if ("ok" in message) throw new Error(`${message.field}: ${message.detail}`);
  return (await (channelsById[channel].addresses as (of: typeof message) => unknown)(message)) as unknown;
}

describe.each(ids)("channel %s", (id) => {
  it("goes by its id", () => expect(channelsById[id].id).toBe(id));

  it("takes the least", () => {
    expect(channelsById[id].normalise(minimal[id])).toMatchObject({
      channel: id,
      metadata: {},
      tags: [],
      providerOptions: {},
    });
  });

  it("refuses an unknown field by its name", () => {
    expect(refuse(id, { colour: "red" })).toMatchObject({ field: "colour", detail: "expected no field of this name" });
  });

  it("refuses a missing address, and another channel's message", () => {
    const { to: _, ...rest } = minimal[id];
    expect(channelsById[id].normalise(rest)).toMatchObject({ ok: false, field: "to" });
    expect(refuse(id, { channel: "pigeon" }).field).toBe("channel");
  });

  it.each([undefined, null, 0, "x", [], {}])("refuses %j", (input) => {
    expect(channelsById[id].normalise(input)).toMatchObject({ ok: false, kind: "invalid-message" });
  });

  it("knows whom it reaches, and shows no secret of theirs", async () => {
    for (const address of (await addressOf(id)) as { key: string; label: string; secrets: string[] }[]) {
      expect(address.key).toMatch(/./);
      expect(address.key + address.label).not.toContain("s3cr3t");
      expect(address.secrets).not.toContain("");
    }
  });
});

describe.each<[ChannelId, object, string]>([
  ["sms", { to: "15005550006" }, "to"],
  ["sms", { to: "+05005550006" }, "to"],
  ["sms", { to: "+1500555000600000" }, "to"],
  ["sms", { to: "+1 500 555 0006" }, "to"],
  ["sms", { to: "+15005550006\n" }, "to"],
  ["sms", { to: ["+15005550006"] }, "to"],
  ["sms", { from: "TwelveLetter" }, "from"],
  ["sms", { from: "Shop\n" }, "from"],
  ["sms", { text: "" }, "text"],
  ["sms", { mediaUrls: ["http://example.com/a.png"] }, "mediaUrls.0"],
  ["sms", { mediaUrls: Array.from({ length: 11 }, () => "https://example.com/a.png") }, "mediaUrls"],
  ["sms", { validitySeconds: 0 }, "validitySeconds"],
  ["sms", { validitySeconds: 36_001 }, "validitySeconds"],
  ["sms", { validitySeconds: 1.5 }, "validitySeconds"],
  ["slack", { to: "#general" }, "to"],
  ["slack", { to: slackUrl }, "to"],
  ["slack", { to: { webhookUrl: "http://hooks.slack.com/services/T0/B0/x" } }, "to.webhookUrl"],
  ["slack", { to: { webhookUrl: "https://hooks.slack.com.evil.example/services/T0/B0/x" } }, "to.webhookUrl"],
  ["slack", { to: { webhookUrl: "https://hooks.slack.com@evil.example/services/T0/B0/x" } }, "to.webhookUrl"],
  ["slack", { to: { webhookUrl: "https://hooks.slack.com/services/T0/B0/x/../../.." } }, "to.webhookUrl"],
  ["slack", { to: { webhookUrl: "https://hooks.slack.com/services/T0/B0/x?y" } }, "to.webhookUrl"],
  ["slack", { text: undefined }, "text"],
  ["slack", { blocks: Array.from({ length: 51 }, () => ({})) }, "blocks"],
  ["slack", { threadTs: "yesterday" }, "threadTs"],
  ["discord", { to: discordUrl }, "to"],
  [
    "discord",
    { to: { webhookUrl: "https://discord.com.evil.example/api/webhooks/123456789012345678/x" } },
    "to.webhookUrl",
  ],
  ["discord", { to: { webhookUrl: "https://evil.example/api/webhooks/123456789012345678/x" } }, "to.webhookUrl"],
  ["discord", { to: { webhookUrl: "https://discord.com/api/users/@me" } }, "to.webhookUrl"],
  ["discord", { to: { webhookUrl: discordUrl, threadId: "x" } }, "to.threadId"],
  ["discord", { text: undefined }, "text"],
  ["discord", { text: "x".repeat(2001) }, "text"],
  ["discord", { embeds: Array.from({ length: 11 }, () => ({})) }, "embeds"],
  ["discord", { files: [{ filename: "a", content: "aGl=" }] }, "files.0.content"],
  ["discord", { files: [{ filename: 'a\r\n"', content: "aGk=" }] }, "files.0.filename"],
  ["discord", { avatarUrl: "file:///etc/passwd" }, "avatarUrl"],
  ["webpush", { to: { ...subscription, endpoint: "http://push.example.net/x" } }, "to.endpoint"],
  ["webpush", { to: { ...subscription, endpoint: "https://user:pw@push.example.net/x" } }, "to.endpoint"],
  ["webpush", { to: { ...subscription, endpoint: "https://localhost/x" } }, "to.endpoint"],
  ["webpush", { to: { ...subscription, endpoint: "https://2130706433.0/x" } }, "to.endpoint"],
  [
    "webpush",
    { to: { ...subscription, keys: { ...subscription.keys, p256dh: `C${key.slice(1)}` } } },
    "to.keys.p256dh",
  ],
  ["webpush", { to: { ...subscription, keys: { ...subscription.keys, p256dh: key.slice(1) } } }, "to.keys.p256dh"],
  ["webpush", { to: { ...subscription, keys: { ...subscription.keys, auth: "a".repeat(22) } } }, "to.keys.auth"],
  ["webpush", { to: { ...subscription, keys: { p256dh: key } } }, "to.keys.auth"],
  ["webpush", { to: { ...subscription, applicationServerKey: "x" } }, "to.applicationServerKey"],
  ["webpush", { payload: "x", notification: {} }, "notification"],
  ["webpush", { ttlSeconds: -1 }, "ttlSeconds"],
  ["webpush", { urgency: "asap" }, "urgency"],
  ["webpush", { topic: "x".repeat(33) }, "topic"],
  ["fcm", { to: {} }, "to"],
  ["fcm", { to: { token: "x", topic: "y" } }, "to"],
  ["fcm", { to: { token: "a b" } }, "to.token"],
  ["fcm", { to: { topic: "/topics/news" } }, "to.topic"],
  ["fcm", { title: undefined }, "title"],
  ["fcm", { data: { n: 5 } }, "data.n"],
  ["fcm", { data: { "google.x": "y" } }, "data"],
  ["fcm", { data: { from: "y" } }, "data"],
  ["fcm", { ttlSeconds: 2_419_201 }, "ttlSeconds"],
  ["fcm", { priority: "urgent" }, "priority"],
])("%s refuses %j", (channel, change, field) => {
  it(`at ${field}`, () => {
    const refusal = refuse(channel, change);
    expect(refusal.field.startsWith(field)).toBe(true);
    expect(refusal.detail).toMatch(/^expected /);
    expect(refusal.detail).not.toContain("evil");
  });
});

describe("webpush payloads", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;

  it("refuses what JSON cannot say", () => {
    for (const payload of [1n, () => 1, Symbol("x"), cycle])
      expect(refuse("webpush", { payload }).field).toBe("payload");
    expect(refuse("webpush", { notification: cycle }).field).toBe("notification");
  });

  it("takes text, bytes and JSON as they are", () => {
    for (const payload of ["", "x", new Uint8Array(2), { a: [1, null] }, 0, null]) {
      expect(channelsById.webpush.normalise({ ...minimal.webpush, payload })).toMatchObject({ payload });
    }
  });
});

describe("fcm conditions", () => {
  it.each([
    "'a' in topics",
    "'a' in topics && 'b' in topics",
    "'a' in topics && ('b' in topics || !('c' in topics))",
    "('a' in topics)||('b' in topics)",
  ])("takes %s", async (condition) => {
    expect(await addressOf("fcm", { to: { condition } })).toEqual([
      { key: `condition:${condition}`, label: `condition:${condition}`, secrets: [] },
    ]);
  });

  it.each([
    "a in topics",
    "'a' in topics &&",
    "'a' in topics 'b' in topics",
    "('a' in topics",
    "T",
    "'a' in topics & 'b' in topics",
    "",
    Array.from({ length: 6 }, () => "'a' in topics").join(" || "),
  ])("refuses %s", (condition) => {
    expect(refuse("fcm", { to: { condition } }).field).toBe("to.condition");
  });
});

describe("addresses that are secrets", () => {
  it("keys webhooks by their public part", async () => {
    expect(await addressOf("slack", { to: { webhookUrl: slackUrl } })).toEqual([
      { key: "T012AB/B034CD", label: "webhook T012AB/B034CD", secrets: [slackUrl, "s3cr3tTOKEN"] },
    ]);
    expect(await addressOf("discord")).toEqual([
      { key: "123456789012345678", label: "webhook 123456789012345678", secrets: [discordUrl, "s3cr3t-to_ken"] },
    ]);
  });

  it("keys endpoints and tokens by their SHA-256", async () => {
    // printf %s https://push.example.net/send/s3cr3t-endpoint | sha256sum
    const hash = "5b09ea128897d36eb6476f383bef7d66d54b8cf7600291aa6bc6270c79a5d3cf";
    expect(await addressOf("webpush")).toEqual([
      {
        key: hash,
        label: `push.example.net#${hash.slice(0, 8)}`,
        secrets: [endpoint, "/send/s3cr3t-endpoint", "s3cr3t-endpoint", subscription.keys.auth],
      },
    ]);
    // printf %s abc:APA91b-_x | sha256sum
    const tokenHash = "6e3de7ae3a09ef4f56338cd0d3b363096a231953a54f5438b7d64c9930c23344";
    expect(await addressOf("fcm")).toEqual([
      { key: `token:${tokenHash}`, label: `token#${tokenHash.slice(0, 8)}`, secrets: ["abc:APA91b-_x"] },
    ]);
  });

  it("shows of a phone number its country and its end", async () => {
    expect(await addressOf("sms")).toEqual([
      { key: "+15005550006", label: "+15***06", secrets: ["+15005550006", "15005550006"] },
    ]);
  });
});
