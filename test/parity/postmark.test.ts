import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Input } from "carillon";
import { postmark } from "carillon/providers/postmark";
import { Errors, type Message, Models, ServerClient } from "postmark";
import { afterAll, describe, expect, test } from "vitest";
import { createParity } from "./harness.ts";

const { serverToken } = simulatorCredentials.postmark;
const { rig, same, unused } = createParity({
  allowed: [{ field: /\.Metadata\./, reason: "Carillon adds its id of the message, which webhooks repeat" }],
});
const official = new ServerClient(serverToken);
const notifier = createNotifier({ email: [postmark({ serverToken })], fetch: rig.fetch, attempts: 1 });

const png = "iVBORw0KGgo=";
const theirSimple: Message = { From: "hi@example.com", To: "ada@example.com", Subject: "Hi", TextBody: "Hello" };
const ourSimple = { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" };

const messages: readonly {
  readonly name: string;
  readonly theirs: Message;
  readonly ours: Omit<Input<"email">, "channel">;
}[] = [
  { name: "text alone", theirs: theirSimple, ours: ourSimple },
  {
    name: "everything",
    theirs: {
      From: '"Carillon" <hi@example.com>',
      To: '"Ada" <ada@example.com>, bob@example.com',
      Cc: "cy@example.com",
      Bcc: "dee@example.com",
      ReplyTo: "re@example.com",
      Subject: "Grüße 🎉",
      HtmlBody: '<p>Hi <img src="cid:logo"></p>',
      TextBody: "Hi",
      Tag: "receipts",
      Metadata: { order: "42" },
      Headers: [{ Name: "X-Order", Value: "42" }],
      TrackOpens: true,
      TrackLinks: Models.LinkTrackingOptions.None,
      MessageStream: "outbound",
      Attachments: [{ Name: "logo.png", Content: png, ContentType: "image/png", ContentID: "cid:logo" }],
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
      tags: ["receipts"],
      metadata: { order: "42" },
      headers: { "X-Order": "42" },
      attachments: [{ filename: "logo.png", content: png, contentType: "image/png", contentId: "logo" }],
      providerOptions: { postmark: { trackOpens: true, trackLinks: "None", messageStream: "outbound" } },
    },
  },
];

test.each(messages)("one message: $name", async ({ theirs, ours }) => {
  await same(
    () => official.sendEmail(theirs),
    () => notifier.send({ channel: "email", ...ours }),
  );
});

test("a batch", async () => {
  const to = ["ada@example.com", "bob@example.com"];
  await same(
    () => official.sendEmailBatch(to.map((To) => ({ ...theirSimple, To, Metadata: { order: "42" } }))),
    () =>
      notifier.sendBatch(
        to.map((each) => ({ message: { channel: "email", ...ourSimple, to: each, metadata: { order: "42" } } })),
      ),
  );
});

describe("the official SDK understands the simulator", () => {
  const send = (message: Partial<Message>, client = official): Promise<unknown> =>
    rig.official(() => client.sendEmail({ ...theirSimple, ...message }).catch((error: unknown) => error));

  test("success", async () => {
    expect(await send({})).toMatchObject({ ErrorCode: 0, To: "ada@example.com" });
  });

  test("another token", async () => {
    expect(await send({}, new ServerClient("wrong"))).toBeInstanceOf(Errors.InvalidAPIKeyError);
  });

  test.each([
    ["a malformed address", { To: "nobody" }, 300],
    ["51 recipients", { To: Array<string>(51).fill("a@example.com").join() }, 300],
  ])("%s", async (_name, message, code) => {
    const error = await send(message);
    expect(error).toBeInstanceOf(Errors.ApiInputError);
    expect(error).toMatchObject({ statusCode: 422, code });
  });

  test("a batch of good and bad", async () => {
    const answers = await rig.official(() => official.sendEmailBatch([theirSimple, { ...theirSimple, To: "nobody" }]));
    expect(answers.map(({ ErrorCode }) => ErrorCode)).toEqual([0, 300]);
  });
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
