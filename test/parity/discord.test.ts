import { createRequire } from "node:module";
import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Input, type SendResult } from "carillon";
import { deleteDiscordMessage, discord, editDiscordMessage } from "carillon/providers/discord";
import { afterAll, describe, expect, test } from "vitest";
import { createParity } from "./harness.ts";

/** Of npm discord-webhook-ts 5.0.0: its own declarations import a file that the package does not have. */
interface OfficialWebhook {
  execute(body: object): Promise<{ readonly status: number; readonly data: unknown }>;
  modify(body: object): Promise<{ readonly data: { readonly name: string } }>;
  get(): Promise<{ readonly data: { readonly id: string } }>;
  isValid(): Promise<boolean>;
}
const { default: DiscordWebhook } = createRequire(import.meta.url)("discord-webhook-ts") as {
  readonly default: new (url: string) => OfficialWebhook;
};

const { webhookUrl } = simulatorCredentials.discord;
const { rig, same, unused } = createParity({
  allowed: [
    {
      field: "url.path",
      reason: "Carillon names the API's version 10; the URL as Discord shows it means the deprecated 6",
    },
    {
      field: "url.query.wait",
      reason:
        "Carillon waits until the message is stored: otherwise there is no id, and a message that is lost is no error",
    },
    {
      field: "url.query.with_components",
      reason: "without it Discord drops the components of a webhook that belongs to no application",
    },
    {
      field: "body.allowed_mentions.parse",
      reason: "Carillon mentions nobody unless told to; Discord's default is all users",
    },
  ],
});
const official = new DiscordWebhook(webhookUrl);
const provider = discord();
const notifier = createNotifier({ discord: [provider], fetch: rig.fetch, attempts: 1 });

type Content = Omit<Input<"discord">, "channel" | "to">;

function send(content: Content, to: Input<"discord">["to"] = { webhookUrl }): Promise<SendResult> {
  return notifier.send({ channel: "discord", to, ...content });
}

const embed = {
  title: "Hello, Embed!",
  description: "This is an embedded message. Grüße 🎉",
  url: "https://example.com/",
  timestamp: "2026-01-02T03:04:05.000Z",
  color: 0x2ecc71,
  footer: { text: "Carillon", icon_url: "https://example.com/i.png" },
  image: { url: "https://example.com/b.png" },
  thumbnail: { url: "https://example.com/t.png" },
  author: { name: "Ada", url: "https://example.com/ada" },
  fields: [{ name: "Service", value: "api", inline: true }],
};
const buttons = { type: 1, components: [{ type: 2, style: 5, label: "Open", url: "https://example.com/" }] };

const messages: readonly { name: string; theirs: object; ours: Content }[] = [
  { name: "text alone", theirs: { content: "Hello" }, ours: { text: "Hello" } },
  {
    name: "a name and a picture of its own",
    theirs: { content: "Hello", username: "Deployer", avatar_url: "https://example.com/a.png", tts: true },
    ours: {
      text: "Hello",
      username: "Deployer",
      avatarUrl: "https://example.com/a.png",
      providerOptions: { discord: { tts: true } },
    },
  },
  { name: "an embed", theirs: { embeds: [embed] }, ours: { embeds: [embed] } },
  {
    name: "text, embeds and buttons",
    theirs: { content: "Hello", embeds: [embed, { title: "x" }], components: [buttons] },
    ours: { text: "Hello", embeds: [embed, { title: "x" }], components: [buttons] },
  },
  {
    name: "mentions, silently",
    theirs: {
      content: "<@80351110224678912>",
      allowed_mentions: { parse: ["roles"], users: ["80351110224678912"] },
      flags: 4096,
    },
    ours: {
      text: "<@80351110224678912>",
      allowedMentions: { parse: ["roles"], users: ["80351110224678912"] },
      providerOptions: { discord: { suppressNotifications: true } },
    },
  },
];

test.each(messages)("one message: $name", async ({ theirs, ours }) => {
  await same(
    () => official.execute(theirs),
    () => send(ours),
  );
});

test("what arrives is kept as the same message", async () => {
  rig.simulator.store.clear();
  await rig.official(() => official.execute({ content: "Hello", embeds: [embed], username: "Ada" }));
  await send({ text: "Hello", embeds: [embed], username: "Ada" });
  const [ours, theirs] = rig.simulator.store.messages({}, 2).items.map(({ id }) => rig.simulator.store.message(id));
  expect(ours?.content).toEqual(theirs?.content);
});

test("Carillon says what it is, as Discord wants it", async () => {
  rig.arrived();
  await send({ text: "Hello" });
  expect(rig.arrived()[0]?.headers.get("user-agent")).toMatch(/^DiscordBot \(https:\/\/\S+, \d+\)/);
});

describe("the official SDK understands the simulator", () => {
  test("success, which tells nothing unless it is waited for", async () => {
    const { status, data } = await rig.official(() => official.execute({ content: "Hello" }));
    expect([status, data]).toEqual([204, ""]);
    const waiting = new DiscordWebhook(`${webhookUrl}?wait=true`);
    const told = await rig.official(() => waiting.execute({ content: "Hello" }));
    expect(told).toMatchObject({ status: 200, data: { id: expect.any(String), content: "Hello" } });
  });

  test("a webhook is valid, or not", async () => {
    expect(await rig.official(() => official.isValid())).toBe(true);
    expect((await rig.official(() => official.get())).data.id).toBe("100000000000000001");
    expect((await rig.official(() => official.modify({ name: "News" }))).data.name).toBe("News");
    for (const url of [`${webhookUrl}x`, webhookUrl.replace("100000000000000001", "100000000000010015")]) {
      expect(await rig.official(() => new DiscordWebhook(url).isValid())).toBe(false);
    }
  });

  test.each([
    ["another token", `${webhookUrl}x`, { content: "x" }, 401, 50027, "rejected"],
    ["a deleted webhook", webhookUrl.replace("000001/", "010015/"), { content: "x" }, 404, 10015, "recipient-gone"],
    ["slow mode", webhookUrl.replace("000001/", "020016/"), { content: "x" }, 429, 20016, "rate-limited"],
    ["a harmful link", webhookUrl.replace("000001/", "240000/"), { content: "x" }, 400, 240000, "rejected"],
    ["a forum", webhookUrl.replace("000001/", "220000/"), { content: "x" }, 400, 220001, "invalid-message"],
  ])("%s is the same error for both", async (_, url, body, status, code, kind) => {
    const error: unknown = await rig.official(() => new DiscordWebhook(url).execute(body)).catch((caught) => caught);
    expect(error).toMatchObject({ response: { status, data: { code } } });
    expect(await send({ text: body.content }, { webhookUrl: url })).toMatchObject({
      ok: false,
      kind,
      providerCode: String(code),
    });
  });

  test("an embed that is too large, which Carillon does not send", async () => {
    const large = { embeds: [{ title: "x".repeat(257) }] };
    const error: unknown = await rig.official(() => official.execute(large)).catch((caught) => caught);
    expect(error).toMatchObject({
      response: { status: 400, data: { code: 50035, errors: { embeds: { 0: { title: {} } } } } },
    });
    rig.arrived();
    expect(await send(large)).toMatchObject({ ok: false, kind: "invalid-message", field: "embeds.0.title" });
    expect(rig.arrived()).toEqual([]);
  });
});

describe("what the official SDK cannot do, the simulator takes from Carillon", () => {
  const idOf = (result: SendResult): string =>
    (result.ok && result.outcome === "sent" && result.providerMessageId) || "none";
  const stored = (id: string) => rig.simulator.store.messageOf("discord", id);

  test("files", async () => {
    const files = [
      { filename: "grüße.txt", contentType: "text/plain", content: "SGVsbG8=" },
      { filename: "b", content: "YWJj" },
    ];
    const result = await send({ text: "Two", files });
    expect(stored(idOf(result))?.content).toMatchObject({
      files: [
        { filename: "grüße.txt", contentType: "text/plain", base64: "SGVsbG8=" },
        { filename: "b", contentType: "application/octet-stream", base64: "YWJj" },
      ],
    });
  });

  test("components alone, and a thread of a forum", async () => {
    const components = [{ type: 17, components: [{ type: 10, content: "# Deployed" }, buttons] }];
    const result = await send({ components });
    expect(stored(idOf(result))?.content).toMatchObject({ components });
    const forum = webhookUrl.replace("000001/", "220000/");
    const options = { discord: { threadName: "Topic", appliedTags: ["512345678901234567"] } };
    const topic = await send({ text: "x", providerOptions: options }, { webhookUrl: forum });
    expect(stored(idOf(topic))?.extra).toEqual({ threadName: "Topic" });
  });

  test("an edit, and a deletion that may be repeated", async () => {
    const to = { webhookUrl, threadId: "412345678901234567" };
    const sent = await send({ text: "Deploying", files: [{ filename: "log.txt", content: "YQ==" }] }, to);
    const messageId = idOf(sent);
    const edited = await notifier.call(
      editDiscordMessage(provider, {
        to,
        messageId,
        text: "Deployed",
        files: [{ filename: "b.txt", content: "Yg==" }],
      }),
    );
    expect(edited).toMatchObject({ ok: true, value: { providerMessageId: messageId } });
    expect(stored(messageId)?.content).toMatchObject({
      text: "Deployed",
      files: [{ filename: "b.txt", base64: "Yg==" }],
    });
    const remove = (): ReturnType<typeof notifier.call> =>
      notifier.call(deleteDiscordMessage(provider, { to, messageId }));
    expect(await remove()).toMatchObject({ ok: true, value: { wasThere: true } });
    expect(stored(messageId)?.deletedAtMs).toBeDefined();
    expect(await remove()).toMatchObject({ ok: true, value: { wasThere: false } });
    const late = await notifier.call(editDiscordMessage(provider, { to, messageId, text: "x" }));
    expect(late).toMatchObject({ ok: false, kind: "invalid-message", field: "messageId", providerCode: "10008" });
  });

  test("a limit, with the fraction of a second that Discord names", async () => {
    const body = { message: "You are being rate limited.", retry_after: 0.25, global: false };
    const fault = { kind: "respond", status: 429, body, headers: { "retry-after": "1" }, times: 1 } as const;
    rig.simulator.store.addFault(fault);
    expect(await send({ text: "x" })).toMatchObject({ ok: false, kind: "rate-limited", retryAfterMs: 250 });
  });

  test("nothing of the URL's secret in what fails", async () => {
    const [, token = ""] = /([^/]+)$/.exec(webhookUrl) ?? [];
    const body = { message: `No webhook at ${webhookUrl} with ${token}`, code: 10015 };
    rig.simulator.store.addFault({ kind: "respond", status: 404, body, times: 1 });
    const result = await send({ text: "x" });
    expect(result).toMatchObject({ ok: false, kind: "recipient-gone" });
    expect(JSON.stringify(result)).not.toContain(token);
  });
});

afterAll(() => {
  expect(unused()).toEqual([]);
});
