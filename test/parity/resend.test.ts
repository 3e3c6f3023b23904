import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Input } from "carillon";
import { resend } from "carillon/providers/resend";
import { type CreateEmailOptions, Resend } from "resend";
import { afterAll, describe, expect, test } from "vitest";
import { createParity } from "./harness.ts";

const { apiKey } = simulatorCredentials.resend;
const { rig, same, unused } = createParity({
  allowed: [
    {
      field: /^body(\.\d+)?\.tags\./,
      reason: "Carillon adds its id of the message and the number of its recipients, which webhooks repeat",
    },
    { field: /^body(\.\d+)?\.(to|cc|bcc|reply_to)(\.\d+)?$/, reason: "a single address may stand without a list" },
    {
      field: /^body(\.\d+)?\.(from|to\.\d)$/,
      reason: "Carillon quotes every name, and so needs no list of those that must be",
    },
    { field: "header.idempotency-key", reason: "Carillon always sends one: a repeat must be harmless" },
  ],
});
const official = new Resend(apiKey);
const notifier = createNotifier({ email: [resend({ apiKey })], fetch: rig.fetch, attempts: 1 });

const png = "iVBORw0KGgo=";

const messages: readonly { name: string; theirs: CreateEmailOptions; ours: Omit<Input<"email">, "channel"> }[] = [
  {
    name: "text alone",
    theirs: { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" },
    ours: { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" },
  },
  {
    name: "everything",
    theirs: {
      from: "Carillon <hi@example.com>",
      to: ["Ada <ada@example.com>", "bob@example.com"],
      cc: ["cy@example.com"],
      bcc: ["dee@example.com"],
      replyTo: ["re@example.com"],
      subject: "Grüße 🎉",
      html: '<p>Hi <img src="cid:logo"></p>',
      text: "Hi",
      headers: { "X-Order": "42" },
      tags: [{ name: "order", value: "42" }],
      attachments: [{ filename: "logo.png", content: png, contentType: "image/png", contentId: "logo" }],
    },
    ours: {
      from: { email: "hi@example.com", name: "Carillon" },
      to: [{ email: "ada@example.com", name: "Ada" }, "bob@example.com"],
      cc: "cy@example.com",
      bcc: "dee@example.com",
      replyTo: "re@example.com",
      subject: "Grüße 🎉",
      html: '<p>Hi <img src="cid:logo"></p>',
      text: "Hi",
      headers: { "X-Order": "42" },
      metadata: { order: "42" },
      attachments: [{ filename: "logo.png", content: png, contentType: "image/png", contentId: "logo" }],
    },
  },
];

test.each(messages)("one message: $name", async ({ theirs, ours }) => {
  await same(
    () => official.emails.send(theirs),
    () => notifier.send({ channel: "email", ...ours }),
  );
});

test("a batch", async () => {
  const simple = messages.map(({ theirs, ours }) => {
    const { attachments: _theirs, ...their } = theirs;
    const { attachments: _ours, ...our } = ours;
    return { their: their as CreateEmailOptions, our };
  });
  await same(
    () => official.batch.send(simple.map(({ their }) => their)),
    () => notifier.sendBatch(simple.map(({ our }) => ({ message: { channel: "email", ...our } }))),
  );
});

test("an idempotency key", async () => {
  const message = { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" };
  await rig.official(() => official.emails.send(message, { idempotencyKey: "order-42" }));
  const [theirs] = rig.arrived();
  await notifier.send({ channel: "email", ...message }, { idempotencyKey: "order-42", messageId: "m" });
  const [ours] = rig.arrived();
  expect(ours?.headers.get("idempotency-key")).toBe(theirs?.headers.get("idempotency-key"));
});

describe("the official SDK understands the simulator", () => {
  const message = { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" };

  test("success", async () => {
    const { data, error } = await rig.official(() => official.emails.send(message));
    expect(error).toBeNull();
    expect(data?.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    ["another key", new Resend("re_wrong"), message, "invalid_api_key"],
    ["a malformed address", official, { ...message, to: "nobody" }, "validation_error"],
    ["51 recipients", official, { ...message, to: Array<string>(51).fill("a@example.com") }, "validation_error"],
  ])("%s", async (_name, client, input, name) => {
    const { data, error } = await rig.official(() => client.emails.send(input));
    expect(data).toBeNull();
    expect(error?.name).toBe(name);
  });

  test("one idempotency key with two messages", async () => {
    const options = { idempotencyKey: "twice" };
    await rig.official(() => official.emails.send(message, options));
    const { error } = await rig.official(() => official.emails.send({ ...message, subject: "Other" }, options));
    expect(error?.name).toBe("invalid_idempotent_request");
  });
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
