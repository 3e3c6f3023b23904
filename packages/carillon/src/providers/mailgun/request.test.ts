import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import type { EmailMessage } from "../../channels/email.ts";
import type { BatchItem } from "../../provider/contract.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import type { MailgunOptions } from "./options.ts";
import { mailgun } from "./provider.ts";

const options: MailgunOptions = { apiKey: "key-1", domain: "mg.example.com" };
const provider = mailgun(options);
const file = { filename: "a.txt", contentType: "text/plain", content: "YQ==" };

const message = (more: object = {}): EmailMessage =>
  messageOf(provider, {
    channel: "email",
    from: "hello@mg.example.com",
    to: "ada@example.com",
    subject: "Hi",
    html: "<p>Hi</p>",
    text: "Hi",
    attachments: [file],
    metadata: { order: "7" },
    ...more,
  });
const groupKey = (more?: object): string | undefined => provider.batch?.groupKey(message(more));

describe("groups", () => {
  test.each([
    ["recipient", { to: { email: "bob@example.com", name: "Bob" } }],
    ["value of metadata", { metadata: { order: "8" } }],
    ["option of others", { providerOptions: { resend: { topicId: "x" } } }],
  ])("a different %s shares the request", (_what, more) => {
    expect(groupKey()).toBeDefined();
    expect(groupKey(more)).toBe(groupKey());
  });

  test("the order of metadata does not matter", () => {
    expect(groupKey({ metadata: { a: "1", b: "2" } })).toBe(groupKey({ metadata: { b: "3", a: "4" } }));
  });

  test.each([
    ["sender", { from: "other@mg.example.com" }],
    ["sender's name", { from: { email: "hello@mg.example.com", name: "H" } }],
    ["reply address", { replyTo: "r@example.com" }],
    ["subject", { subject: "Ho" }],
    ["html", { html: "<p>Ho</p>" }],
    ["text", { text: "Ho" }],
    ["header", { headers: { "X-A": "1" } }],
    ["unsubscribe URL", { unsubscribe: { url: "https://example.com/u/1" } }],
    ["tag", { tags: ["a"] }],
    ["name of metadata", { metadata: { other: "7" } }],
    ["file's name", { attachments: [{ ...file, filename: "b.txt" }] }],
    ["file", { attachments: [{ ...file, content: "Yg==" }] }],
    ["option", { providerOptions: { mailgun: { testMode: true } } }],
  ])("a different %s does not", (_what, more) => {
    expect(groupKey(more)).not.toBe(groupKey());
    expect(groupKey(more)).toBeDefined();
  });

  test.each([
    ["several recipients, which get a copy for each message", { cc: "bob@example.com" }],
    ["a place that Mailgun would fill in", { text: "Dear %recipient.id%" }],
    ["such a place in its metadata", { metadata: { order: "%recipient_email%" } }],
    ["such a place in the recipient's name", { to: { email: "ada@example.com", name: "%recipient.id%" } }],
    ["quotes in its metadata", { metadata: { order: 'a"b' } }],
    ["a line break in its metadata", { metadata: { order: "a\nb" } }],
    ["a mistake, which would fail the others", { headers: { "X-Mailgun-Tag": "1" } }],
  ])("a message with %s goes alone", (_why, more) => {
    expect(groupKey(more)).toBeUndefined();
  });
});

async function formOf(items: readonly BatchItem<"email">[], more: Partial<MailgunOptions> = {}): Promise<FormData> {
  const { batch } = mailgun({ ...options, ...more });
  const built = (await batch!.buildRequest(items, fixtureContext)) as OutboundRequest;
  return built.body as FormData;
}

const names = ["ada", "bob", "cyd"] as const;
const items = names.map((name, index) => ({
  message: message({ to: { email: `${name}@example.com`, name }, metadata: { order: `${index}`, of: name } }),
  messageId: `msg_${index}`,
}));

test("in a batch everybody has variables, without which Mailgun would show all of them to each", async () => {
  const form = await formOf(items);
  const variables = JSON.parse(form.get("recipient-variables") as string);
  const addresses = form.getAll("to").map((mailbox) => /<(.+)>/.exec(mailbox as string)?.[1]);
  expect(addresses).toEqual(Object.keys(variables));
  expect(form.has("cc") || form.has("bcc")).toBe(false);
  // What Mailgun makes of it for one of them.
  const filledIn = (address: string, name: string): unknown =>
    (form.get(name) as string).replace(/%recipient\.(\w+)%/, (_, variable) => variables[address][variable]);
  for (const [index, name] of names.entries()) {
    expect(filledIn(`${name}@example.com`, "v:carillon_message_id")).toBe(`msg_${index}`);
    expect(filledIn(`${name}@example.com`, "v:order")).toBe(`${index}`);
    expect(filledIn(`${name}@example.com`, "v:of")).toBe(name);
  }
});

test("a batch that has a recipient twice is refused, so that the core sends its messages one by one", async () => {
  const again = { message: message({ to: "ADA@example.com" }), messageId: "msg_9" };
  expect(await provider.batch?.buildRequest([items[0]!, again], fixtureContext)).toMatchObject({
    kind: "invalid-message",
    field: "to",
  });
});

test("a batch of 1,000 messages is one request", async () => {
  const many = Array.from({ length: 1000 }, (_, i) => ({
    message: message({ to: `a${i}@example.com` }),
    messageId: `msg_${i}`,
  }));
  expect((await formOf(many)).getAll("to")).toHaveLength(1000);
});

test("the same message makes the same bytes, but for the boundary that the platform chooses", async () => {
  const bytes = async (): Promise<string> => {
    const sent = new Response(await formOf(items.slice(0, 1)));
    const boundary = /boundary=(.+)$/.exec(sent.headers.get("content-type") ?? "")?.[1] ?? "";
    expect(boundary).not.toBe("");
    return new TextDecoder().decode(await sent.arrayBuffer()).replaceAll(boundary, "boundary");
  };
  const first = await bytes();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await bytes()).toBe(first);
});

test("refuses a message over 25 MiB, files counted as they are and text in bytes of UTF-8", async () => {
  const maxBytes = 25 * 1024 * 1024;
  const build = (text: string): unknown =>
    provider.buildRequest(message({ text, html: undefined, attachments: [file] }), fixtureContext);
  expect(await build("é".repeat((maxBytes - 2) / 2))).toHaveProperty("url");
  expect(await build("é".repeat(maxBytes / 2))).toMatchObject({ kind: "invalid-message", field: "attachments" });
});

test.each([
  ["us", "https://api.mailgun.net/v3/mg.example.com/messages"],
  [undefined, "https://api.mailgun.net/v3/mg.example.com/messages"],
  ["eu", "https://api.eu.mailgun.net/v3/mg.example.com/messages"],
] as const)("a domain of the region %s is called at %s", async (region, url) => {
  expect(await mailgun({ ...options, region }).buildRequest(message(), fixtureContext)).toMatchObject({ url });
});

test("asks for the key anew each time, and lists what it looks like in the header among the secrets", async () => {
  let calls = 0;
  const asked = mailgun({ ...options, apiKey: async () => `key-${++calls}` });
  for (const key of ["key-1", "key-2"]) {
    const credential = btoa(`api:${key}`);
    expect(await asked.buildRequest(message(), fixtureContext)).toMatchObject({
      headers: { authorization: `Basic ${credential}` },
      secrets: [key, credential],
    });
  }
});

test.each([
  ["a path in its domain", { domain: "mg.example.com/../x" }],
  ["a domain without dots", { domain: "localhost" }],
  ["no domain", { domain: undefined }],
  ["another region", { region: "ap" }],
  ["a blank key", { apiKey: " " }],
  ["an option that it does not know", { templates: true }],
])("is not made with %s", (_what, more) => {
  expect(() => mailgun({ ...options, ...more } as never)).toThrow(/^mailgun: /);
});
