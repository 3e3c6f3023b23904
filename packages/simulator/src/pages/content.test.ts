import { describe, expect, test } from "vitest";
import type { MessageContent } from "../message.ts";
import { createSimulator } from "../simulator.ts";
import { hostile, storeWith } from "../test/contents.ts";

async function page(content: MessageContent): Promise<{ readonly text: string; readonly policy: string }> {
  const simulator = createSimulator({ store: storeWith(content), routes: [] });
  const response = await simulator.fetch("http://localhost/messages/1");
  expect(response.status).toBe(200);
  return { text: await response.text(), policy: response.headers.get("content-security-policy") ?? "" };
}

const sms = {
  kind: "sms",
  from: "Shop",
  to: "+15005550010",
  text: "one two",
  mediaUrls: [],
  encoding: "GSM-7",
  segments: ["one ", "two"],
} as const;
const slack = { kind: "slack", target: "C012AB3CD", blocks: [] } as const;
const discord = { kind: "discord", webhook: "123", embeds: [], components: [], files: [] } as const;
const vapid = { subject: "mailto:ops@example.com", audience: "https://push.example", expiresAtMs: 1_700_000_000_000 };
const webpush = {
  kind: "webpush",
  endpoint: "https://push.example/abc...",
  ttlSeconds: 3600,
  payload: "",
  declarative: false,
  vapid,
} as const;
const fcm = { kind: "fcm", target: "topic news", message: {}, validateOnly: false } as const;

/** The same text wherever a message can hold text. */
const hostileContents: readonly MessageContent[] = [
  { ...sms, from: hostile, to: hostile, text: hostile, mediaUrls: [hostile], segments: [hostile, hostile] },
  {
    ...slack,
    target: hostile,
    text: `<${hostile}> <https://x.example|${hostile}> *${hostile}* <javascript:alert(1)|x>`,
    threadTs: hostile,
    blocks: [
      ...["section", "header", "image", "context", "actions", "input", "rich_text", "markdown", hostile].map(
        (type) => ({
          type,
          text: type === "markdown" ? hostile : { type: "mrkdwn", text: hostile },
          title: { type: "plain_text", text: hostile },
          label: { type: "plain_text", text: hostile },
          alt_text: hostile,
          image_url: hostile,
          fields: [{ type: "mrkdwn", text: hostile }, null, 1],
          accessory: { type: "image", alt_text: hostile, image_url: hostile },
          elements: [
            { type: "mrkdwn", text: hostile },
            { type: "button", text: { type: "plain_text", text: hostile }, style: hostile, url: hostile },
            { type: "image", alt_text: hostile, image_url: hostile },
            { type: "rich_text_section", elements: [{ type: "link", url: "javascript:alert(1)", text: hostile }] },
            { type: "rich_text_list", elements: [{ elements: [{ type: "user", user_id: hostile }] }] },
          ],
        }),
      ),
      { type: 7, text: 7, elements: "x" },
    ],
  },
  {
    ...discord,
    webhook: hostile,
    threadId: hostile,
    username: hostile,
    avatarUrl: hostile,
    text: `${hostile} [${hostile}](javascript:alert(1)) **${hostile}** <t:9999999999999:R>`,
    embeds: [
      {
        title: hostile,
        url: "javascript:alert(1)",
        description: hostile,
        color: hostile,
        author: { name: hostile, url: hostile },
        footer: { text: hostile },
        timestamp: hostile,
        image: { url: hostile },
        thumbnail: { url: hostile },
        fields: [{ name: hostile, value: hostile, inline: hostile }],
      },
      { color: 1.5, author: [], fields: {} },
    ],
    components: [1, 2, 3, 9, 10, 11, 12, 13, 14, 17, hostile].map((type) => ({
      type,
      label: hostile,
      content: hostile,
      custom_id: hostile,
      url: hostile,
      description: hostile,
      placeholder: hostile,
      media: { url: hostile },
      items: [{ description: hostile, media: { url: hostile } }],
      accessory: { type: 2, label: hostile },
      components: [{ type: 2, label: hostile, emoji: { name: hostile } }],
    })),
    files: [
      { filename: hostile, contentType: "image/png", base64: `aGk=${hostile}` },
      { filename: hostile, contentType: `image/svg+xml${hostile}`, base64: "aGk=" },
    ],
  },
  { ...webpush, endpoint: hostile, urgency: hostile, topic: hostile, payload: hostile },
  {
    ...webpush,
    vapid: { subject: hostile, audience: hostile, expiresAtMs: Number.NaN },
    payload: JSON.stringify({
      notification: {
        title: hostile,
        body: hostile,
        icon: hostile,
        image: hostile,
        navigate: hostile,
        actions: [{ title: hostile }],
      },
    }),
  },
  {
    ...fcm,
    target: hostile,
    message: {
      notification: { title: hostile, body: hostile, image: hostile },
      data: { [hostile]: hostile },
      android: { ttl: hostile },
    },
  },
];

describe("whatever a message says", () => {
  test.each(hostileContents.map((content) => [content.kind, content] as const))(
    "%s: it stays text",
    async (_, content) => {
      const { text, policy } = await page(content);
      const own = text.replace(/<script src="\/simulator.js" defer><\/script>/, "");
      expect(own).toContain("&lt;script&gt;");
      expect(own).not.toMatch(/<script|<img src=x|<\/style|<iframe|<object|\sstyle=/i);
      const withoutValues = own.replace(/="[^"]*"/g, "");
      expect(withoutValues).not.toMatch(/<[^>]*\s(?:on\w+|style)\b/i);
      expect(own).not.toMatch(/(?:href|src)="(?!\/|https?:|data:image\/(?:png|svg\+xml,))/i);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain("unsafe-inline");
    },
  );

  test("nothing is loaded from elsewhere", async () => {
    const image = "https://tracker.example/pixel.png";
    const contents: readonly MessageContent[] = [
      { ...sms, mediaUrls: [image] },
      { ...slack, blocks: [{ type: "image", image_url: image, alt_text: "Pixel" }] },
      { ...discord, avatarUrl: image, embeds: [{ image: { url: image }, thumbnail: { url: image } }] },
      { ...webpush, payload: JSON.stringify({ title: "T", icon: image, image }) },
      { ...fcm, message: { notification: { title: "T", image } } },
    ];
    for (const content of contents) {
      const { text } = await page(content);
      expect(text).toContain(image);
      expect(text).not.toMatch(/src="https?:/);
    }
  });

  test("long runs of notation are drawn in less than a second", async () => {
    for (const sign of ["*", "_", "~", "`", "```", "<", "||", "[", "**_", "> ", "* a ", "_a ", "[a](http", "&gt;"]) {
      const text = sign.repeat(Math.floor(40_000 / sign.length));
      const startedAt = performance.now();
      await page({ ...slack, text });
      await page({ ...discord, text });
      expect(performance.now() - startedAt, sign).toBeLessThan(1_000);
    }
  });

  test("deep nesting is cut off", async () => {
    let component: Record<string, unknown> = { type: 2, label: "deep" };
    let element: Record<string, unknown> = { type: "text", text: "deep" };
    for (let depth = 0; depth < 20_000; depth += 1) {
      component = { type: 17, components: [component] };
      element = { type: "rich_text_list", elements: [element] };
    }
    // The JSON below the picture is what goes deep: `JSON.stringify` has a limit of its own.
    const { discordComponents } = await import("./discord-components.ts");
    const { richText } = await import("./slack-rich-text.ts");
    expect(String(await discordComponents([component]))).not.toContain("deep");
    expect(String(await richText({ elements: [element] }))).not.toContain("deep");
  });
});

test("an SMS shows its segments, their encoding and how much each holds", async () => {
  const { text } = await page(sms);
  expect(text).toMatch(/title="Segment 1"\s*>one <sup>1<\/sup>/);
  expect(text).toMatch(/title="Segment 2"\s*>two<sup>2<\/sup>/);
  expect(text).toContain("2 segments");
  expect(text).toContain("153 each");
  const single = await page({ ...sms, text: "é", segments: ["é"], encoding: "UCS-2" });
  expect(single.text).toContain("1 segment<");
  expect(single.text).toContain("UCS-2");
  expect(single.text).not.toContain("<sup>");
});

test("a Slack message shows its blocks, and the text that notifications show", async () => {
  const { text } = await page({
    ...slack,
    text: "In short",
    blocks: [
      { type: "header", text: { type: "plain_text", text: "*Not bold*" } },
      { type: "section", text: { type: "mrkdwn", text: "*Bold*" }, fields: [{ type: "mrkdwn", text: "_field_" }] },
      { type: "divider" },
      { type: "actions", elements: [{ type: "button", style: "danger", text: { type: "plain_text", text: "Go" } }] },
      { type: "call" },
    ],
  });
  for (const part of ["*Not bold*", "<b>Bold</b>", "<i>field</i>", "<hr", "In short", "“call”"]) {
    expect(text).toContain(part);
  }
  expect(text).toMatch(/<button[^>]* disabled[^>]*class="danger"[^>]*>\s*Go/);
});

test("a Discord message shows name, embeds with their colour, and files", async () => {
  const { text } = await page({
    ...discord,
    username: "CI",
    text: "**done**",
    embeds: [{ title: "Build", color: 0x00ff0a, fields: [{ name: "n", value: "v", inline: true }] }],
    files: [
      { filename: "a.csv", contentType: "text/csv", base64: "YQ==" },
      { filename: "a.png", contentType: "image/png", base64: "YQ==" },
    ],
  });
  for (const part of ["<b>CI</b>", "<b>done</b>", "Build", 'fill="#00ff0a"', 'class="inline"', "text/csv, 1 bytes"]) {
    expect(text).toContain(part);
  }
  expect(text).toContain('src="data:image/png;base64,YQ=="');
});

test("a web push shows its notification, in either form, or the text as it is", async () => {
  const declarative = {
    web_push: 8030,
    notification: { title: "Shipped", body: "Tomorrow", navigate: "https://shop.example/1" },
  };
  const first = await page({ ...webpush, payload: JSON.stringify(declarative), declarative: true, urgency: "high" });
  for (const part of ["Shipped", "Tomorrow", "shop.example", "Declarative", "3600 s (1 h)", "high", vapid.subject]) {
    expect(first.text).toContain(part);
  }
  const classic = await page({ ...webpush, payload: `{"title":"Classic","body":"B"}` });
  expect(classic.text).toContain("service worker");
  const words = await page({ ...webpush, payload: "just words" });
  expect(words.text).toMatch(/<pre>\s*just words/);
  expect(words.text).not.toContain("As the device shows it");
});

test("an FCM message shows its notification and its JSON, and says when it was only validated", async () => {
  const { text } = await page({
    ...fcm,
    message: { topic: "news", notification: { title: "Kickoff" }, android: { ttl: "60s" } },
    validateOnly: true,
  });
  for (const part of ["Kickoff", "&quot;topic&quot;: &quot;news&quot;", "60s", "Only validated"]) {
    expect(text).toContain(part);
  }
  expect((await page({ ...fcm, message: { data: { a: "1" } } })).text).toContain("a data message");
});
