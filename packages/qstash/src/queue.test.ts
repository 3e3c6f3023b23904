import { simulatorCredentials } from "@carillon/simulator";
import { Client } from "@upstash/qstash";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ChannelsOf, createQueue, flowControlFor, MessageTooLargeError } from "./index.ts";
import { appRig, email, jobsUrl, notifierOf, startMs } from "./test/rig.ts";

const { token } = simulatorCredentials.qstash;

// The client tells the console of what it then throws.
beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => (vi.unstubAllGlobals(), vi.restoreAllMocks()));

const subjects = (rig: ReturnType<typeof appRig>): string[] =>
  rig.simulator.store.messages({}, 50).items.map(({ title }) => title);

describe("a queue", () => {
  test("enqueues a message that is sent when QStash calls", async () => {
    const rig = appRig();
    const enqueued = await rig.queue.enqueue(email(), { messageId: "msg_1" });
    expect(enqueued).toEqual({ jobId: expect.stringMatching(/^msg_\w+$/), messageId: "msg_1", deduplicated: false });
    expect(subjects(rig)).toEqual([]);
    expect(await rig.pass(0)).toBe(1);
    expect(rig.answers).toMatchObject([{ status: 200 }]);
    expect(rig.simulator.store.messages({}, 5).items).toMatchObject([{ messageId: "msg_1", idempotencyKey: "msg_1" }]);
  });

  test("carries delay, moment, retries, flow control and labels as QStash has them", async () => {
    const flowControl = { key: "resend:default", rate: 2, periodSeconds: 1, parallelism: 3 };
    const rig = appRig({ queue: { retries: 5, retryDelay: "1000", flowControl, redact: true } });
    const client = new Client({ token, devMode: false });
    const later = await rig.queue.enqueue(email(), { delay: 90 });
    expect(await client.messages.get(later.jobId)).toMatchObject({
      url: jobsUrl,
      maxRetries: 5,
      retryDelayExpression: "1000",
      flowControlKey: "resend:default",
      rate: 2,
      parallelism: 3,
      period: 1,
      labels: ["carillon-email"],
      failureCallback: `${jobsUrl}?carillon-dead=1`,
      body: expect.stringMatching(/^REDACTED:/),
    });
    await rig.queue.enqueue(email(), { delay: "1m35s" });
    const atMs = startMs + 99_001;
    const dated = await rig.queue.enqueue(email(), { notBefore: new Date(atMs) });
    expect((await client.messages.get(dated.jobId)).notBefore).toBe(startMs + 100_000);
    expect([await rig.pass(89_999), await rig.pass(1), await rig.pass(5_000), await rig.pass(5_000)]).toEqual([
      0, 1, 1, 1,
    ]);
  });

  test("enqueues a message twice only if it is told nothing of duplicates", async () => {
    const rig = appRig();
    const first = await rig.queue.enqueue(email(), { deduplicationId: "order 42" });
    const again = await rig.queue.enqueue(email(), { deduplicationId: "order 42" });
    expect(again).toEqual({ jobId: first.jobId, deduplicated: true });
    await rig.queue.enqueue(email());
    expect(await rig.pass(0)).toBe(2);
  });

  test("enqueues once when the answer was lost and the client asks again", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const rig = appRig();
    rig.simulator.store.addFault({ kind: "accept-then-cut", provider: "qstash", times: 1 });
    const enqueued = await rig.queue.enqueue(email());
    expect(enqueued).toEqual({ jobId: expect.any(String), messageId: expect.any(String), deduplicated: false });
    expect(await rig.pass(0)).toBe(1);
    expect(JSON.parse(rig.answers[0]?.body ?? "")).toMatchObject({ messageId: enqueued.messageId });
  });

  test("tells the id of a message that was enqueued before under the same id", async () => {
    const rig = appRig();
    const first = await rig.queue.enqueue(email(), { messageId: "receipt-42" });
    const again = { jobId: first.jobId, messageId: "receipt-42", deduplicated: true };
    expect(await rig.queue.enqueue(email(), { messageId: "receipt-42" })).toEqual(again);
    expect(await rig.queue.enqueueBatch([{ message: email(), messageId: "receipt-42" }])).toEqual([
      { ok: true, ...again },
    ]);
  });

  test("takes flow control by message", async () => {
    const seen: string[] = [];
    const flowControl = (message: { readonly to: unknown }): { key: string; parallelism: number } | undefined => {
      seen.push(String(message.to));
      return message.to === "a@example.com" ? { key: "a", parallelism: 1 } : undefined;
    };
    const rig = appRig({ queue: { flowControl } });
    const client = new Client({ token, devMode: false });
    const [a, b] = [await rig.queue.enqueue(email("a@example.com")), await rig.queue.enqueue(email("b@example.com"))];
    expect((await client.messages.get(a.jobId)).flowControlKey).toBe("a");
    expect((await client.messages.get(b.jobId)).flowControlKey).toBeUndefined();
    expect(seen).toEqual(["a@example.com", "b@example.com"]);
  });

  test("takes messages back until they are delivered", async () => {
    const rig = appRig();
    const { jobId } = await rig.queue.enqueue(email(), { delay: 10 });
    expect([await rig.queue.cancel(jobId), await rig.queue.cancel(jobId)]).toEqual([true, false]);
    expect(await rig.pass(10_000)).toBe(0);
    // An empty id would be the request that cancels everything.
    await expect(rig.queue.cancel("")).rejects.toThrow("cancel: expected the id of a job");
    await expect(rig.queue.cancel("?count=1")).rejects.toMatchObject({ code: "ERR_CARILLON_CALL" });
  });

  test("rejects with the client's error when QStash refuses", async () => {
    const rig = appRig({ queue: { retries: 6 } });
    await expect(rig.queue.enqueue(email())).rejects.toMatchObject({ name: "QstashError", status: 412 });
  });

  test("leaves dead letters to QStash alone when told to", async () => {
    const rig = appRig({ queue: { deadLetters: false } });
    const { jobId } = await rig.queue.enqueue(email(), { delay: 1 });
    const message = await new Client({ token, devMode: false }).messages.get(jobId);
    expect(message.failureCallback).toBeUndefined();
  });
});

describe("a batch", () => {
  test("is enqueued in order, in requests of 100, and what QStash refuses fails alone", async () => {
    const rig = appRig();
    const entries = Array.from({ length: 101 }, (_, n) => ({
      message: email(),
      messageId: `msg_${n}`,
      delay: n === 7 ? "9d" : 0,
    }));
    const results = await rig.queue.enqueueBatch(entries);
    expect(results).toHaveLength(101);
    expect(results[7]).toEqual({ ok: false, error: "quota maxDelay exceeded" });
    expect(results.filter(({ ok }) => ok)).toHaveLength(100);
    expect(results[100]).toMatchObject({ ok: true, messageId: "msg_100" });
    expect(await rig.pass(0)).toBe(100);
    expect(rig.simulator.store.witness()).toMatchObject({ messages: 100, duplicates: 0 });
  });

  test("tells what was enqueued when QStash goes down in the middle of it, and rejects when nothing was", async () => {
    const rig = appRig({ queue: { client: new Client({ token, retry: false, devMode: false }), token: undefined } });
    const text = "x".repeat(900_000);
    const entries = Array.from({ length: 10 }, (_, n) => ({ message: { ...email(), text }, messageId: `msg_${n}` }));
    const fetch = rig.simulator.fetch;
    let requests = 0;
    vi.stubGlobal("fetch", (...call: Parameters<typeof fetch>) =>
      ++requests === 2 ? Promise.reject(new TypeError("down")) : fetch(...call),
    );
    const results = await rig.queue.enqueueBatch(entries);
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true, true, true, true, true, true, false, false]);
    expect(results[9]).toEqual({ ok: false, error: "down" });
    requests = 1;
    await expect(rig.queue.enqueueBatch(entries)).rejects.toThrow("down");
  });

  test("of nothing makes no request, and one wrong entry enqueues nothing", async () => {
    const rig = appRig();
    expect(await rig.queue.enqueueBatch([])).toEqual([]);
    const wrong = rig.queue.enqueueBatch([{ message: email() }, { message: email(), delay: -1 }]);
    await expect(wrong).rejects.toThrow("enqueueBatch, entry 1: delay: expected whole seconds, or a text like 1h30m");
    expect(rig.simulator.nextDueMs()).toBeUndefined();
  });
});

describe("what travels", () => {
  test("is the message with its bytes", async () => {
    const rig = appRig();
    const content = Uint8Array.from({ length: 20_000 }, (_, index) => index % 256);
    const attachments = [{ filename: "a.bin", contentType: "application/octet-stream", content }];
    await rig.queue.enqueue({ ...email(), attachments });
    await rig.pass(0);
    const [{ id } = { id: "" }] = rig.simulator.store.messages({}, 1).items;
    const kept = rig.simulator.store.message(id)?.content;
    const [arrived] = kept?.kind === "email" ? kept.attachments : [];
    expect(Uint8Array.from(atob(arrived?.base64 ?? ""), (character) => character.charCodeAt(0))).toEqual(content);
  });

  test("has a limit, which is named", async () => {
    const rig = appRig({ queue: { maxBodyBytes: 1000 } });
    const error: unknown = await rig.queue
      .enqueue({ ...email(), text: "ä".repeat(500) })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MessageTooLargeError);
    expect(error).toMatchObject({ code: "ERR_CARILLON_MESSAGE_TOO_LARGE", maxBodyBytes: 1000 });
    expect((error as MessageTooLargeError).sizeBytes).toBeGreaterThan(1000);
    expect((error as Error).message).not.toContain("shop@");
    await rig.queue.enqueue({ ...email(), text: "x".repeat(500) });
  });

  test("is a reference alone where the queue has a store", async () => {
    const entries = new Map<string, string>();
    const store = {
      put: (key: string, value: string) => Promise.resolve(entries.set(key, value)),
      get: (key: string) => Promise.resolve(entries.get(key)),
    };
    const rig = appRig({ queue: { store, maxBodyBytes: 1000 }, handler: { store } });
    const { jobId } = await rig.queue.enqueue({ ...email(), text: "secret ".repeat(1000) }, { delay: 1 });
    const { body } = await new Client({ token, devMode: false }).messages.get(jobId);
    expect(body).not.toContain("secret");
    expect(body).not.toContain("simulator.test");
    expect(JSON.parse(body ?? "")).toMatchObject({ carillon: 1, reference: [...entries.keys()][0] });
    await rig.pass(1000);
    expect(subjects(rig)).toEqual(["Receipt"]);
  });

  test.each([
    ["a function", { ...email(), metadata: { a: () => 1 } }],
    ["a circle", (() => ((message) => Object.assign(message, { message }))({ ...email() }))()],
    ["a BigInt", { ...email(), tags: [1n] }],
    ["a key that stands for bytes", { ...email(), metadata: { "$carillon.bytes": "x" } }],
  ])("cannot be %s", async (_, message) => {
    await expect(appRig().queue.enqueue(message as never)).rejects.toMatchObject({ code: "ERR_CARILLON_CALL" });
  });
});

describe("wrong calls and options", () => {
  test.each([
    [undefined, {}, "expected a message with its channel"],
    [{ to: "a@example.com" }, {}, "expected a message with its channel"],
    [email(), { delay: 5, notBefore: new Date() }, "delay and notBefore exclude each other"],
    [email(), { delay: "soon" }, "delay: expected whole seconds"],
    [email(), { notBefore: new Date(Number.NaN) }, "notBefore: expected a valid Date"],
    [email(), { deduplicationId: "ä" }, "deduplicationId: expected printable ASCII"],
    [email(), { idempotencyKey: "" }, "idempotencyKey: expected printable ASCII"],
    [email(), { messageId: "a b" }, "messageId: expected 1 to 128 of"],
  ])("%j with %j is refused", async (message, options, problem) => {
    const rig = appRig();
    await expect(rig.queue.enqueue(message as never, options)).rejects.toThrow(problem);
    expect(rig.simulator.nextDueMs()).toBeUndefined();
  });

  test("all problems of the options are told together, and no secret", () => {
    const options = { token: "secret token", url: "/jobs", retries: -1, flowControl: { key: "k" }, retires: 3 };
    let message = "";
    try {
      createQueue(options as never);
    } catch (error) {
      message = String(error);
    }
    for (const part of [
      "ConfigurationError",
      "token: expected",
      "url: expected",
      "retries: expected",
      "flowControl: expected",
      "retires: expected",
    ]) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain("secret");
  });

  test.each([
    [{ url: jobsUrl }, "expected client or token, one of them"],
    [{ url: jobsUrl, token, client: new Client({ token, devMode: false }) }, "expected client or token, one of them"],
    [
      { url: jobsUrl, client: new Client({ token, devMode: false }), baseUrl: "https://a.example" },
      "the client has its own",
    ],
    [{ url: "https://app.test/a b", token }, "url: expected the handler's absolute"],
    [{ url: "https://app.test/#a", token }, "url: expected the handler's absolute"],
  ])("%#: wrong options are refused", (options, problem) => {
    expect(() => createQueue(options)).toThrow(problem);
  });

  test("takes a client, and an URL without a path", async () => {
    const rig = appRig();
    const queue = createQueue({ client: new Client({ token, devMode: false }), url: "https://app.test" });
    await queue.enqueue(email());
    await rig.pass(0);
    expect(rig.answers).toMatchObject([{ status: 404 }]);
  });
});

test("the flow control of a provider is its documented rate", () => {
  const provider = { id: "acme", account: "eu" };
  const rate = (perSecond: number): object => ({ ...provider, rate: { per: "request", perSecond, burst: 1 } });
  expect(flowControlFor(rate(2.5) as never)).toEqual({ key: "acme:eu", rate: 2, periodSeconds: 1 });
  expect(flowControlFor(rate(0.4) as never)).toEqual({ key: "acme:eu", rate: 1, periodSeconds: 3 });
  expect(flowControlFor(provider)).toBeUndefined();
  const flowControl = flowControlFor({ ...rate(1), account: "büro 2" } as never);
  expect(flowControl?.key).toBe("acme:b~C3~BCro~202");
  expect(() => createQueue({ token, url: jobsUrl, flowControl })).not.toThrow();
});

test("its messages are those of the notifier's channels", () => {
  const rig = appRig();
  const notifier = notifierOf(rig.simulator);
  const queue = createQueue<ChannelsOf<typeof notifier>>({ token, url: jobsUrl });
  const sms = { channel: "sms", to: "+15005550006", text: "x" } as const;
  const bare = { channel: "email", from: "a@example.com", to: "b@example.com", text: "x" } as const;
  const calls = [
    // @ts-expect-error: the notifier has no provider for it
    () => queue.enqueue(sms),
    // @ts-expect-error: an email has a subject
    () => queue.enqueue(bare),
    () => queue.enqueue(email()),
  ];
  expect(calls).toHaveLength(3);
});
