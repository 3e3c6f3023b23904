import { simulatorCredentials } from "@carillon/simulator";
import sendgridMail from "@sendgrid/mail";
import { createNotifier, type Input } from "carillon";
import { sendgrid } from "carillon/providers/sendgrid";
import { afterAll, describe, expect, test } from "vitest";
import { createParity } from "./harness.ts";

const { apiKey } = simulatorCredentials.sendgrid;
const { rig, same, unused } = createParity({
  allowed: [
    { field: /\.custom_args\./, reason: "Carillon adds its id of the message, which webhooks repeat" },
    { field: "header.x-order", reason: "the official SDK puts the message's headers on the request, too" },
  ],
});
const official = sendgridMail;
official.setApiKey(apiKey);
const notifier = createNotifier({ email: [sendgrid({ apiKey })], fetch: rig.fetch, attempts: 1 });

const png = "iVBORw0KGgo=";
// The SDK's types say `contentId`, which it hands on as it is, and SendGrid then refuses.
const logo = { content_id: "logo", filename: "logo.png", content: png, type: "image/png", disposition: "inline" };
const simple = { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" };

const messages: readonly {
  readonly name: string;
  readonly theirs: Extract<Parameters<typeof sendgridMail.send>[0], { from: unknown }>;
  readonly ours: Omit<Input<"email">, "channel">;
}[] = [
  { name: "text alone", theirs: simple, ours: simple },
  {
    name: "everything",
    theirs: {
      from: { email: "hi@example.com", name: "Carillon" },
      to: [{ email: "ada@example.com", name: "Ada" }, "bob@example.com"],
      cc: "cy@example.com",
      bcc: "dee@example.com",
      replyToList: [{ email: "re@example.com" }],
      subject: "Grüße 🎉",
      text: "Hi",
      html: '<p>Hi <img src="cid:logo"></p>',
      headers: { "X-Order": "42" },
      categories: ["receipts"],
      customArgs: { order: "42" },
      attachments: [logo, { filename: "a.txt", content: "QQ==", type: "text/plain", disposition: "attachment" }],
      asm: { groupId: 7 },
      trackingSettings: { clickTracking: { enable: false }, openTracking: { enable: true } },
      mailSettings: { sandboxMode: { enable: true } },
    },
    ours: {
      from: { email: "hi@example.com", name: "Carillon" },
      to: [{ email: "ada@example.com", name: "Ada" }, "bob@example.com"],
      cc: "cy@example.com",
      bcc: "dee@example.com",
      replyTo: "re@example.com",
      subject: "Grüße 🎉",
      text: "Hi",
      html: '<p>Hi <img src="cid:logo"></p>',
      headers: { "X-Order": "42" },
      tags: ["receipts"],
      metadata: { order: "42" },
      attachments: [
        { filename: "logo.png", content: png, contentType: "image/png", contentId: "logo" },
        { filename: "a.txt", content: "QQ==", contentType: "text/plain" },
      ],
      providerOptions: { sendgrid: { asmGroupId: 7, trackClicks: false, trackOpens: true, sandbox: true } },
    },
  },
];

test.each(messages)("one message: $name", async ({ theirs, ours }) => {
  await same(
    // A copy: it writes into what it is given.
    () => official.send(structuredClone(theirs)),
    () => notifier.send({ channel: "email", ...ours }),
  );
});

test("several recipients, each alone, in one request", async () => {
  const to = ["ada@example.com", "bob@example.com", "cy@example.com"];
  await same(
    () => official.send({ ...simple, to, isMultiple: true }),
    () => notifier.sendBatch(to.map((each) => ({ message: { channel: "email", ...simple, to: each } }))),
  );
});

describe("the official SDK understands the simulator", () => {
  test("success", async () => {
    const [response] = await rig.official(() => official.send({ ...simple }));
    expect(response.statusCode).toBe(202);
    expect(response.headers["x-message-id"]).toMatch(/./);
  });

  test.each([
    ["another key", "SG.wrong", simple, 401],
    ["a malformed address", apiKey, { ...simple, to: "nobody" }, 400],
    [
      "content without a value",
      apiKey,
      { ...simple, text: undefined, content: [{ type: "text/plain", value: "" }] },
      400,
    ],
  ])("%s", async (_name, key, message, code) => {
    official.setApiKey(key);
    try {
      const refusal = await rig.official(() => official.send(message as never).catch((error: unknown) => error));
      expect(refusal).toMatchObject({ code, response: { body: { errors: [{ message: expect.any(String) }] } } });
    } finally {
      official.setApiKey(apiKey);
    }
  });
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
