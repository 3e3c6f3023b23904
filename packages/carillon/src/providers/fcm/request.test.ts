import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { FcmMessage } from "../../channels/fcm.ts";
import type { BuildContext } from "../../provider/contract.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import { fcm } from "./provider.ts";
import serviceAccount from "./fixtures/service-account.json?raw";

const context: BuildContext = { ...fixtureContext, token: "t" };
const provider = fcm({ serviceAccount });
const message = (more: object): FcmMessage =>
  messageOf(provider, { channel: "fcm", to: { token: "t:1" }, title: "T", ...more });

async function sent(more: object): Promise<Record<string, never>> {
  const request = (await provider.buildRequest(message(more), context)) as OutboundRequest;
  return (JSON.parse(request.body as string) as { message: Record<string, never> }).message;
}

describe("the payload", () => {
  // With our id, which travels too, and the title.
  const others = "carillon_message_id".length + context.messageId.length + "T".length;

  test.each([
    ["4096 bytes for a token", { token: "t:1" }, 4096],
    ["2048 bytes for a topic", { topic: "news" }, 2048],
    ["2048 bytes for a condition", { condition: "'a' in topics" }, 2048],
  ])("may have %s, keys and values in UTF-8", async (_, to, maxBytes) => {
    const value = `${"é".repeat(100)}${"x".repeat(maxBytes - others - 200 - "key".length)}`;
    expect(await provider.buildRequest(message({ to, data: { key: value } }), context)).toHaveProperty("url");
    for (const [field, more] of [
      ["data", { data: { key: `${value}x` } }],
      ["android.data", { android: { data: { key: `${value}x` } } }],
      ["webpush.data", { webpush: { data: { key: `${value}x` } } }],
      ["body", { body: "x".repeat(maxBytes) }],
    ] as const) {
      expect(await provider.buildRequest(message({ to, ...more }), context)).toEqual({
        ok: false,
        kind: "invalid-message",
        field,
        detail: `expected at most ${maxBytes} bytes of data and notification`,
      });
    }
  });

  test("of APNs may have 4096 bytes as JSON", async () => {
    const apns = (length: number): object => ({ apns: { payload: { a: "x".repeat(length - 8) } } });
    expect(await provider.buildRequest(message(apns(4096)), context)).toHaveProperty("url");
    expect(await provider.buildRequest(message(apns(4097)), context)).toMatchObject({ field: "apns.payload" });
  });
});

describe("what holds for all platforms", () => {
  test.each([
    ["high", { title: "T" }, "10"],
    ["normal", { title: "T" }, "5"],
    ["high", { title: undefined, data: { a: "b" } }, "5"],
    ["high", { title: undefined, apns: { payload: { aps: { badge: 1 } } } }, "10"],
    [undefined, { title: undefined, apns: { payload: { aps: { "content-available": 1 } } } }, "5"],
    [undefined, { title: "T", apns: { payload: { aps: { badge: 1 } } } }, undefined],
  ] as const)("priority %s of %j is %s at APNs", async (priority, more, expected) => {
    const { apns } = (await sent({ priority, ...more })) as { apns?: { headers?: Record<string, string> } };
    expect(apns?.headers?.["apns-priority"]).toBe(expected);
  });

  test("a time to live of 0 is now or never, everywhere", async () => {
    expect(await sent({ ttlSeconds: 0 })).toMatchObject({
      android: { ttl: "0s" },
      apns: { headers: { "apns-expiration": "0" } },
      webpush: { headers: { TTL: "0" } },
    });
  });

  test("a collapse key that a platform does not take is replaced by one that it takes, the same each time", async () => {
    const collapseKey = `scores of ${"x".repeat(60)}`;
    const { android, apns, webpush } = await sent({ collapseKey });
    expect(android).toEqual({ collapse_key: collapseKey });
    const key = (apns as unknown as { headers: Record<string, string> }).headers["apns-collapse-id"];
    expect(key).toMatch(/^[\w-]{32}$/);
    expect(webpush).toEqual({ headers: { Topic: key } });
    expect(await sent({ collapseKey })).toMatchObject({ apns });
    expect(await sent({ collapseKey: `${collapseKey}.` })).not.toMatchObject({ apns });
  });

  test("nothing stands in a block that nothing is said of", async () => {
    expect(Object.keys(await sent({}))).toEqual(["token", "notification", "data"]);
  });
});
