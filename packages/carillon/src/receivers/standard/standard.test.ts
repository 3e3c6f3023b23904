import { describeWebhook, standardWebhooksKey, type WebhookKey } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import { ConfigurationError } from "../../error/errors.ts";
import { receiveWebhook } from "../../webhook/receive.ts";
import { standardWebhook } from "./index.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

function keys(headerPrefix: "webhook-" | "svix-"): readonly [WebhookKey<string>, WebhookKey<string>] {
  return [standardWebhooksKey({ secret, headerPrefix }), standardWebhooksKey({ secret: other, headerPrefix })];
}

const fixtures = import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true });

describeWebhook({ create: (given) => standardWebhook({ secret: given }), keys: keys("webhook-"), fixtures });

describe("with Svix's headers", () => {
  const renamed = Object.entries(fixtures).map(([path, text]) => [path, text.replaceAll(/^webhook-/gm, "svix-")]);
  describeWebhook({
    create: (given) => standardWebhook({ secret: given, headerPrefix: "svix-" }),
    keys: keys("svix-"),
    fixtures: Object.fromEntries(renamed),
  });
});

test("keeps the payload, and the text of what is no JSON", async () => {
  const now = new Date("2026-01-02T03:04:05Z");
  for (const [body, raw] of [
    ['{"type":"a","data":{"b":[1]}}', { type: "a", data: { b: [1] } }],
    ["hello", "hello"],
    ["", ""],
  ] as const) {
    const parts = { method: "POST", url: "https://app.example/", headers: {}, body: new TextEncoder().encode(body) };
    const headers = { ...(await keys("webhook-")[0].sign(parts as never, now)) };
    const received = await receiveWebhook(standardWebhook({ secret }), { ...parts, headers } as never, {
      now: () => now,
    });
    expect(received.ok && received.events.map((event) => event.raw)).toEqual([raw]);
  }
});

test("holds the tolerance that it is told", async () => {
  const now = new Date("2026-01-02T03:04:05Z");
  const parts = { method: "POST", url: "https://app.example/", headers: {}, body: new Uint8Array() };
  const headers = { ...(await keys("webhook-")[0].sign(parts, new Date(now.getTime() - 400_000))) };
  const receive = async (toleranceSeconds?: number) =>
    receiveWebhook(standardWebhook({ secret, toleranceSeconds }), { ...parts, headers }, { now: () => now });
  expect(await receive()).toMatchObject({ ok: false, reason: "stale" });
  expect(await receive(400)).toMatchObject({ ok: true });
  expect(await receive(399)).toMatchObject({ ok: false, reason: "stale" });
});

test.each([[{ secret, headerPrefix: "x-" }], [{ secret, toleranceSeconds: 0 }], [{ secret, secrets: [] }], [{}]])(
  "refuses options that cannot work: %o",
  (options) => {
    expect(() => standardWebhook(options as never)).toThrow(ConfigurationError);
  },
);
