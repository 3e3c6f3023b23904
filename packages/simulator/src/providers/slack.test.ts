import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { type Called, post, receiver } from "../test/calls.ts";
import { utf8 } from "../wire/bytes.ts";

const { token, signingSecret, webhookUrl } = simulatorCredentials.slack;
const headers = { "content-type": "application/json; charset=utf-8", authorization: `Bearer ${token}` };
const message = { channel: "C012AB3CD", text: "Hi" };
const section = (text: string): object => ({ type: "section", text: { type: "mrkdwn", text } });
const plain = (length: number): object => ({ type: "plain_text", text: "x".repeat(length) });
const metadata = { event_type: "carillon_message", event_payload: { carillon_message_id: "msg_1", order: "42" } };

const call = (simulator: Simulator, method: string, body: unknown, sent: Record<string, string> = headers) =>
  post(simulator, `https://slack.com/api/${method}`, sent, body);
const postMessage = (body: unknown, sent?: Record<string, string>): Promise<Called> =>
  call(createSimulator(), "chat.postMessage", body, sent);

describe("what the Web API refuses, with status 200", () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  test.each([
    ["no token", message, { ...headers, authorization: "" }, "not_authed"],
    ["a token in JSON", { ...message, token }, { "content-type": "application/json" }, "not_authed"],
    ["another token", message, { ...headers, authorization: "Bearer xoxb-other" }, "invalid_auth"],
    ["another token in a form", "token=xoxb-other&channel=C012&text=x", form, "invalid_auth"],
    ["broken JSON", "{", headers, "invalid_json"],
    ["a list", [message], headers, "json_not_object"],
    ["text", "hi", { ...headers, "content-type": "text/csv" }, "invalid_post_type"],
    [
      "another charset",
      message,
      { ...headers, "content-type": "application/json; charset=latin-9" },
      "invalid_charset",
    ],
    ["no channel", { text: "x" }, headers, "invalid_arguments"],
    ["a channel's name", { channel: "#general", text: "x" }, headers, "channel_not_found"],
    ["a channel that is not there", { channel: "CNOTFOUND", text: "x" }, headers, "channel_not_found"],
    ["an archived channel", { channel: "CARCHIVED", text: "x" }, headers, "is_archived"],
    ["a channel without the bot", { channel: "CNOTMEMBER", text: "x" }, headers, "not_in_channel"],
    ["a read-only channel", { channel: "CREADONLY", text: "x" }, headers, "restricted_action_read_only_channel"],
    ["no content", { channel: "C012AB3CD", blocks: [] }, headers, "no_text"],
    ["an unknown argument", { ...message, threadTs: "1.2" }, headers, "invalid_arg_name"],
    ["a number for text", { ...message, text: 7 }, headers, "invalid_arguments"],
    [
      "101 attachments",
      { ...message, attachments: Array.from({ length: 101 }, () => ({})) },
      headers,
      "too_many_attachments",
    ],
    ["blocks that are no list", { ...message, blocks: { type: "divider" } }, headers, "invalid_blocks_format"],
    ["51 blocks", { ...message, blocks: Array.from({ length: 51 }, () => section("x")) }, headers, "invalid_blocks"],
    ["a long section", { ...message, blocks: [section("x".repeat(3001))] }, headers, "invalid_blocks"],
    ["an empty section", { ...message, blocks: [{ type: "section" }] }, headers, "invalid_blocks"],
    ["a long header", { ...message, blocks: [{ type: "header", text: plain(151) }] }, headers, "invalid_blocks"],
    [
      "26 buttons",
      {
        ...message,
        blocks: [{ type: "actions", elements: Array.from({ length: 26 }, () => ({ type: "button", text: plain(1) })) }],
      },
      headers,
      "invalid_blocks",
    ],
    [
      "too much markdown",
      { ...message, blocks: [7000, 7000].map((length) => ({ type: "markdown", text: "x".repeat(length) })) },
      headers,
      "invalid_blocks",
    ],
    ["metadata without a type", { ...message, metadata: { event_payload: {} } }, headers, "invalid_metadata_format"],
  ])("%s", async (_, body, sent, error) => {
    const answer = await postMessage(body, sent);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ ok: false, error });
  });

  test("an unknown method", async () => {
    expect((await call(createSimulator(), "chat.post", message)).json).toMatchObject({ error: "unknown_method" });
  });

  test("says where blocks are wrong", async () => {
    const { json } = await postMessage({ ...message, blocks: [section("x"), section("")] });
    expect(json.response_metadata.messages[0]).toContain("[json-pointer:/blocks/1");
  });
});

describe("chat.postMessage", () => {
  test("takes JSON, and the same as a form", async () => {
    const simulator = createSimulator();
    const body = { ...message, blocks: [section("*Hi*")], thread_ts: "1.2", unfurl_links: false, metadata };
    const asForm = new URLSearchParams(
      Object.entries(body).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
    );
    const json = await call(simulator, "chat.postMessage", body);
    const form = await call(simulator, "chat.postMessage", `${asForm}&token=${token}`, {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(json.json).toMatchObject({ ok: true, channel: "C012AB3CD", message: { text: "Hi", thread_ts: "1.2" } });
    expect(json.json.ts).toMatch(/^\d{10}\.\d{6}$/);
    const [second, first] = simulator.store.messages({}, 10).items;
    expect(first).toMatchObject({ providerMessageId: `C012AB3CD:${json.json.ts}`, messageId: "msg_1" });
    const contents = [first, second].map((item) => item && simulator.store.message(item.id)?.content);
    expect(contents[0]).toEqual({
      kind: "slack",
      target: "C012AB3CD",
      text: "Hi",
      blocks: body.blocks,
      threadTs: "1.2",
    });
    expect(contents[1]).toEqual(contents[0]);
    expect(form.json.message).toEqual({ ...json.json.message, ts: form.json.ts });
  });

  test("to a person opens a direct conversation", async () => {
    expect((await postMessage({ channel: "U012AB3CD", text: "Hi" })).json.channel).toBe("D012AB3CD");
  });

  test("warns of JSON without a charset", async () => {
    const { json } = await postMessage(message, { ...headers, "content-type": "application/json" });
    expect(json).toMatchObject({ ok: true, warning: "missing_charset" });
  });

  test("cuts what is too long", async () => {
    const { json } = await postMessage({ ...message, text: "x".repeat(40_001) });
    expect(json.message.text).toHaveLength(40_000);
  });
});

describe("edits", () => {
  const posted = async (simulator: Simulator): Promise<{ channel: string; ts: string; id: string }> => {
    const { json } = await call(simulator, "chat.postMessage", { ...message, blocks: [section("old")] });
    return { channel: json.channel, ts: json.ts, id: simulator.store.messages({}, 1).items[0]!.id };
  };

  test("chat.update changes what is mentioned", async () => {
    const simulator = createSimulator();
    const { channel, ts, id } = await posted(simulator);
    expect((await call(simulator, "chat.update", { channel, ts, text: "Done" })).json).toMatchObject({
      ok: true,
      channel,
      ts,
      text: "Done",
    });
    expect(simulator.store.message(id)?.content).toMatchObject({ text: "Done", blocks: [section("old")] });
    await call(simulator, "chat.update", { channel, ts, text: "Gone", blocks: [] });
    expect(simulator.store.message(id)?.content).toMatchObject({ text: "Gone", blocks: [] });
  });

  test("chat.delete deletes once", async () => {
    const simulator = createSimulator();
    const { channel, ts } = await posted(simulator);
    expect((await call(simulator, "chat.delete", { channel, ts })).json).toEqual({ ok: true, channel, ts });
    for (const method of ["chat.delete", "chat.update"]) {
      const body = { channel, ts, ...(method === "chat.update" && { text: "x" }) };
      expect((await call(simulator, method, body)).json).toMatchObject({ ok: false, error: "message_not_found" });
    }
  });

  test.each([
    ["chat.update", { channel: "C012AB3CD", ts: "1.2", text: "x" }, "message_not_found"],
    ["chat.update", { channel: "U012AB3CD", ts: "1.2", text: "x" }, "channel_not_found"],
    ["chat.update", { channel: "C012AB3CD", ts: "1.2" }, "no_text"],
    ["chat.delete", { channel: "C012AB3CD" }, "invalid_arguments"],
    ["chat.delete", { channel: "C012AB3CD", ts: "1.2", text: "x" }, "invalid_arg_name"],
  ])("%s refuses %o", async (method, body, error) => {
    expect((await call(createSimulator(), method, body)).json).toMatchObject({ ok: false, error });
  });
});

test("auth.test says who the token is", async () => {
  const { json } = await call(createSimulator(), "auth.test", {});
  expect(json).toMatchObject({ ok: true, team_id: "T0SIMULAT", bot_id: "B0SIMULAT" });
});

describe("incoming webhooks", () => {
  const json = { "content-type": "application/json" };
  const hook = async (
    body: unknown,
    {
      url = webhookUrl,
      sent = json,
      simulator = createSimulator(),
    }: { url?: string; sent?: object; simulator?: Simulator } = {},
  ): Promise<readonly [number, string]> => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await simulator.fetch(url, { method: "POST", headers: { ...sent }, body: text });
    return [response.status, await response.text()];
  };
  const other = (part: string): string => webhookUrl.replace("B0SIMULAT", part);

  test("take JSON, or a form, and say ok", async () => {
    const simulator = createSimulator();
    expect(await hook({ text: "Hi", metadata }, { simulator })).toEqual([200, "ok"]);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(await hook(`payload=${encodeURIComponent('{"text":"Hi"}')}`, { sent: form, simulator })).toEqual([
      200,
      "ok",
    ]);
    const [second, first] = simulator.store.messages({}, 10).items;
    expect(first).toMatchObject({ recipients: ["T0SIMULAT/B0SIMULAT"], messageId: "msg_1" });
    expect(second).toMatchObject({ recipients: ["T0SIMULAT/B0SIMULAT"], title: "Hi" });
  });

  test("are served below one base URL with the Web API", async () => {
    const url = `http://localhost/slack.com${new URL(webhookUrl).pathname}`;
    expect(await hook({ text: "Hi" }, { url })).toEqual([200, "ok"]);
  });

  test("are kept without what is secret of their URL", async () => {
    const simulator = createSimulator();
    await hook({ text: "Hi" }, { simulator });
    const [{ id } = { id: "" }] = simulator.store.messages({}, 1).items;
    const kept = JSON.stringify(simulator.store.message(id));
    expect(kept).toContain("B0SIMULAT");
    expect(kept).not.toContain("simulatorOnly");
  });

  test.each([
    ["broken JSON", "{", webhookUrl, 400, "invalid_payload"],
    ["an unknown field", { text: "x", title: "x" }, webhookUrl, 400, "invalid_payload"],
    ["no content", {}, webhookUrl, 400, "no_text"],
    ["bad blocks", { blocks: [section("")] }, webhookUrl, 400, "invalid_blocks"],
    ["another token", { text: "x" }, webhookUrl.replace("simulatorOnly", "other"), 403, "invalid_token"],
    ["another workspace", { text: "x" }, webhookUrl.replace("T0SIMULAT", "T0OTHER"), 404, "no_team"],
    ["another path", { text: "x" }, "https://hooks.slack.com/services/x", 404, "no_service"],
    ["a removed webhook", { text: "x" }, other("BNOSERVICE"), 404, "no_service"],
    ["a channel that is gone", { text: "x" }, other("BNOCHANNEL"), 404, "channel_not_found"],
    ["an archived channel", { text: "x" }, other("BARCHIVED"), 410, "channel_is_archived"],
    ["a workspace's rule", { text: "x" }, other("BPROHIBITED"), 403, "action_prohibited"],
  ])("refuse %s", async (_, body, url, status, text) => {
    expect(await hook(body, { url })).toEqual([status, text]);
  });
});

test("faults are Slack's own", async () => {
  const simulator = createSimulator();
  simulator.store.addFault({ kind: "rate-limit", retryAfterSeconds: 30, times: 1 });
  const limited = await call(simulator, "chat.postMessage", message);
  expect([limited.status, limited.headers.get("retry-after"), limited.json.error]).toEqual([429, "30", "ratelimited"]);
  simulator.store.addFault({ kind: "unavailable", times: 1 });
  expect((await call(simulator, "chat.postMessage", message)).status).toBe(503);
});

describe("events", () => {
  test("carry Slack's signature over time and body, and our metadata", async () => {
    const { received, deliver } = receiver();
    const simulator = createSimulator({ webhookTarget: "http://app", deliver, now: () => new Date(1_700_000_000_000) });
    const { json } = await call(simulator, "chat.postMessage", { ...message, metadata });
    await simulator.settle();
    const [event] = received;
    expect(received.map(({ url }) => url)).toEqual(["http://app/v1/webhooks/slack"]);
    expect(JSON.parse(event?.body ?? "")).toMatchObject({
      type: "event_callback",
      event_id: expect.stringMatching(/^Ev\w+$/),
      event: { type: "message_metadata_posted", channel_id: "C012AB3CD", message_ts: json.ts, metadata },
    });
    const key = await crypto.subtle.importKey("raw", utf8(signingSecret), { name: "HMAC", hash: "SHA-256" }, false, [
      "verify",
    ]);
    const hex = /^v0=([0-9a-f]{64})$/.exec(event?.headers.get("x-slack-signature") ?? "")?.[1] ?? "";
    const signature = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    expect(event?.headers.get("x-slack-request-timestamp")).toBe("1700000000");
    expect(await crypto.subtle.verify("HMAC", key, signature, utf8(`v0:1700000000:${event?.body}`))).toBe(true);
  });

  test("tell of a channel that was archived, and of a click, which comes as a form", async () => {
    const { received, deliver } = receiver();
    const simulator = createSimulator({ webhookTarget: "http://app", deliver });
    await call(simulator, "chat.postMessage", { channel: "CSUPPRESSED", text: "x" });
    await call(simulator, "chat.postMessage", { channel: "CCLICKED", text: "x" });
    await simulator.settle();
    const bodies = received.map(({ body }) => body);
    const archived = bodies.find((body) => body.startsWith("{")) ?? "";
    expect(JSON.parse(archived)).toMatchObject({ event: { type: "channel_archive", channel: "CSUPPRESSED" } });
    const payload = new URLSearchParams(bodies.find((body) => body !== archived)).get("payload");
    expect(JSON.parse(payload ?? "")).toMatchObject({ type: "block_actions", channel: { id: "CCLICKED" } });
  });
});
