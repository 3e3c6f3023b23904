import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { EmailMessage } from "../../channels/email.ts";
import type { BuildContext } from "../../provider/contract.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import type { VerifiedWebhook } from "../../provider/webhook.ts";
import { resend } from "./provider.ts";
import { resendWebhook } from "./webhook.ts";

const context: BuildContext = { ...fixtureContext, messageId: "msg_1", idempotencyKey: "key_1" };

const provider = resend({ apiKey: "re_1" });
const message = (more: object = {}): EmailMessage =>
  messageOf(provider, {
    channel: "email",
    from: "hello@example.com",
    to: "ada@example.com",
    subject: "Hi",
    text: "Hi",
    ...more,
  });
const groupKey = (more?: object): string | undefined => provider.batch?.groupKey(message(more));

describe("groups", () => {
  test("messages of any content share a request", () => {
    expect(groupKey()).toBeDefined();
    expect(groupKey({ to: "bob@example.com", html: "<p>x</p>", tags: ["a"] })).toBe(groupKey());
  });

  test.each([
    [
      "attachments, which a batch drops",
      { attachments: [{ filename: "a", contentType: "text/plain", content: "YQ==" }] },
    ],
    ["a time, which a batch drops", { providerOptions: { resend: { scheduledAt: "2026-01-01T00:00:00Z" } } }],
    ["a mistake, which would fail the batch", { providerOptions: { resend: { typo: 1 } } }],
  ])("a message with %s goes alone", (_why, more) => {
    expect(groupKey(more)).toBeUndefined();
  });
});

test("refuses a message over 40 MB, counted in bytes of UTF-8", async () => {
  const fits = await provider.buildRequest(message({ text: "é".repeat(19_900_000) }), context);
  expect("url" in fits).toBe(true);
  const over = await provider.buildRequest(message({ text: "é".repeat(20_000_001) }), context);
  expect(over).toMatchObject({ ok: false, kind: "invalid-message", field: "attachments" });
});

test("asks a function for the key at each request and lists it as a secret", async () => {
  let calls = 0;
  const rotating = resend({ apiKey: async () => `re_${++calls}` });
  for (const key of ["re_1", "re_2"]) {
    const request = (await rotating.buildRequest(message(), context)) as OutboundRequest;
    expect(request.headers["authorization"]).toBe(`Bearer ${key}`);
    expect(request.secrets).toEqual([key]);
  }
});

test("metadata of any characters comes back from the tags as it was", async () => {
  const metadata = {
    plain: "a-b_C9",
    symbols: "a@b.c d/é漢🎉",
    empty: "",
    underscore: "_",
    carillon_tag_x: "mine",
    carillon_environment: "a",
  };
  const id = "msg:2026.1";
  const request = (await provider.buildRequest(message({ metadata }), {
    ...context,
    messageId: id,
  })) as OutboundRequest;
  const { tags } = JSON.parse(request.body as string) as { tags: { name: string; value: string }[] };
  for (const tag of tags) expect(`${tag.name}=${tag.value}`).toMatch(/^[\w-]{1,256}=[\w-]{1,256}$/);
  const json = {
    type: "email.delivered",
    created_at: "2026-01-01T00:00:00Z",
    data: {
      email_id: "e",
      to: ["ada@example.com"],
      tags: Object.fromEntries(tags.map(({ name, value }) => [name, value])),
    },
  };
  const webhook = { headers: new Headers({ "svix-id": "w" }), json } as unknown as VerifiedWebhook;
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  expect(resendWebhook({ secret }).parse(webhook).events[0]).toMatchObject({ messageId: id, metadata });
});

test.each(["to", "cc", "bcc", "reply_to", "headers", "broadcast_id", "audience_id"])(
  "providerOptions cannot name recipients, which a guard would not see: %s",
  async (name) => {
    const more = { providerOptions: { resend: { [name]: ["eve@example.com"] } } };
    expect(await resend({ apiKey: "re_1" }).buildRequest(message(more), context)).toMatchObject({
      kind: "invalid-message",
      field: `providerOptions.resend.${name}`,
    });
  },
);
