import { expect, test } from "vitest";
import type { Channel, Outcome, Provider, ProviderResponse } from "carillon";
import { providerChecks, type ProviderSuite } from "./provider-checks.ts";

// The kit on trial: a provider written here, sound or broken in one known way.

/** The least channel that there can be: what is tested is the kit. */
const channel = {
  id: "sms",
  normalise: (input: unknown) => {
    const { to, text } = input as { readonly to?: string; readonly text?: string };
    if (!to || !text) return { ok: false, kind: "invalid-message", field: "to", detail: "Expected a number" };
    return { channel: "sms", to, text, mediaUrls: [], metadata: {}, tags: [], providerOptions: {} };
  },
} as unknown as Channel<"sms">;

function kindOf(status: number): "unavailable" | "rate-limited" | "unauthorized" | "invalid-message" {
  if (status >= 500) return "unavailable";
  if (status === 429) return "rate-limited";
  return status === 401 ? "unauthorized" : "invalid-message";
}

function read({ status, json }: ProviderResponse): Outcome {
  if (status >= 300) return { ok: false, kind: kindOf(status), detail: `Answered ${status}` };
  const id = (json as { readonly id?: unknown } | null | undefined)?.id;
  if (typeof id !== "string") return { ok: false, kind: "unexpected-response", detail: "No id" };
  return { ok: true, providerMessageId: id };
}

const soundProvider: Provider<"sms"> = {
  id: "acme",
  account: "default",
  channel,
  idempotency: { maxKeyLength: 64, windowSeconds: 3600 },
  buildRequest: ({ to, text }, { messageId, idempotencyKey }) => {
    if (text === "forbidden") return { ok: false, kind: "invalid-message", detail: "Not this one" };
    return {
      method: "POST",
      url: "https://api.acme.example/send",
      headers: { authorization: "Bearer s3cr3t", "idempotency-key": idempotencyKey },
      body: JSON.stringify({ to, text, ref: messageId }),
      secrets: ["s3cr3t"],
    };
  },
  readResponse: read,
  batch: {
    maxMessages: 2,
    groupKey: () => "all",
    buildRequest: (items, { idempotencyKey }) => ({
      method: "POST",
      url: "https://api.acme.example/batch",
      headers: { authorization: "Bearer s3cr3t", "idempotency-key": idempotencyKey },
      body: JSON.stringify(items.map(({ message, messageId }) => ({ text: message.text, ref: messageId }))),
      secrets: ["s3cr3t"],
    }),
    readResponse: (response, items) => {
      const { status, json } = response;
      if (status >= 300) return read(response) as Extract<Outcome, { ok: false }>;
      const ids = Array.isArray(json) && json.length === items.length ? json : [];
      return items.map((_, i) => read({ ...response, json: { id: ids[i] } }));
    },
  },
};

const fixtures = {
  "./fixtures/send/plain/message.json": '{"to":"+15550100","text":"hi"}',
  "./fixtures/send/plain/request.http":
    'POST https://api.acme.example/send\nidempotency-key: key_0001\nauthorization: Bearer s3cr3t\n\n{"to":"+15550100","text":"hi","ref":"msg_0001"}',
  "./fixtures/send/plain/response.http": 'HTTP/1.1 200 OK\n\n{"id":"a1"}',
  "./fixtures/send/plain/result.json": '{"ok":true,"providerMessageId":"a1"}',
  "./fixtures/send/error-503/response.http": "HTTP/1.1 503 Service Unavailable\n\n",
  "./fixtures/send/error-503/result.json": '{"ok":false,"kind":"unavailable","detail":"Answered 503"}',
  "./fixtures/send/refused/message.json": '{"to":"+15550100","text":"forbidden"}',
  "./fixtures/send/refused/result.json": '{"ok":false,"kind":"invalid-message","detail":"Not this one"}',
  "./fixtures/batch/two/messages.json": '[{"to":"+15550100","text":"hi"},{"to":"+15550101","text":"ho"}]',
  "./fixtures/batch/two/request.http":
    'POST https://api.acme.example/batch\nauthorization: Bearer s3cr3t\nidempotency-key: key_0001\n\n[{"text":"hi","ref":"msg_0001"},{"text":"ho","ref":"msg_0002"}]',
  "./fixtures/batch/two/response.http": 'HTTP/1.1 200 OK\n\n["b1","b2"]',
  "./fixtures/batch/two/results.json": '[{"ok":true,"providerMessageId":"b1"},{"ok":true,"providerMessageId":"b2"}]',
};

function suite(
  flaw: Partial<Provider<"sms">> = {},
  files: Readonly<Record<string, string>> = fixtures,
): ProviderSuite<"sms"> {
  return { create: () => ({ ...soundProvider, ...flaw }), secrets: ["s3cr3t"], fixtures: files };
}

async function failures(subject: ProviderSuite<"sms">): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of providerChecks(subject)) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

test("passes a sound provider", async () => {
  expect(await failures(suite())).toEqual([]);
  expect(providerChecks(suite())).toHaveLength(14);
});

let calls = 0;
const build = soundProvider.buildRequest;

test.each<readonly [string, Partial<Provider<"sms">>, string]>([
  [
    "sends something else",
    {
      buildRequest: async (message, context) =>
        ({ ...(await build(message, context)), url: "https://api.acme.example/" }) as never,
    },
    "plain: makes the request",
  ],
  ["misreads an answer", { readResponse: () => ({ ok: true, providerMessageId: "z" }) }, "plain: reads the answer"],
  [
    "does not refuse what it should",
    { buildRequest: (message, context) => build({ ...message, text: "hi" }, context) },
    "refused: is refused before any request",
  ],
  [
    "makes another request each time",
    { buildRequest: (message, context) => build({ ...message, text: `${message.text}${calls++}` }, context) },
    "makes the same request when it is built again",
  ],
  [
    "writes to its message",
    { buildRequest: (message, context) => build(Object.assign(message, { text: "hi" }), context) },
    "plain: makes the request",
  ],
  [
    "forgets our message id",
    { buildRequest: (message, context) => build(message, { ...context, messageId: "x" }) },
    "carries our message id",
  ],
  [
    "claims no key, and carries one",
    { idempotency: undefined },
    "carries the idempotency key if and only if the provider honours one",
  ],
  [
    "claims a key, and carries none",
    { buildRequest: (message, context) => build(message, { ...context, idempotencyKey: "x" }) },
    "carries the idempotency key if and only if the provider honours one",
  ],
  [
    "does not list a secret",
    { buildRequest: async (message, context) => ({ ...(await build(message, context)), secrets: [] }) as never },
    "lists the secrets of its request, and shows none itself",
  ],
  ["shows a secret", { account: "s3cr3t" }, "lists the secrets of its request, and shows none itself"],
  [
    "takes any 2xx for a success",
    { readResponse: (response) => (response.status < 300 ? { ok: true } : read(response)) },
    "calls a 2xx that says nothing known an unexpected response",
  ],
  [
    "throws for an answer that is no JSON",
    { readResponse: (response) => (JSON.parse(response.text), read(response)) },
    "reads error pages, empty bodies and cut JSON as failures, without a throw",
  ],
  [
    "answers for too few messages of a batch",
    { batch: { ...soundProvider.batch!, readResponse: (response) => [read(response)] } },
    "two: reads any answer without a throw, one outcome for each message",
  ],
  [
    "does not put messages together",
    { batch: { ...soundProvider.batch!, groupKey: ({ text }) => text } },
    "two: makes one request of messages that belong together",
  ],
])("fails a provider that %s", async (_, flaw, expected) => {
  expect(await failures(suite(flaw))).toContain(expected);
});

test("fails a provider that shows a secret in an outcome, even where the fixture has it so", async () => {
  const files = {
    ...fixtures,
    "./fixtures/send/error-503/result.json": '{"ok":false,"kind":"unavailable","detail":"s3cr3t"}',
  };
  const readResponse: typeof read = (response) =>
    response.status === 503 ? { ok: false, kind: "unavailable", detail: "s3cr3t" } : read(response);
  expect(await failures(suite({ readResponse }, files))).toEqual(["error-503: reads the answer"]);
});

test("refuses fixtures that check nothing, that it does not know, or that are no start", () => {
  const withFile = (path: string, text = "{}"): Readonly<Record<string, string>> => ({ ...fixtures, [path]: text });
  expect(() => providerChecks(suite({}, withFile("./fixtures/send/new/message.json")))).toThrow(/checks nothing/);
  expect(() => providerChecks(suite({}, withFile("./fixtures/send/new/response.http")))).toThrow(/belong together/);
  expect(() => providerChecks(suite({}, withFile("./fixtures/send/plain/mesage.json")))).toThrow(/has only/);
  expect(() => providerChecks(suite({}, withFile("./fixtures/sned/plain/message.json")))).toThrow(/lies in/);
  expect(() => providerChecks(suite({}, {}))).toThrow(/all four files/);
});
