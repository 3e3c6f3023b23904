import { fixtureContext, messageOf } from "@carillon/testing";
import { describe, expect, test } from "vitest";
import { ConfigurationError } from "../../error/errors.ts";
import type { VerifiedWebhook } from "../../provider/webhook.ts";
import { escapeMrkdwn, settings, slack, type SlackOptions, slackWebhook } from "./index.ts";

const webhookUrl = "https://hooks.slack.com/services/T012AB/B034CD/s3cr3tTOKEN";

const build = async (message: object, options?: SlackOptions) => {
  const provider = slack(options);
  return provider.buildRequest(messageOf(provider, { channel: "slack", text: "Hi", ...message }), fixtureContext);
};

test("without a token there are incoming webhooks only", async () => {
  expect(await build({ to: { webhookUrl } })).toMatchObject({ url: webhookUrl });
  expect(await build({ to: "C012AB3CD" })).toMatchObject({ ok: false, kind: "unauthorized" });
});

test("a deployment with incoming webhooks alone has no token, and says so", async () => {
  const provider = settings.send.create({ SLACK_TOKEN: "none" });
  const build = (to: unknown): unknown =>
    provider.buildRequest(messageOf(provider, { channel: "slack", to, text: "Hi" }), fixtureContext);
  expect(await build({ webhookUrl })).toMatchObject({ url: webhookUrl });
  expect(await build("C012AB3CD")).toMatchObject({ kind: "unauthorized" });
  expect(() => settings.send.create({})).toThrow(ConfigurationError);
});

test("the token goes to the Web API alone, and both it and the webhook's URL are secrets", async () => {
  const posted = await build({ to: "C012AB3CD" }, { token: () => Promise.resolve("xoxb-1") });
  expect(posted).toMatchObject({ headers: { authorization: "Bearer xoxb-1" }, secrets: ["xoxb-1"] });
  const hooked = await build({ to: { webhookUrl } }, { token: "xoxb-1" });
  expect(hooked).toMatchObject({ secrets: [webhookUrl] });
  expect(JSON.stringify(hooked)).not.toContain("xoxb-1");
});

test("a text is measured in code points, as a reader counts", async () => {
  expect(await build({ to: { webhookUrl }, text: "🎉".repeat(40_000) })).toMatchObject({ url: webhookUrl });
  expect(await build({ to: { webhookUrl }, text: "🎉".repeat(40_001) })).toMatchObject({ field: "text" });
});

test("blocks at their limits are taken", async () => {
  const text = (length: number): object => ({ type: "plain_text", text: "x".repeat(length) });
  const blocks = [
    { type: "header", text: text(150), block_id: "b".repeat(255) },
    { type: "section", text: text(3000), fields: Array.from({ length: 10 }, () => text(2000)) },
    { type: "image", image_url: "https://example.com/i.png", alt_text: "x".repeat(2000), title: text(2000) },
    {
      type: "actions",
      elements: Array.from({ length: 25 }, () => ({ type: "button", text: text(75), value: "v".repeat(2000) })),
    },
    { type: "markdown", text: "x".repeat(12_000) },
    {
      type: "table",
      rows: Array.from({ length: 100 }, () => Array.from({ length: 20 }, () => ({ type: "raw_text", text: "" }))),
    },
    { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "x" }] }] },
    { type: "block_of_tomorrow", with: [null, 7, true, { anything: ["at", "all"] }] },
  ];
  expect(await build({ to: { webhookUrl }, blocks })).toMatchObject({ url: webhookUrl });
});

test("blocks that hold themselves are refused", async () => {
  const block: Record<string, unknown> = { type: "section" };
  block["one"] = block["two"] = [block, block];
  const { channel, buildRequest } = slack();
  const message = channel.normalise({ channel: "slack", to: { webhookUrl }, blocks: [block] });
  expect(await buildRequest(message as never, fixtureContext)).toMatchObject({ detail: "expected at most 20 levels" });
});

test("names of fields that are no words are not repeated", async () => {
  const long = { type: "plain_text", text: "x".repeat(3001) };
  const hidden = await build({ to: { webhookUrl }, blocks: [{ type: "x", "ada@example.com": long, then: long }] });
  expect(hidden).toMatchObject({ field: "blocks.0.then.text" });
});

describe("escapeMrkdwn", () => {
  test("leaves no mention, link or entity", () => {
    expect(escapeMrkdwn("<!channel> & <https://a|b> &lt;")).toBe("&lt;!channel&gt; &amp; &lt;https://a|b&gt; &amp;lt;");
  });

  test("leaves everything else as it is", () => {
    expect(escapeMrkdwn('*Grüße* "it\'s" 🎉')).toBe('*Grüße* "it\'s" 🎉');
  });
});

describe("url_verification", () => {
  const parse = (json: unknown) =>
    slackWebhook({ signingSecret: "s" }).parse({ json, text: JSON.stringify(json) } as VerifiedWebhook);

  test("is answered with its challenge, as text", () => {
    expect(parse({ type: "url_verification", challenge: "3eZbrw1a" })).toEqual({
      events: [],
      reply: { status: 200, contentType: "text/plain", body: "3eZbrw1a" },
    });
  });

  test("without a challenge is answered with nothing", () => {
    expect(parse({ type: "url_verification", challenge: { nested: 1 } }).reply?.body).toBeUndefined();
  });
});

test.each([[{ token: "two words" }], [{ token: "" }], [{ baseUrl: "slack.com" }], [{ tokne: "x" }]])(
  "refuses options that cannot work: %o",
  (options) => {
    expect(() => slack(options as object)).toThrow(ConfigurationError);
  },
);
