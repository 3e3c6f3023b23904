import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { post, receiver } from "../test/calls.ts";
import { fromBase64, utf8 } from "../wire/bytes.ts";
import { ping, webhook } from "./discord/webhook.ts";

const { webhookUrl, webhookPublicKey } = simulatorCredentials.discord;
const id = "100000000000000001";
const [, token = ""] = /([^/]+)$/.exec(webhookUrl) ?? [];
const api = (webhook: string = id): string => `https://discord.com/api/v10/webhooks/${webhook}/${token}`;
const client = { "user-agent": "DiscordBot (https://example.com, 1)" };
const headers = { ...client, "content-type": "application/json" };
const button = { type: 1, components: [{ type: 2, style: 5, label: "Open", url: "https://example.com/" }] };
const thread = "412345678901234567";

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line typescript/no-explicit-any -- tests compare it with what they expect
  readonly json: any;
}

async function call(simulator: Simulator, method: string, url: string, body?: unknown): Promise<Answered> {
  const text = body === undefined ? null : JSON.stringify(body);
  const response = await simulator.fetch(url, { method, headers, body: text });
  const answer = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: answer === "" ? undefined : (JSON.parse(answer) as unknown),
  };
}

function form(payload: unknown, ...files: readonly File[]): FormData {
  const data = new FormData();
  data.append("payload_json", JSON.stringify(payload));
  for (const [index, file] of files.entries()) data.append(`files[${index}]`, file);
  return data;
}

async function postForm(simulator: Simulator, url: string, body: FormData, method = "POST"): Promise<Answered> {
  const response = await simulator.fetch(url, { method, headers: client, body });
  return { status: response.status, headers: response.headers, json: JSON.parse(await response.text()) as unknown };
}

describe("what Discord refuses", () => {
  test.each([
    ["another token", `https://discord.com/api/v10/webhooks/${id}/other`, { content: "x" }, 401, 50027],
    ["a webhook that was deleted", api("100000000000010015"), { content: "x" }, 404, 10015],
    ["a channel in slow mode", api("100000000000020016"), { content: "x" }, 429, 20016],
    ["a link that is known to be harmful", api("100000000000240000"), { content: "x" }, 400, 240000],
    ["a discontinued version", `https://discord.com/api/v5/webhooks/${id}/${token}`, { content: "x" }, 400, 50041],
    ["a thread that is not there", `${api()}?thread_id=100000000000010003`, { content: "x" }, 404, 10003],
    ["a thread that is locked", `${api()}?thread_id=100000000000160005`, { content: "x" }, 400, 160005],
    ["a place that is none", "https://discord.com/api/v10/webhooks", { content: "x" }, 404, 0],
    ["broken JSON", api(), "{", 400, 50109],
    ["no content", api(), {}, 400, 50006],
    ["blank content", api(), { content: " \n" }, 400, 50006],
    ["components that it is not asked to heed", api(), { components: [button] }, 400, 50006],
    ["a forum without a thread", api("100000000000220000"), { content: "x" }, 400, 220001],
    ["a new thread in a text channel", api(), { content: "x", thread_name: "t" }, 400, 220003],
    ["two threads", `${api()}?thread_id=${thread}`, { content: "x", thread_name: "t" }, 400, 220002],
  ])("%s", async (_, url, body, status, code) => {
    const answer = await post(createSimulator(), url, headers, body);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  const times = (count: number, item: object): object[] => Array.from({ length: count }, () => item);
  const v2 = (...components: readonly object[]): object => ({ flags: 32768, components });
  const rows = (count: number): object => ({ content: "x", components: times(count, button) });
  const fields = (count: number): object => ({ embeds: [{ fields: times(count, { name: "n", value: "v" }) }] });

  test.each([
    ["content", { content: "x".repeat(2001) }],
    ["embeds", { embeds: times(11, { title: "x" }) }],
    ["embeds.0.title", { embeds: [{ title: "x".repeat(257) }] }],
    ["embeds.0.description", { embeds: [{ description: "x".repeat(4097) }] }],
    ["embeds.0.fields", fields(26)],
    ["embeds.0.fields.0.name", { embeds: [{ fields: [{ name: " ", value: "v" }] }] }],
    ["embeds.0.fields.0.value", { embeds: [{ fields: [{ name: "n", value: "x".repeat(1025) }] }] }],
    ["embeds.0.footer.text", { embeds: [{ footer: { text: "x".repeat(2049) } }] }],
    ["embeds.0.color", { embeds: [{ color: 0x1000000 }] }],
    ["embeds", { embeds: [{ description: "x".repeat(4096) }, { description: "x".repeat(1905) }] }],
    ["username", { content: "x", username: "My Discord" }],
    ["username", { content: "x", username: "x".repeat(81) }],
    ["avatar_url", { content: "x", avatar_url: "no" }],
    ["allowed_mentions", { content: "x", allowed_mentions: { parse: ["users"], users: [thread] } }],
    ["allowed_mentions.parse.0", { content: "x", allowed_mentions: { parse: ["all"] } }],
    ["flags", { content: "x", flags: 1 }],
    ["flags", { content: "x", ...v2({ type: 10, content: "y" }) }],
    ["components", v2(...times(41, { type: 10, content: "y" }))],
    ["components", rows(6)],
    ["components.0", { content: "x", components: [{ type: 10, content: "y" }] }],
    ["components", { ...rows(1), components: [{ type: 1, components: [{ type: 2, style: 1, custom_id: "c" }] }] }],
    ["attachments.0.id", { content: "x", attachments: [{ id: 0 }] }],
    ["text", { text: "x" }],
  ])("%s that breaks its rule", async (path, body) => {
    const { status, json } = await call(createSimulator(), "POST", `${api()}?with_components=true`, body);
    expect([status, json.code]).toEqual([400, 50035]);
    const errors = path.split(".").reduce((node, key) => node[key], json.errors);
    expect(errors["_errors"][0]).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  });

  test("a client that does not say what it is, another content type, another method, another boolean", async () => {
    const simulator = createSimulator();
    const nameless = await simulator.fetch(api(), { method: "POST", body: "{}", headers: { "user-agent": "" } });
    expect([nameless.status, (await nameless.json()).code]).toEqual([403, 40333]);
    const plain = await post(simulator, api(), { ...client, "content-type": "text/plain" }, '{"content":"x"}');
    expect([plain.status, plain.json.code]).toEqual([400, 50035]);
    expect((await call(simulator, "PUT", api(), {})).status).toBe(405);
    expect((await call(simulator, "POST", `${api()}?wait=yes`, { content: "x" })).json.errors).toHaveProperty("wait");
  });

  test("files that are too large, and too many", async () => {
    const simulator = createSimulator();
    const large = new File([new Uint8Array(10 * 1024 * 1024 + 1)], "a");
    expect((await postForm(simulator, api(), form({}, large))).json.code).toBe(40005);
    const many = Array.from({ length: 11 }, () => new File(["x"], "a"));
    expect((await postForm(simulator, api(), form({}, ...many))).json.code).toBe(30015);
  });
});

describe("what Discord takes", () => {
  test("a message, told at once or when it is stored", async () => {
    const simulator = createSimulator();
    const silent = await call(simulator, "POST", api(), { content: "One" });
    expect([silent.status, silent.json]).toEqual([204, undefined]);
    const told = await call(simulator, "POST", `${api()}?wait=true`, { content: " Two ", username: "Ada" });
    expect(told.status).toBe(200);
    expect(told.json).toMatchObject({ content: "Two", webhook_id: id, author: { username: "Ada" } });
    expect(told.json.id).toMatch(/^\d{18,19}$/);
    expect(told.headers.get("x-ratelimit-remaining")).toBe("4");
    const [second, first] = simulator.store.messages({}, 10).items;
    expect(first).toMatchObject({ kind: "discord", recipients: [id], preview: expect.any(String) });
    expect(second?.providerMessageId).toBe(told.json.id);
  });

  test.each(["discordapp.com", "ptb.discord.com", "canary.discord.com", "localhost/discord.com"])(
    "on %s, with and without a version",
    async (host) => {
      const simulator = createSimulator();
      for (const version of ["", "/v9", "/v10"]) {
        const url = `https://${host}/api${version}/webhooks/${id}/${token}?wait=1`;
        expect((await call(simulator, "POST", url, { content: "x" })).status).toBe(200);
      }
    },
  );

  test("files beside a payload, which embeds may show", async () => {
    const simulator = createSimulator();
    const payload = { embeds: [{ image: { url: "attachment://a.txt" } }], attachments: [{ id: 0, filename: "a.txt" }] };
    const file = new File(["Hello"], "a.txt", { type: "text/plain" });
    const { json } = await postForm(simulator, `${api()}?wait=true`, form(payload, file));
    expect(json.attachments).toMatchObject([{ filename: "a.txt", size: 5, content_type: "text/plain" }]);
    const [summary] = simulator.store.messages({}, 1).items;
    const stored = simulator.store.message(summary?.id ?? "");
    expect(stored?.content).toMatchObject({ files: [{ filename: "a.txt", base64: "SGVsbG8=" }] });
  });

  test("a new thread in a forum, which has the id of its message", async () => {
    const simulator = createSimulator();
    const body = { content: "x", thread_name: "Topic", applied_tags: [thread] };
    const { json } = await call(simulator, "POST", `${api("100000000000220000")}?wait=true`, body);
    expect(json.channel_id).toBe(json.id);
  });

  test("a look at the webhook, and a new name", async () => {
    const simulator = createSimulator();
    expect((await call(simulator, "GET", api())).json).toMatchObject({ id, type: 1, token });
    expect((await call(simulator, "PATCH", api(), { name: "News" })).json).toMatchObject({ name: "News" });
    expect((await call(simulator, "PATCH", api(), { name: "Clyde" })).json.code).toBe(50035);
  });

  test("nothing secret is kept", async () => {
    const simulator = createSimulator();
    await call(simulator, "POST", api(), { content: "x" });
    await call(simulator, "POST", api(), {});
    const [message] = simulator.store.messages({}, 1).items;
    const kept = [simulator.store.message(message?.id ?? "")?.request, simulator.store.otherRequests(10).items];
    expect(JSON.stringify(kept)).toContain(`/webhooks/${id}/`);
    expect(JSON.stringify(kept)).not.toContain(token);
  });
});

describe("edits and deletions", () => {
  async function sent(simulator: Simulator, query = ""): Promise<string> {
    const file = new File(["Hello"], "a.txt");
    const url = `${api()}?wait=true${query}`;
    return (await postForm(simulator, url, form({ content: "One" }, file))).json.id as string;
  }
  const contentOf = (simulator: Simulator, message: string): unknown =>
    simulator.store.messageOf("discord", message)?.content;

  test("an edit changes what it names", async () => {
    const simulator = createSimulator();
    const message = await sent(simulator);
    const url = `${api()}/messages/${message}`;
    const edited = await call(simulator, "PATCH", url, { content: "Two" });
    expect(edited.json).toMatchObject({ id: message, content: "Two", edited_timestamp: expect.any(String) });
    expect(contentOf(simulator, message)).toMatchObject({ text: "Two", files: [{ filename: "a.txt" }] });
    expect((await call(simulator, "PATCH", url, { content: null, attachments: [] })).json.code).toBe(50006);
    await call(simulator, "PATCH", url, { content: null, embeds: [{ title: "Three" }], attachments: [] });
    expect(contentOf(simulator, message)).toMatchObject({ text: undefined, embeds: [{ title: "Three" }], files: [] });
    expect((await call(simulator, "GET", url)).json).toMatchObject({ content: "", embeds: [{ title: "Three" }] });
  });

  test("attachments that an edit lists stay or come, the others go", async () => {
    const simulator = createSimulator();
    const message = await sent(simulator);
    const url = `${api()}/messages/${message}`;
    const [first] = (await call(simulator, "GET", url)).json.attachments;
    const payload = { attachments: [{ id: first.id }, { id: 0, filename: "b.txt" }] };
    const { json } = await postForm(simulator, url, form(payload, new File(["x"], "b.txt")), "PATCH");
    expect(json.attachments).toMatchObject([{ id: first.id, filename: "a.txt" }, { filename: "b.txt" }]);
    const wrong = await call(simulator, "PATCH", url, { attachments: [{ id: thread }] });
    expect(wrong.json.errors.attachments).toBeDefined();
  });

  test("a message is found by its webhook and thread alone, and once deleted not at all", async () => {
    const simulator = createSimulator();
    const message = await sent(simulator, `&thread_id=${thread}`);
    const url = (webhook = id): string => `${api(webhook)}/messages/${message}`;
    for (const other of [url(), `${url("100000000000000002")}?thread_id=${thread}`, `${api()}/messages/${thread}`]) {
      expect((await call(simulator, "DELETE", other)).json).toMatchObject({ code: 10008 });
    }
    expect((await call(simulator, "DELETE", `${url()}?thread_id=${thread}`)).status).toBe(204);
    expect((await call(simulator, "DELETE", `${url()}?thread_id=${thread}`)).json).toMatchObject({ code: 10008 });
    expect(simulator.store.messageOf("discord", message)?.deletedAtMs).toBeDefined();
  });
});

test("limits and outages are answered as Discord does", async () => {
  const simulator = createSimulator();
  simulator.store.addFault({ kind: "rate-limit", retryAfterSeconds: 3, times: 1 });
  const limited = await call(simulator, "POST", api(), { content: "x" });
  expect([limited.status, limited.headers.get("retry-after"), limited.json.retry_after]).toEqual([429, "3", 3]);
  simulator.store.addFault({ kind: "unavailable", times: 1 });
  expect((await call(simulator, "POST", api(), { content: "x" })).json.code).toBe(130000);
});

test("a webhook that is called too often is told to wait, and others are not, when the settings say so", async () => {
  const simulator = createSimulator({ now: () => new Date("2026-01-02T03:04:05Z") });
  const settings = { providers: { discord: { rateLimits: true } } };
  await call(simulator, "PUT", "http://localhost/api/settings", settings);
  const statuses: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    statuses.push((await call(simulator, "POST", api(), { content: "x" })).status);
  }
  expect(statuses).toEqual([204, 204, 204, 204, 204, 429]);
  expect((await call(simulator, "POST", api("100000000000000002"), { content: "x" })).status).toBe(204);
});

describe("webhook events", () => {
  async function verified(headers: Headers, body: string): Promise<boolean> {
    const hex = (text: string): Uint8Array<ArrayBuffer> =>
      Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    const key = await crypto.subtle.importKey("raw", hex(webhookPublicKey), { name: "Ed25519" }, false, ["verify"]);
    const data = utf8(`${headers.get("x-signature-timestamp")}${body}`);
    return crypto.subtle.verify({ name: "Ed25519" }, key, hex(headers.get("x-signature-ed25519") ?? ""), data);
  }

  test("tell of no message, and of the application when they are asked to", async () => {
    const { received, deliver } = receiver();
    const simulator = createSimulator({ webhookTarget: "https://app.example.com", deliver });
    const { json } = await call(simulator, "POST", `${api()}?wait=true`, { content: "x" });
    await simulator.settle();
    expect(received).toEqual([]);
    const control = "http://localhost/api/webhooks/send";
    await post(simulator, control, headers, { message: json.id, event: "unsubscribed" });
    await simulator.settle();
    expect(received).toHaveLength(1);
    const [event] = received;
    expect(JSON.parse(event?.body ?? "")).toMatchObject({ type: 1, event: { type: "APPLICATION_DEAUTHORIZED" } });
    expect(await verified(event!.headers, event!.body)).toBe(true);
    expect(await verified(event!.headers, `${event!.body} `)).toBe(false);
  });

  test("a ping is signed as well", async () => {
    const delivery = { eventIds: [], payloads: [ping], url: "https://app.example.com", retriesRemaining: 0 };
    const { headers, body } = await webhook.sign({ ...delivery, nowMs: 1_700_000_000_000 });
    expect(JSON.parse(body as string)).toMatchObject({ type: 0 });
    expect(await verified(new Headers(headers), body as string)).toBe(true);
  });
});

test("its keys belong together", async () => {
  const pkcs8 = fromBase64(simulatorCredentials.discord.webhookPrivateKey);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, true, ["sign"]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", key);
  const bytes = fromBase64(x.replaceAll("-", "+").replaceAll("_", "/").padEnd(44, "="));
  expect(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")).toBe(webhookPublicKey);
});
