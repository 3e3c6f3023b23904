import { simulatorCredentials } from "@carillon/simulator";
import { SendBulkEmailCommand, SendEmailCommand, type SendEmailCommandInput, SESv2Client } from "@aws-sdk/client-sesv2";
import { createNotifier, type Input } from "carillon";
import { ses } from "carillon/providers/ses";
import { afterAll, describe, expect, test } from "vitest";
import { createParity } from "./harness.ts";

const { accessKeyId, secretAccessKey, region, ...temporary } = simulatorCredentials.ses;
const keys = { accessKeyId, secretAccessKey };
const { rig, same, unused } = createParity({
  allowed: [
    { field: /^header\.(authorization|x-amz-date)$/, reason: "signed at another moment, and over other headers" },
    {
      field: /^header\.(amz-sdk-\w+(-\w+)*|x-amz-user-agent|x-amz-content-sha256)$/,
      reason: "the SDK's own account of itself, and a hash that the signature has anyway",
    },
  ],
});

function client(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }): SESv2Client {
  // A copy: the SDK marks what it is given.
  return new SESv2Client({ region, credentials: { ...credentials }, maxAttempts: 1 });
}

const official = client(keys);
const notifier = createNotifier({
  email: [ses({ ...keys, region, configurationSet: "events" })],
  fetch: rig.fetch,
  attempts: 1,
});

const text = (Data: string): { Data: string; Charset: "UTF-8" } => ({ Data, Charset: "UTF-8" });
const ourId = (Value: string): { Name: string; Value: string } => ({ Name: "carillon_message_id", Value });
const png = "iVBORw0KGgo=";

const messages: readonly {
  readonly name: string;
  readonly theirs: SendEmailCommandInput;
  readonly ours: Omit<Input<"email">, "channel">;
}[] = [
  {
    name: "text alone",
    theirs: {
      FromEmailAddress: "hi@example.com",
      Destination: { ToAddresses: ["ada@example.com"] },
      Content: { Simple: { Subject: text("Hi"), Body: { Text: text("Hello") } } },
      EmailTags: [ourId("m_1")],
      ConfigurationSetName: "events",
    },
    ours: { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" },
  },
  {
    name: "everything",
    theirs: {
      FromEmailAddress: '"Carillon" <hi@example.com>',
      FromEmailAddressIdentityArn: "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
      Destination: {
        ToAddresses: ['"Ada" <ada@example.com>', "=?UTF-8?B?Wm/Dqw==?= <zoe@example.com>"],
        CcAddresses: ["cy@example.com"],
        BccAddresses: ["dee@example.com"],
      },
      ReplyToAddresses: ["re@example.com"],
      Content: {
        Simple: {
          Subject: text("Grüße 🎉"),
          Body: { Text: text("Hi"), Html: text('<p>Hi <img src="cid:logo"></p>') },
          Headers: [{ Name: "X-Order", Value: "42" }],
          Attachments: [
            {
              FileName: "logo.png",
              RawContent: Buffer.from(png, "base64"),
              ContentType: "image/png",
              ContentDisposition: "INLINE",
              ContentId: "logo",
              ContentTransferEncoding: "BASE64",
            },
          ],
        },
      },
      EmailTags: [ourId("m_1"), { Name: "order", Value: "42" }],
      ConfigurationSetName: "receipts",
    },
    ours: {
      from: { email: "hi@example.com", name: "Carillon" },
      to: [
        { email: "ada@example.com", name: "Ada" },
        { email: "zoe@example.com", name: "Zoë" },
      ],
      cc: "cy@example.com",
      bcc: "dee@example.com",
      replyTo: "re@example.com",
      subject: "Grüße 🎉",
      html: '<p>Hi <img src="cid:logo"></p>',
      text: "Hi",
      headers: { "X-Order": "42" },
      metadata: { order: "42" },
      attachments: [{ filename: "logo.png", content: png, contentType: "image/png", contentId: "logo" }],
      providerOptions: {
        ses: {
          configurationSet: "receipts",
          identityArn: "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
        },
      },
    },
  },
];

test.each(messages)("one message: $name", async ({ theirs, ours }) => {
  await same(
    () => official.send(new SendEmailCommand(theirs)),
    () => notifier.send({ channel: "email", ...ours }, { messageId: "m_1" }),
  );
  expect(rig.simulator.store.messages({}, 2).items).toHaveLength(2);
});

test("a bulk send of one content", async () => {
  const to = ["ada@example.com", "bob@example.com"];
  await same(
    () =>
      official.send(
        new SendBulkEmailCommand({
          FromEmailAddress: "hi@example.com",
          DefaultContent: {
            Template: { TemplateContent: { Subject: "Hi", Text: "Hello", Html: "<p>Hello</p>" }, TemplateData: "{}" },
          },
          BulkEmailEntries: to.map((address, index) => ({
            Destination: { ToAddresses: [address] },
            ReplacementTags: [ourId(`m_${index}`)],
            ReplacementHeaders: [{ Name: "X-Order", Value: `${index}` }],
          })),
          ConfigurationSetName: "events",
        }),
      ),
    () =>
      notifier.sendBatch(
        to.map((address, index) => ({
          messageId: `m_${index}`,
          message: {
            channel: "email",
            from: "hi@example.com",
            to: address,
            subject: "Hi",
            text: "Hello",
            html: "<p>Hello</p>",
            headers: { "X-Order": `${index}` },
          },
        })),
      ),
  );
});

test("a message in the raw form means what the simple form of it means", async () => {
  const { ours } = messages[1]!;
  const contentOf = async (message: typeof ours): Promise<unknown> => {
    const result = await notifier.send({ channel: "email", ...message });
    return rig.simulator.store.messageOf("ses", result.attempts.at(-1)?.providerMessageId ?? "")?.content;
  };
  const simple = await contentOf(ours);
  const raw = await contentOf({ ...ours, headers: { ...ours.headers, "X-Empty": "" } });
  expect(simple).toMatchObject({ subject: "Grüße 🎉", attachments: [{ contentId: "logo" }] });
  expect(raw).toEqual({
    ...(simple as object),
    headers: [
      ["X-Order", "42"],
      ["X-Empty", ""],
    ],
  });
});

test("another origin leaves the signature as it is", async () => {
  const baseUrl = `http://127.0.0.1:9998/email.${region}.amazonaws.com`;
  const there = createNotifier({ email: [ses({ ...keys, region, baseUrl })], fetch: rig.fetch, attempts: 1 });
  expect(await there.send({ channel: "email", ...messages[0]!.ours })).toMatchObject({ ok: true });
  expect(rig.arrived().at(-1)?.url.href).toBe(`${baseUrl}/v2/email/outbound-emails`);
});

test("temporary credentials", async () => {
  const credentials = {
    accessKeyId: temporary.temporaryAccessKeyId,
    secretAccessKey: temporary.temporarySecretAccessKey,
    sessionToken: temporary.temporarySessionToken,
  };
  const another = createNotifier({ email: [ses({ ...credentials, region })], fetch: rig.fetch, attempts: 1 });
  const { theirs, ours } = messages[0]!;
  await same(
    () => client(credentials).send(new SendEmailCommand({ ...theirs, ConfigurationSetName: undefined })),
    () => another.send({ channel: "email", ...ours }, { messageId: "m_1" }),
  );
});

describe("the official SDK understands the simulator", () => {
  const { theirs } = messages[0]!;
  const send = (input: SendEmailCommandInput, by = official): Promise<{ MessageId?: string | undefined }> =>
    rig.official(() => by.send(new SendEmailCommand(input)));
  const many = Array<string>(51).fill("a@example.com");

  test("success", async () => {
    expect((await send(theirs)).MessageId).toMatch(/^0102[0-9a-f]{12}-[0-9a-f-]{36}-000000$/);
  });

  test("a bulk send with an entry that is refused", async () => {
    const { BulkEmailEntryResults: results } = await rig.official(() =>
      official.send(
        new SendBulkEmailCommand({
          FromEmailAddress: "hi@example.com",
          DefaultContent: {
            Template: { TemplateContent: { Text: "{{greeting}}" }, TemplateData: '{"greeting":"Hi"}' },
          },
          BulkEmailEntries: ["ada@example.com", "nobody"].map((to) => ({ Destination: { ToAddresses: [to] } })),
        }),
      ),
    );
    expect(results).toMatchObject([
      { Status: "SUCCESS", MessageId: expect.any(String) as string },
      { Status: "INVALID_PARAMETER", Error: expect.stringContaining("Illegal address") as string },
    ]);
  });

  test.each([
    ["another secret", client({ ...keys, secretAccessKey: "wrong" }), theirs, "SignatureDoesNotMatch", 403],
    ["another key", client({ ...keys, accessKeyId: "AKIAWRONG" }), theirs, "UnrecognizedClientException", 403],
    ["a token too many", client({ ...keys, sessionToken: "x" }), theirs, "UnrecognizedClientException", 403],
    [
      "a clock that is wrong",
      new SESv2Client({ region, credentials: { ...keys }, maxAttempts: 1, systemClockOffset: 3_600_000 }),
      theirs,
      "RequestExpired",
      400,
    ],
    [
      "a malformed address",
      official,
      { ...theirs, Destination: { ToAddresses: ["nobody"] } },
      "BadRequestException",
      400,
    ],
    ["51 recipients", official, { ...theirs, Destination: { ToAddresses: many } }, "BadRequestException", 400],
    [
      "a stored template",
      official,
      { ...theirs, Content: { Template: { TemplateName: "x" } } },
      "NotFoundException",
      404,
    ],
  ] as const)("%s", async (_name, by, input, name, httpStatusCode) => {
    await expect(send(input as SendEmailCommandInput, by)).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode, requestId: expect.any(String) as string },
    });
  });

  test.each([
    ["rate-limit", "TooManyRequestsException", 429],
    ["unavailable", "ServiceUnavailable", 503],
  ] as const)("%s", async (kind, name, httpStatusCode) => {
    rig.simulator.store.addFault({ kind, provider: "ses", times: 1 });
    await expect(send(theirs)).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
  });
});

describe("Carillon reads the same answers", () => {
  const { ours } = messages[0]!;
  const hourAgo = new Date(Date.now() - 3_600_000);
  test.each([
    ["another secret", { secretAccessKey: "wrong" }, {}, "unauthorized", "SignatureDoesNotMatch"],
    ["another key", { accessKeyId: "AKIAWRONG" }, {}, "unauthorized", "UnrecognizedClientException"],
    ["a clock that is wrong", {}, { now: () => hourAgo }, "unauthorized", "RequestExpired"],
  ])("%s", async (_name, other, more, kind, providerCode) => {
    const email = [ses({ ...keys, region, ...other })];
    const result = await createNotifier({ email, fetch: rig.fetch, attempts: 1, ...more }).send({
      channel: "email",
      ...ours,
    });
    expect(result).toMatchObject({ ok: false, kind, mayHaveBeenSent: false });
    expect(result.attempts.at(-1)).toMatchObject({ providerCode });
  });

  test.each([
    ["rate-limit", "rate-limited"],
    ["unavailable", "unavailable"],
  ] as const)("%s", async (kind, expected) => {
    rig.simulator.store.addFault({ kind, provider: "ses", times: 1 });
    expect(await notifier.send({ channel: "email", ...ours })).toMatchObject({ ok: false, kind: expected });
  });
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
