/* oxlint-disable unicorn/require-post-message-target-origin -- Slack calls its method by the same name */
import { simulatorCredentials } from "@carillon/simulator";
import {
  type ChatPostMessageArguments,
  type ChatUpdateArguments,
  type Logger,
  LogLevel,
  WebClient,
} from "@slack/web-api";
import { IncomingWebhook, type IncomingWebhookSendArguments } from "@slack/webhook";
import { createNotifier, type Input, receiveWebhook } from "carillon";
import { deleteSlackMessage, slack, slackWebhook, updateSlackMessage } from "carillon/providers/slack";
import { afterAll, describe, expect, test } from "vitest";
import { type Arrived, fieldsOf } from "./arrived.ts";
import { type Allowed, createParity } from "./harness.ts";

const { token, webhookUrl, signingSecret } = simulatorCredentials.slack;
const ownId = "Carillon adds its id of the message, which Slack's events repeat";
const webhooks: { url: string; headers: Headers; body: string }[] = [];
const { rig, same, unused } = createParity({
  allowed: [{ field: /^body\.metadata\./, reason: ownId }],
  simulator: {
    webhookTarget: "https://app.example",
    deliver: (url, { headers, body }) => {
      webhooks.push({ url, headers: new Headers(headers), body: body as string });
      return Promise.resolve(new Response());
    },
  },
});

/** Errors are what is tested here: nobody needs to read them besides. */
const ignore = (): void => undefined;
const logger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  setLevel: ignore,
  getLevel: () => LogLevel.ERROR,
  setName: ignore,
};
/** Made while they are needed: they take hold of `fetch` when they are made. */
const clientOf = (key = token) =>
  new WebClient(key, { retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, logger });
const hookOf = (url = webhookUrl) => new IncomingWebhook(url);
const provider = slack({ token });
const notifier = createNotifier({ slack: [provider], fetch: rig.fetch, attempts: 1 });

const header = { type: "header", text: { type: "plain_text", text: "Deployed" } } as const;
const blocks = [
  header,
  { type: "section", text: { type: "mrkdwn", text: "*api* &lt;v2&gt; & more, <https://example.com|see> 🎉" } },
  { type: "divider" },
  {
    type: "actions",
    elements: [{ type: "button", action_id: "ok", text: { type: "plain_text", text: "OK" }, value: "1+1=2" }],
  },
] as const;
const to = "C012AB3CD";
const threadTs = "1503435956.000247";

/** The SDK always sends a form; this is the same in JSON. */
function asJson({ headers, body, ...rest }: Arrived): Arrived {
  const form = [...new URLSearchParams(new TextDecoder().decode(body))];
  const args = form.map(([name, value]) => [name, /^([[{]|true$|false$)/.test(value) ? JSON.parse(value) : value]);
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(args)));
  return { ...rest, headers: new Headers([...headers, ["content-type", "application/json"]]), body: json };
}

const allowed: readonly Allowed[] = [
  { field: "body.metadata.event_payload.carillon_message_id", reason: ownId },
  { field: "body.metadata.event_type", reason: `${ownId}: its event type says whose they are` },
];
const used = new Set<Allowed>();

/** What differs between the one request of each, beyond what is allowed. */
async function differences(official: () => Promise<unknown>, carillon: () => Promise<unknown>): Promise<object> {
  rig.arrived();
  await rig.official(official);
  const theirs = rig.arrived();
  await carillon();
  const ours = rig.arrived();
  expect([theirs.length, ours.length]).toEqual([1, 1]);
  expect(theirs[0]?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
  const headers = new Headers(theirs[0]?.headers);
  headers.delete("content-type");
  const left = await fieldsOf(asJson({ ...theirs[0]!, headers }));
  const right = await fieldsOf(ours[0]!);
  const found: Record<string, unknown> = {};
  for (const field of new Set([...left.keys(), ...right.keys()])) {
    const pair = [left.get(field), right.get(field)];
    const rule = allowed.find((each) => each.field === field);
    if (pair[0] === pair[1]) continue;
    if (rule) used.add(rule);
    else found[field] = pair;
  }
  return found;
}

type Ours = Omit<Input<"slack">, "channel" | "to">;

describe("chat.postMessage", () => {
  const messages: readonly { name: string; theirs: ChatPostMessageArguments; ours: Ours }[] = [
    { name: "text alone", theirs: { channel: to, text: "Hi" }, ours: { text: "Hi" } },
    {
      name: "text that a form writes in a way of its own",
      theirs: { channel: to, text: "a b+c%20&d=e~*-._!'()\n€“é漢🙂" },
      ours: { text: "a b+c%20&d=e~*-._!'()\n€“é漢🙂" },
    },
    {
      name: "blocks, a thread, metadata and options",
      theirs: {
        channel: to,
        text: "Deployed",
        blocks: [...blocks] as never,
        thread_ts: threadTs,
        reply_broadcast: true,
        unfurl_links: false,
        unfurl_media: true,
        mrkdwn: false,
        username: "Ship It",
        icon_emoji: ":rocket:",
        metadata: { event_type: "deployed", event_payload: { order: "42" } },
      },
      ours: {
        text: "Deployed",
        blocks,
        threadTs,
        metadata: { order: "42" },
        providerOptions: {
          slack: {
            replyBroadcast: true,
            unfurlLinks: false,
            unfurlMedia: true,
            mrkdwn: false,
            username: "Ship It",
            iconEmoji: ":rocket:",
          },
        },
      },
    },
  ];

  test.each(messages)("$name", async ({ theirs, ours }) => {
    const found = await differences(
      () => clientOf().chat.postMessage(theirs),
      () => notifier.send({ channel: "slack", to, ...ours }),
    );
    expect(found).toEqual({});
  });
});

describe("edits", () => {
  test("chat.update and chat.delete", async () => {
    const sent = await notifier.send({ channel: "slack", to, text: "Hi" });
    const providerMessageId = (sent.ok && "providerMessageId" in sent && sent.providerMessageId) || "";
    const place = { channel: to, ts: providerMessageId.split(":")[1] ?? "" };
    const update: ChatUpdateArguments = { ...place, text: "Done", blocks: [header] };
    expect(
      await differences(
        () => clientOf().chat.update(update),
        () => notifier.call(updateSlackMessage(provider, { providerMessageId, text: "Done", blocks: [header] })),
      ),
    ).toEqual({});
    let results: readonly unknown[] = [];
    expect(
      await differences(
        async () => (results = [await clientOf().chat.delete(place)]),
        async () => (results = [...results, await notifier.call(deleteSlackMessage(provider, { providerMessageId }))]),
      ),
    ).toEqual({});
    expect(results).toMatchObject([
      { ok: true, ts: place.ts },
      { ok: true, value: { existed: false } },
    ]);
  });
});

describe("incoming webhooks", () => {
  const messages: readonly { name: string; theirs: string | IncomingWebhookSendArguments; ours: Ours }[] = [
    { name: "text alone", theirs: "Hi", ours: { text: "Hi" } },
    {
      name: "blocks, metadata and options",
      theirs: {
        text: "Deployed",
        blocks: [...blocks] as never,
        unfurl_links: false,
        metadata: { event_type: "deployed", event_payload: { order: "42" } },
      },
      ours: {
        text: "Deployed",
        blocks,
        metadata: { order: "42" },
        providerOptions: { slack: { unfurlLinks: false } },
      },
    },
  ];

  test.each(messages)("$name", async ({ theirs, ours }) => {
    await same(
      () => hookOf().send(theirs),
      () => notifier.send({ channel: "slack", to: { webhookUrl }, ...ours }),
    );
  });
});

describe("the official SDKs understand the simulator, and mean by its answers what Carillon means", () => {
  test("success", async () => {
    const posted = await rig.official(() => clientOf().chat.postMessage({ channel: to, text: "Hi" }));
    expect(posted).toMatchObject({ ok: true, channel: to, message: { text: "Hi" } });
    expect(await rig.official(() => clientOf().auth.test())).toMatchObject({ ok: true, bot_id: "B0SIMULAT" });
    expect(await rig.official(() => hookOf().send("Hi"))).toEqual({ text: "ok" });
  });

  test.each([
    ["CNOTFOUND", "channel_not_found", "rejected"],
    ["CARCHIVED", "is_archived", "recipient-gone"],
    ["CNOTMEMBER", "not_in_channel", "rejected"],
    ["CREADONLY", "restricted_action_read_only_channel", "rejected"],
  ])("a channel that refuses: %s", async (channel, error, kind) => {
    const theirs = rig.official(() => clientOf().chat.postMessage({ channel, text: "Hi" }));
    await expect(theirs).rejects.toMatchObject({ code: "slack_webapi_platform_error", data: { ok: false, error } });
    const ours = await notifier.send({ channel: "slack", to: channel, text: "Hi" });
    expect(ours).toMatchObject({ ok: false, kind, providerCode: error, mayHaveBeenSent: false });
  });

  test("another token", async () => {
    const theirs = rig.official(() => clientOf("xoxb-wrong").chat.postMessage({ channel: to, text: "Hi" }));
    await expect(theirs).rejects.toMatchObject({ data: { error: "invalid_auth" } });
    const other = createNotifier({ slack: [slack({ token: "xoxb-wrong" })], fetch: rig.fetch, attempts: 1 });
    expect(await other.send({ channel: "slack", to, text: "Hi" })).toMatchObject({
      kind: "unauthorized",
      providerCode: "invalid_auth",
    });
  });

  test.each([
    ["header", { type: "header", text: { type: "plain_text", text: "x".repeat(151) } }, "blocks.0.text.text"],
    ["empty text", { type: "section", text: { type: "mrkdwn", text: "" } }, "blocks.0.text.text"],
    [
      "button",
      { type: "actions", elements: [{ type: "button", text: { type: "plain_text", text: "x".repeat(76) } }] },
      "blocks.0.elements.0.text.text",
    ],
    ["context", { type: "context", elements: Array.from({ length: 11 }, () => header.text) }, "blocks.0.elements"],
  ])("blocks over a limit, which Carillon does not even send: %s", async (_name, block, field) => {
    const theirs = rig.official(() =>
      clientOf().chat.postMessage({ channel: to, text: "Hi", blocks: [block] as never }),
    );
    await expect(theirs).rejects.toMatchObject({ data: { error: "invalid_blocks" } });
    rig.arrived();
    const ours = await notifier.send({ channel: "slack", to, text: "Hi", blocks: [block] });
    expect(ours).toMatchObject({ kind: "invalid-message", field });
    expect(rig.arrived()).toEqual([]);
  });

  test("blocks at their limits go out, and are taken", async () => {
    const text = (length: number) => ({ type: "plain_text", text: "x".repeat(length) });
    const option = { text: text(75), description: text(75), value: "v".repeat(150) };
    const confirm = { title: text(100), text: text(300), confirm: text(30), deny: text(30) };
    const button = {
      type: "button",
      action_id: "a".repeat(255),
      text: text(75),
      value: "v".repeat(2000),
      url: `https://example.com/${"u".repeat(2980)}`,
      accessibility_label: "l".repeat(75),
      confirm,
    };
    const many = <T>(length: number, item: T): T[] => Array.from({ length }, () => item);
    const limits = [
      { type: "header", block_id: "b".repeat(255), text: text(150) },
      { type: "section", text: { type: "mrkdwn", text: "x".repeat(3000) }, fields: many(10, text(2000)) },
      { type: "context", elements: many(10, text(3000)) },
      { type: "actions", elements: many(25, button) },
      {
        type: "actions",
        elements: [
          { type: "overflow", options: many(5, option) },
          { type: "checkboxes", options: many(10, option) },
          { type: "radio_buttons", options: many(10, option) },
          { type: "static_select", options: many(100, option) },
          { type: "multi_static_select", option_groups: many(100, { label: text(75), options: [option] }) },
        ],
      },
      { type: "image", image_url: "https://example.com/i.png", alt_text: "x".repeat(2000), title: text(2000) },
      { type: "video", alt_text: "x".repeat(200), title: text(200) },
      { type: "table", rows: many(100, many(20, { type: "raw_text", text: "" })) },
      { type: "markdown", text: "x".repeat(12_000) },
    ];
    for (const some of [...limits.map((block) => [block]), many(50, { type: "divider" })]) {
      const sent = await notifier.send({ channel: "slack", to, text: "x".repeat(40_000), blocks: some });
      expect(sent, some[0]?.type).toMatchObject({ ok: true, outcome: "sent" });
    }
  });

  test("a rate limit", async () => {
    rig.simulator.store.addFault({ kind: "rate-limit", provider: "slack", retryAfterSeconds: 30, times: 2 });
    const theirs = rig.official(() => clientOf().chat.postMessage({ channel: to, text: "Hi" }));
    await expect(theirs).rejects.toMatchObject({ code: "slack_webapi_rate_limited_error", retryAfter: 30 });
    expect(await notifier.send({ channel: "slack", to, text: "Hi" })).toMatchObject({
      kind: "rate-limited",
      retryAfterMs: 30_000,
    });
  });

  test("an edit of what is not there", async () => {
    const theirs = rig.official(() => clientOf().chat.update({ channel: to, ts: "1.000001", text: "x" }));
    await expect(theirs).rejects.toMatchObject({ data: { error: "message_not_found" } });
    const ours = await notifier.call(updateSlackMessage(provider, { providerMessageId: `${to}:1.000001`, text: "x" }));
    expect(ours).toMatchObject({ kind: "rejected", providerCode: "message_not_found" });
  });

  test.each([
    ["BNOSERVICE", 404, "no_service", "recipient-gone"],
    ["BNOCHANNEL", 404, "channel_not_found", "recipient-gone"],
    ["BARCHIVED", 410, "channel_is_archived", "recipient-gone"],
    ["BPROHIBITED", 403, "action_prohibited", "rejected"],
  ])("an incoming webhook that refuses: %s", async (part, statusCode, body, kind) => {
    const url = webhookUrl.replace("B0SIMULAT", part);
    const theirs = rig.official(() => hookOf(url).send("Hi"));
    await expect(theirs).rejects.toMatchObject({ code: "slack_webhook_http_error", statusCode, body });
    const ours = await notifier.send({ channel: "slack", to: { webhookUrl: url }, text: "Hi" });
    expect(ours).toMatchObject({ kind, status: statusCode, providerCode: body });
    expect(JSON.stringify(ours)).not.toContain("simulatorOnly");
  });
});

test("the simulator's events are Slack's, and find their message", async () => {
  await rig.simulator.settle();
  webhooks.splice(0);
  await notifier.send({ channel: "slack", to: "CSUPPRESSED", text: "Hi" }, { messageId: "msg_of_event" });
  await rig.simulator.settle();
  const events = [];
  for (const { url, headers, body } of webhooks) {
    const request = new Request(url, { method: "POST", headers, body });
    const received = await receiveWebhook(slackWebhook({ signingSecret }), request);
    if (received.ok) events.push(...received.events);
  }
  expect(events).toMatchObject([
    { type: "delivered", messageId: "msg_of_event", address: "CSUPPRESSED" },
    { type: "suppressed", address: "CSUPPRESSED" },
  ]);
});

afterAll(() => {
  expect(unused()).toEqual([]);
  expect(allowed.filter((rule) => !used.has(rule))).toEqual([]);
});
