import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { EmailMessage } from "../../channels/email.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import type { VerifiedWebhook } from "../../provider/webhook.ts";
import { postmark } from "./provider.ts";
import { postmarkWebhook } from "./webhook.ts";

const provider = postmark({ serverToken: "token" });
const message = (more: object): EmailMessage =>
  messageOf(provider, {
    channel: "email",
    from: "hello@example.com",
    to: "ada@example.com",
    subject: "Hi",
    text: "Hi",
    ...more,
  });

const build = async (more: object = {}, messageStream?: string, messageId = "msg_1") =>
  postmark({ serverToken: "token", messageStream }).buildRequest(message(more), { ...fixtureContext, messageId });
const groupKey = (more: object = {}): string | undefined => provider.batch?.groupKey(message(more));

describe("groups", () => {
  test("small messages of any content share a request", () => {
    expect(groupKey()).toBeDefined();
    expect(groupKey({ to: "bob@example.com", html: "<p>x</p>", tags: ["a"] })).toBe(groupKey());
    expect(groupKey({ text: "x".repeat(90_000) })).toBe(groupKey());
  });

  test.each([
    ["attachments", { attachments: [{ filename: "a", contentType: "text/plain", content: "YQ==" }] }],
    ["so much text that 500 would be over 50 MB", { text: "é".repeat(45_001) }],
    ["a mistake", { tags: ["a", "b"] }],
  ])("a message with %s goes alone", (_why, more) => {
    expect(groupKey(more)).toBeUndefined();
  });
});

test.each([
  ["html", { html: "é".repeat(2_500_001) }],
  ["text", { text: "x".repeat(5_000_001) }],
  ["attachments", { attachments: [{ filename: "a", contentType: "text/plain", content: "A".repeat(10_000_000) }] }],
])("refuses a message whose %s is too large", async (field, more) => {
  expect(await build(more)).toMatchObject({ ok: false, kind: "invalid-message", field });
});

test("takes bodies up to their limits", async () => {
  expect("url" in (await build({ html: "é".repeat(2_500_000), text: "x".repeat(4_900_000) }))).toBe(true);
});

test("refuses a message id that Postmark would not carry", async () => {
  expect(await build({}, undefined, "m".repeat(81))).toMatchObject({ kind: "invalid-message", field: "messageId" });
});

test("sends on the factory's stream unless the message names another", async () => {
  const streamOf = async (more?: object): Promise<unknown> =>
    JSON.parse(((await build(more, "broadcast")) as OutboundRequest).body as string).MessageStream;
  expect(await streamOf()).toBe("broadcast");
  expect(await streamOf({ providerOptions: { postmark: { messageStream: "alerts" } } })).toBe("alerts");
});

test("a retry, or another delivery of the same webhook, gives the same id; another recipient, time or link another", () => {
  const base = { RecordType: "Click", MessageID: "m", Recipient: "a@example.com", ReceivedAt: "2026-01-01T00:00:00Z" };
  const idOf = (more: object, trace = "t1"): string | undefined => {
    const headers = new Headers({ "x-pm-webhook-trace-id": trace });
    const source = postmarkWebhook({ header: "x-key", value: "secret" });
    return source.parse({ headers, json: { ...base, ...more } } as unknown as VerifiedWebhook).events[0]?.id;
  };
  expect(idOf({}, "t2")).toBe(idOf({}));
  const others = [
    {},
    { Recipient: "b@example.com" },
    { ReceivedAt: "2026-01-01T00:00:01Z" },
    { OriginalLink: "https://example.com/1" },
    { RecordType: "Open" },
    { MessageID: "n" },
  ];
  expect(new Set(others.map((more) => idOf(more))).size).toBe(others.length);
});

test.each(["To", "Cc", "Bcc", "to", "cc", "bcc", "Headers"])(
  "providerOptions cannot name recipients, which a guard would not see: %s",
  async (name) => {
    const more = { providerOptions: { postmark: { [name]: ["eve@example.com"] } } };
    expect(await postmark({ serverToken: "token" }).buildRequest(message(more), fixtureContext)).toMatchObject({
      kind: "invalid-message",
      field: `providerOptions.postmark.${name}`,
    });
  },
);
