import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type DeliveryEvent, type Input, receiveWebhook } from "carillon";
import { mailgun, mailgunWebhook } from "carillon/providers/mailgun";
import Mailgun from "mailgun.js";
import type { MailgunMessageData } from "mailgun.js/definitions";
import { afterAll, describe, expect, test } from "vitest";
import { createParity, createRig } from "./harness.ts";

const { apiKey, domain, euDomain, webhookSigningKey } = simulatorCredentials.mailgun;
const { rig, same, unused } = createParity({
  allowed: [
    {
      field: "body.v:carillon_message_id",
      reason: "Carillon adds its id of the message, which webhooks repeat",
    },
    {
      field: "body.o:suppress-headers",
      reason: "Carillon keeps the variables, which are for webhooks, out of what the recipient gets",
    },
  ],
});
const sdk = new Mailgun(FormData);
const official = sdk.client({ username: "api", key: apiKey });
const notifier = createNotifier({ email: [mailgun({ apiKey, domain })], fetch: rig.fetch, attempts: 1 });

const simple = { from: "hi@example.com", to: "ada@example.com", subject: "Hi", text: "Hello" };
const gif = Buffer.from("R0lGODlh", "base64");

const messages: readonly {
  readonly name: string;
  readonly theirs: MailgunMessageData;
  readonly ours: Omit<Input<"email">, "channel">;
}[] = [
  { name: "text alone", theirs: simple, ours: simple },
  {
    name: "everything",
    theirs: {
      from: '"Carillon" <hi@example.com>',
      to: ['"Ada" <ada@example.com>', "bob@example.com"],
      cc: "cy@example.com",
      bcc: "dee@example.com",
      subject: "Grüße 🎉",
      text: "Hi",
      html: '<p>Hi <img src="cid:logo"></p>',
      "h:Reply-To": "re@example.com",
      "h:X-Order": "42",
      "o:tag": ["receipts", "orders"],
      "o:testmode": "yes",
      "o:tracking-opens": "no",
      "o:tracking-clicks": "htmlonly",
      "o:require-tls": "yes",
      "o:deliverytime": "Fri, 02 Jan 2026 08:00:00 +0000",
      "v:order": "42",
      attachment: [{ data: new Blob(["A"], { type: "text/plain" }), filename: "a.txt" }],
      inline: [{ data: new Blob([gif], { type: "image/gif" }), filename: "logo" }],
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
      tags: ["receipts", "orders"],
      metadata: { order: "42" },
      attachments: [
        { filename: "a.txt", content: "QQ==", contentType: "text/plain" },
        { filename: "logo.gif", content: gif.toString("base64"), contentType: "image/gif", contentId: "logo" },
      ],
      providerOptions: {
        mailgun: {
          testMode: true,
          trackOpens: false,
          trackClicks: "htmlonly",
          requireTls: true,
          deliveryTime: "2026-01-02T09:00:00+01:00",
        },
      },
    },
  },
];

test.each(messages)("one message: $name", async ({ theirs, ours }) => {
  await same(
    () => official.messages.create(domain, theirs),
    () => notifier.send({ channel: "email", ...ours }),
  );
});

test("a domain of the EU", async () => {
  const european = sdk.client({ username: "api", key: apiKey, url: "https://api.eu.mailgun.net" });
  const email = [mailgun({ apiKey, domain: euDomain, region: "eu" })];
  await same(
    () => european.messages.create(euDomain, simple),
    () => createNotifier({ email, fetch: rig.fetch, attempts: 1 }).send({ channel: "email", ...simple }),
  );
});

test("a batch, by recipient variables", async () => {
  const to = ["ada@example.com", "bob@example.com"];
  await same(
    () =>
      official.messages.create(domain, {
        ...simple,
        to,
        "v:order": "%recipient.v0%",
        "recipient-variables": JSON.stringify({
          "ada@example.com": { id: "msg_1", v0: "41" },
          "bob@example.com": { id: "msg_2", v0: "42" },
        }),
      }),
    () =>
      notifier.sendBatch(
        to.map((each, index) => ({
          message: { channel: "email", ...simple, to: each, metadata: { order: `${41 + index}` } },
          messageId: `msg_${index + 1}`,
        })),
      ),
  );
  const { items } = rig.simulator.store.messages({}, 2);
  expect(items.map(({ messageId, recipients, metadata }) => [messageId, recipients, metadata["order"]])).toEqual([
    ["msg_2", ["bob@example.com"], "42"],
    ["msg_1", ["ada@example.com"], "41"],
  ]);
});

describe("the official SDK understands the simulator", () => {
  test("success", async () => {
    const answer = await rig.official(() => official.messages.create(domain, simple));
    expect(answer).toMatchObject({ status: 200, message: "Queued. Thank you." });
    expect(answer.id).toMatch(new RegExp(`^<.+@${domain}>$`));
  });

  test.each([
    ["another key", "wrong", domain, simple, 401, "Forbidden"],
    ["a domain that it does not have", apiKey, "mg.example.com", simple, 404, "Domain not found: mg.example.com"],
    ["a malformed address", apiKey, domain, { ...simple, to: "nobody" }, 400, "'to' parameter is not a valid address"],
    ["no content", apiKey, domain, { ...simple, text: undefined, html: undefined }, 400, "Need at least one of"],
  ])("%s", async (_name, key, at, message, status, details) => {
    const client = sdk.client({ username: "api", key });
    const refusal = await rig.official(() =>
      client.messages.create(at, message as never).catch((error: unknown) => error),
    );
    expect(refusal).toMatchObject({ status, details: expect.stringContaining(details) });
  });

  test.each([
    [{ kind: "rate-limit", times: 1, retryAfterSeconds: 7 }, 429, "try again after 7 seconds"],
    [{ kind: "unavailable", times: 1 }, 503, "Service Unavailable"],
  ] as const)("$kind", async (fault, status, details) => {
    rig.simulator.store.addFault(fault);
    const refusal = await rig.official(() => official.messages.create(domain, simple).catch((error: unknown) => error));
    expect(refusal).toMatchObject({ status, details: expect.stringContaining(details) });
  });
});

test.each([
  ["delivered", ["accepted", "delivered"]],
  ["deferred", ["accepted", "deferred", "delivered"]],
  ["bounced", ["accepted", "bounced"]],
  ["softbounced", ["accepted", "soft_bounced"]],
  ["complained", ["accepted", "delivered", "complained"]],
  ["clicked", ["accepted", "delivered", "opened", "clicked"]],
  ["unsubscribed", ["accepted", "delivered", "unsubscribed"]],
  ["suppressed", ["suppressed"]],
  ["dropped", ["failed"]],
])("what becomes of %s@simulator.test comes back as events", async (name, types) => {
  const source = mailgunWebhook({ signingKey: webhookSigningKey });
  const events: DeliveryEvent[] = [];
  const { simulator, fetch } = createRig({
    webhookTarget: "https://example.com",
    deliver: async (url, init) => {
      const received = await receiveWebhook(source, new Request(url, init));
      if (received.ok) events.push(...received.events);
      return received.response;
    },
  });
  const message = { channel: "email", ...simple, to: `${name}@simulator.test`, metadata: { order: "42" } } as const;
  const result = await createNotifier({ email: [mailgun({ apiKey, domain })], fetch }).send(message);
  if (!result.ok || result.outcome !== "sent") throw new Error("the message was not sent");
  await simulator.settle();
  expect(events.map(({ type }) => type)).toEqual(types);
  for (const event of events) {
    expect(event).toMatchObject({
      messageId: result.messageId,
      providerMessageId: result.providerMessageId,
      address: `${name}@simulator.test`,
      metadata: { order: "42" },
    });
  }
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
