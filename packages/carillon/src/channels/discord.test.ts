import { describe, expect, expectTypeOf, test } from "vitest";
import type { Refusal } from "./channel.ts";
import { discordChannel, type DiscordEmbed, type DiscordMessage, discordWebhookOf } from "./discord.ts";

const id = "223704706495545344";
const webhookUrl = `https://discord.com/api/webhooks/${id}/s3cr3t-to_ken`;

function normalise(content: object): DiscordMessage | Refusal {
  return discordChannel.normalise({ channel: "discord", to: { webhookUrl }, ...content });
}

function accepted(content: object): DiscordMessage {
  const message = normalise(content);
  if ("ok" in message) throw new Error(`${message.field}: ${message.detail}`);
  return message;
}

function list<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item);
}

const row = { type: 1, components: [{ type: 2, style: 5, label: "Open", url: "https://example.com/" }] };
const line = { type: 10, content: "Hi" };
const embed = (more: DiscordEmbed): object => ({ embeds: [more] });
const field = { name: "n", value: "v" };

describe("a webhook's URL", () => {
  test.each([
    `https://discord.com/api/webhooks/${id}/s3cr3t-to_ken`,
    `https://discordapp.com/api/webhooks/${id}/s3cr3t-to_ken`,
    `https://ptb.discord.com/api/v9/webhooks/${id}/s3cr3t-to_ken`,
    `https://canary.discord.com/api/v10/webhooks/${id}/s3cr3t-to_ken`,
  ])("is read: %s", (url) => {
    expect(discordWebhookOf(accepted({ to: { webhookUrl: url }, text: "x" }).to)).toEqual({
      id,
      token: "s3cr3t-to_ken",
    });
  });

  test.each([
    `http://discord.com/api/webhooks/${id}/s3cr3t`,
    `https://discord.com:8443/api/webhooks/${id}/s3cr3t`,
    `https://user@discord.com/api/webhooks/${id}/s3cr3t`,
    `https://discord.com.evil.example/api/webhooks/${id}/s3cr3t`,
    `https://evildiscord.com/api/webhooks/${id}/s3cr3t`,
    `https://cdn.discord.com/api/webhooks/${id}/s3cr3t`,
    `https://discord.com/api/webhooks/${id}/s3cr3t/../../users`,
    `https://discord.com/api/webhooks/${id}/s3cr3t?wait=false`,
    `https://discord.com/api/webhooks/${id}/s3cr3t#x`,
    `https://discord.com/api/webhooks/${id}/s3cr3t/slack`,
    `https://discord.com/api/webhooks/${id}/`,
    `https://discord.com/api/webhooks/me/s3cr3t`,
    `https://discord.com/api/webhooks/${id}/s3cr3t\n`,
  ])("is refused, and not repeated: %s", (url) => {
    const refusal = normalise({ to: { webhookUrl: url }, text: "x" });
    expect(refusal).toEqual({
      ok: false,
      kind: "invalid-message",
      field: "to.webhookUrl",
      detail: "expected the URL of a webhook",
    });
  });
});

test.each<[string, object]>([
  ["2000 characters, each of two UTF-16 units", { text: "🎉".repeat(2000) }],
  ["a title of 256 and the spaces around it", embed({ title: ` ${"x".repeat(256)} ` })],
  ["texts at their limits", embed({ description: "x".repeat(4096), author: { name: "x".repeat(256) } })],
  ["25 fields", embed({ fields: list(25, field) })],
  ["6000 characters in all", { embeds: [{ description: "x".repeat(4096) }, { description: "x".repeat(1904) }] }],
  ["10 embeds", { embeds: list(10, { title: "x" }) }],
  ["5 action rows below a text", { text: "x", components: list(5, row) }],
  ["40 components that are the message", { components: list(40, line) }],
  ["a name of 80 characters", { text: "x", username: "🎉".repeat(80) }],
  ["a file alone", { files: [{ filename: "a.txt", content: new Uint8Array(3) }] }],
])("takes %s", (_, content) => {
  expect(accepted(content)).toMatchObject({ channel: "discord" });
});

test.each<[field: string, what: string, content: object]>([
  ["text", "nothing to say", {}],
  ["text", "a blank text", { text: " \n" }],
  ["text", "2001 characters", { text: "x".repeat(2001) }],
  ["text", "2001 characters, each of two UTF-16 units", { text: "🎉".repeat(2001) }],
  ["text", "ten million characters", { text: "x".repeat(10_000_000) }],
  ["embeds", "11 embeds", { embeds: list(11, { title: "x" }) }],
  [
    "embeds",
    "6001 characters in all",
    { embeds: [{ description: "x".repeat(4096) }, { description: "x".repeat(1905) }] },
  ],
  ["embeds.0.title", "a long title", embed({ title: "x".repeat(257) })],
  ["embeds.0.description", "a long description", embed({ description: "x".repeat(4097) })],
  ["embeds.0.footer.text", "a long footer", embed({ footer: { text: "x".repeat(2049) } })],
  ["embeds.0.author.name", "a long author", embed({ author: { name: "x".repeat(257) } })],
  ["embeds.0.fields", "26 fields", embed({ fields: list(26, field) })],
  ["embeds.0.fields.1.name", "a long name", embed({ fields: [field, { ...field, name: "x".repeat(257) }] })],
  ["embeds.0.fields.0.value", "a long value", embed({ fields: [{ ...field, value: "x".repeat(1025) }] })],
  ["embeds.0.fields.0.value", "a blank value", embed({ fields: [{ ...field, value: " " }] })],
  ["embeds.0.color", "a colour that is none", embed({ color: 0x1000000 })],
  ["embeds.0.timestamp", "a time that is none", embed({ timestamp: "yesterday" })],
  ["embeds.0.url", "a link that runs code", embed({ url: "javascript:alert(1)" })],
  ["embeds.0.image.url", "an image of the file system", embed({ image: { url: "file:///etc/passwd" } })],
  ["embeds.0.colour", "a misspelt field", { embeds: [{ colour: 1 }] }],
  ["components", "6 action rows below a text", { text: "x", components: list(6, row) }],
  ["components", "a text component below a text", { text: "x", components: [line] }],
  ["components", "components V2 beside embeds", { embeds: [{ title: "x" }], components: [line] }],
  ["components", "components V2 beside files", { files: [{ filename: "a", content: "" }], components: [line] }],
  ["components", "41 components", { components: list(41, line) }],
  ["components", "41 components, most of them inside", { components: [{ type: 17, components: list(20, row) }] }],
  [
    "components",
    "41 components with an accessory",
    { components: [{ type: 9, components: [line], accessory: { type: 2 } }, ...list(38, line)] },
  ],
  ["files", "11 files", { files: list(11, { filename: "a", content: "" }) }],
  ["username", "a name with discord", { text: "x", username: "MyDiScOrD" }],
  ["username", "a name with clyde", { text: "x", username: "bonnie and CLYDE" }],
  ["username", "a name of 81 characters", { text: "x", username: "x".repeat(81) }],
  ["allowedMentions.parse.0", "a kind that is none", { text: "x", allowedMentions: { parse: ["all"] } }],
  ["allowedMentions.users", "101 ids", { text: "x", allowedMentions: { users: list(101, id) } }],
  ["allowedMentions.roles.0", "an id that is none", { text: "x", allowedMentions: { roles: ["admins"] } }],
  [
    "allowedMentions.users",
    "ids of a kind that is parsed",
    { text: "x", allowedMentions: { parse: ["users"], users: [id] } },
  ],
])("refuses, on %s, %s", (field, _, content) => {
  expect(normalise(content)).toMatchObject({ ok: false, kind: "invalid-message", field });
});

test("refuses components that are nested without end, without a throw", () => {
  let nested: object = line;
  for (let depth = 0; depth < 100_000; depth += 1) nested = { type: 17, components: [nested] };
  expect(normalise({ components: [nested] })).toMatchObject({ ok: false, kind: "invalid-message" });
});

test("mentions nobody unless it is told to", () => {
  expect(accepted({ text: "@everyone" }).allowedMentions).toEqual({ parse: [] });
  expect(accepted({ text: "x", allowedMentions: { users: [id] } }).allowedMentions).toEqual({ parse: [], users: [id] });
  expect(accepted({ text: "x", allowedMentions: { parse: undefined } }).allowedMentions).toEqual({ parse: [] });
  const everyone = { parse: ["everyone"] };
  expect(accepted({ text: "x", allowedMentions: everyone }).allowedMentions).toEqual(everyone);
});

test("components are the message where nothing else is, or where they are more than rows of buttons", () => {
  expect(accepted({ text: "x", components: [row] }).isAllComponents).toBe(false);
  expect(accepted({ components: [row] }).isAllComponents).toBe(true);
  expect(accepted({ components: [line] }).isAllComponents).toBe(true);
  expect(accepted({ text: "x" }).isAllComponents).toBe(false);
});

test("an embed as Discord's own types describe it may be handed on", () => {
  interface ApiEmbed {
    title?: string;
    footer?: { text: string; icon_url?: string; proxy_icon_url?: string };
    fields?: { name: string; value: string; inline?: boolean }[];
  }
  expectTypeOf<ApiEmbed>().toExtend<DiscordEmbed>();
});
