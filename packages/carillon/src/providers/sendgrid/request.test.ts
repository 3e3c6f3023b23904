import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { EmailMessage } from "../../channels/email.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import type { VerifiedWebhook } from "../../provider/webhook.ts";
import { sendgrid } from "./provider.ts";
import { buildSendGridRequest } from "./request.ts";
import { sendgridWebhook } from "./webhook.ts";

const file = { filename: "a.txt", contentType: "text/plain", content: "YQ==" };

const provider = sendgrid({ apiKey: "SG.1" });
const message = (more: object = {}): EmailMessage =>
  messageOf(provider, {
    channel: "email",
    from: "hello@example.com",
    to: "ada@example.com",
    subject: "Hi",
    html: "<p>Hi</p>",
    text: "Hi",
    attachments: [file],
    ...more,
  });
const groupKey = (more?: object): string | undefined => provider.batch?.groupKey(message(more));

describe("groups", () => {
  test.each([
    ["recipient", { to: { email: "bob@example.com", name: "Bob" } }],
    ["metadata", { metadata: { order: "7" } }],
    ["template data", { providerOptions: { sendgrid: { dynamicTemplateData: { a: 1 } } } }],
    ["options of others", { providerOptions: { resend: { topicId: "x" } } }],
  ])("a different %s shares the request", (_what, more) => {
    expect(groupKey()).toBeDefined();
    expect(groupKey(more)).toBe(groupKey());
  });

  test.each([
    ["sender", { from: "other@example.com" }],
    ["sender's name", { from: { email: "hello@example.com", name: "H" } }],
    ["reply address", { replyTo: "r@example.com" }],
    ["subject", { subject: "Ho" }],
    ["html", { html: "<p>Ho</p>" }],
    ["text", { text: "Ho" }],
    ["end of html and beginning of text", { html: "<p>Hi</p>H", text: "i" }],
    ["header", { headers: { "X-A": "1" } }],
    ["unsubscribe URL", { unsubscribe: { url: "https://example.com/u/1" } }],
    ["tag", { tags: ["a"] }],
    ["file's name", { attachments: [{ ...file, filename: "b.txt" }] }],
    ["file", { attachments: [{ ...file, content: "Yg==" }] }],
    ["option", { providerOptions: { sendgrid: { asmGroupId: 1 } } }],
  ])("a different %s does not", (_what, more) => {
    expect(groupKey(more)).not.toBe(groupKey());
    expect(groupKey(more)).toBeDefined();
  });

  test.each([
    ["several recipients, so that none comes to 1,000", { cc: "bob@example.com" }],
    ["a mistake, which would fail the others", { headers: { "X-SG-ID": "1" } }],
  ])("a message with %s goes alone", (_why, more) => {
    expect(groupKey(more)).toBeUndefined();
  });
});

test("refuses a message over 30 MB, counted in bytes of UTF-8", async () => {
  const build = (text: string) => buildSendGridRequest([{ message: message({ text }), messageId: "m" }], "SG.1");
  expect("url" in (await build("é".repeat(14_900_000)))).toBe(true);
  expect(await build("é".repeat(15_000_001))).toMatchObject({ kind: "invalid-message", field: "attachments" });
});

test("metadata named like SendGrid's own fields comes back beside them", async () => {
  const metadata = {
    status: "paid",
    email: "x",
    sg_event_id: "mine",
    marketing_campaign_name: "spring",
    order_id: "7",
    carillon_arg_x: "y",
    x_carillon_arg_: "z",
    carillon_environment: "a",
  };
  const built = await buildSendGridRequest([{ message: message({ metadata }), messageId: "msg_1" }], "SG.1");
  const { personalizations } = JSON.parse((built as OutboundRequest).body as string);
  const event = { ...personalizations[0].custom_args, event: "delivered", email: "ada@example.com", status: "2.0.0" };
  const { events } = parse([{ ...event, sg_event_id: "theirs", timestamp: 1_767_323_045 }]);
  expect(events[0]).toMatchObject({
    id: "theirs",
    address: "ada@example.com",
    code: "2.0.0",
    messageId: "msg_1",
    metadata,
  });
});

test("reads 10,000 events of one request", () => {
  const list = Array.from({ length: 10_000 }, (_, i) => ({ event: "delivered", sg_event_id: `ev_${i}`, timestamp: i }));
  const { events } = parse(list);
  expect(events).toHaveLength(10_000);
  expect(new Set(events.map(({ id }) => id)).size).toBe(10_000);
});

function parse(json: unknown): ReturnType<ReturnType<typeof sendgridWebhook>["parse"]> {
  // The public key of the SDK's own test vector.
  const publicKey =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
  return sendgridWebhook({ publicKey }).parse({ headers: new Headers(), json } as unknown as VerifiedWebhook);
}

test.each(["to", "cc", "bcc", "personalizations", "mail_settings", "headers", "on-behalf-of"])(
  "providerOptions cannot name recipients, which a guard would not see: %s",
  async (name) => {
    const more = { providerOptions: { sendgrid: { [name]: ["eve@example.com"] } } };
    expect(await sendgrid({ apiKey: "SG.1" }).buildRequest(message(more), fixtureContext)).toMatchObject({
      kind: "invalid-message",
      field: `providerOptions.sendgrid.${name}`,
    });
  },
);
