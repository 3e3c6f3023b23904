import { simulatorCredentials } from "@carillon/simulator";
import { Client, Receiver } from "@upstash/qstash";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import signatures from "./fixtures/receiver-signature.json" with { type: "json" };
import { createHandler, type DeadMessage, type Job } from "./index.ts";
import { appRig, email, jobsUrl, keys, notifierOf } from "./test/rig.ts";

const { token } = simulatorCredentials.qstash;

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => (vi.unstubAllGlobals(), vi.restoreAllMocks()));

/** A notifier that answers so, and remembers what it was asked. */
function fakeNotifier(result: object | Error): {
  readonly asked: unknown[][];
  readonly send: (...asked: never[]) => Promise<never>;
} {
  const asked: unknown[][] = [];
  return {
    asked,
    send: (...given) => {
      asked.push(given);
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result as never);
    },
  };
}

const trusting = { verify: () => Promise.resolve(true) };
const job = (envelope: object = {}): string =>
  JSON.stringify({ carillon: 1, messageId: "msg_1", idempotencyKey: "key_1", message: email(), ...envelope });
const call = (
  handle: (request: Request) => Promise<Response>,
  body: string,
  init: RequestInit & { path?: string } = {},
): Promise<Response> => {
  const { path = "", ...rest } = init;
  return handle(new Request(jobsUrl + path, { method: "POST", headers: { "upstash-signature": "x" }, body, ...rest }));
};

describe("the answer to QStash", () => {
  const failed = (kind: string, more: object = {}): object => ({
    ok: false,
    kind,
    detail: "d",
    mayHaveBeenSent: false,
    ...more,
  });
  const answered = async (
    result: object | Error,
    onUnknown?: "hold" | "retry",
  ): Promise<(string | number | null)[]> => {
    const handle = createHandler({ notifier: fakeNotifier(result), url: jobsUrl, receiver: trusting, onUnknown });
    const { status, headers } = await call(handle, job());
    return [status, headers.get("upstash-nonretryable-error"), headers.get("retry-after")];
  };
  const never = [489, "true", null];

  test.each([
    [{ ok: true, outcome: "sent" }, [200, null, null]],
    [{ ok: true, outcome: "captured" }, [200, null, null]],
    [failed("invalid-message", { field: "to" }), never],
    [failed("recipient-gone"), never],
    [failed("rejected"), never],
    [failed("unexpected-response", { mayHaveBeenSent: true }), never],
    [failed("timeout", { mayHaveBeenSent: true }), never],
    [failed("unauthorized"), [503, null, null]],
    [failed("aborted"), [503, null, null]],
    [failed("unavailable"), [503, null, null]],
    [failed("unavailable", { retryAfterMs: 1500 }), [503, null, "2"]],
    [failed("network"), [503, null, null]],
    [failed("rate-limited", { retryAfterMs: 60_000 }), [429, null, "60"]],
    [failed("rate-limited", { retryAfterMs: 0 }), [429, null, "1"]],
    [new Error("no provider for its channel"), never],
  ])("to %j is %j", async (result, expected) => {
    expect(await answered(result)).toEqual(expected);
  });

  test("to a message that may have been sent is to try again, when told that keys are honoured", async () => {
    expect(await answered(failed("timeout", { mayHaveBeenSent: true }), "retry")).toEqual([503, null, null]);
  });

  test("says why, without secrets and addresses", async () => {
    const result = failed("invalid-message", { detail: "expected an address", field: "to", messageId: "msg_1" });
    const handle = createHandler({ notifier: fakeNotifier(result), url: jobsUrl, receiver: trusting });
    expect(await (await call(handle, job())).json()).toEqual({
      error: "invalid-message",
      detail: "expected an address",
      field: "to",
      messageId: "msg_1",
      mayHaveBeenSent: false,
    });
  });
});

describe("what comes in", () => {
  test.each(signatures.cases)("with a signature: $name", async ({ signature, verify, expected }) => {
    const notifier = fakeNotifier({});
    const { current_signing_key: currentSigningKey, next_signing_key: nextSigningKey } = signatures.inputs;
    const url = "https://worker.example.com/api/qstash";
    const handle = createHandler({ notifier, url, currentSigningKey, nextSigningKey });
    const response = await handle(
      new Request(url, { method: "POST", headers: { "upstash-signature": signature }, body: verify.body }),
    );
    // The body is none of ours: verified, it is refused for good. The handler always knows its URL.
    const isValid = expected.valid && verify.url !== undefined;
    expect(response.status).toBe(isValid ? 489 : 401);
    expect(notifier.asked).toEqual([]);
  });

  test("is refused unsigned, by another method, too large, or cut out of its encoding", async () => {
    const notifier = fakeNotifier({ ok: true });
    const handle = createHandler({ notifier, url: jobsUrl, ...keys, maxBodyBytes: 1000 });
    const unsigned = await call(handle, job(), { headers: {} });
    expect(unsigned.status).toBe(401);
    expect((await handle(new Request(jobsUrl))).status).toBe(405);
    expect((await call(handle, "x".repeat(1001))).status).toBe(413);
    expect((await call(handle, job())).status).toBe(401);
    expect(notifier.asked).toEqual([]);
  });

  test("that breaks off is answered, and may come again", async () => {
    const notifier = fakeNotifier({ ok: true });
    const handle = createHandler({ notifier, url: jobsUrl, receiver: trusting });
    const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) });
    const request = { method: "POST", headers: { "upstash-signature": "x" }, body, duplex: "half" } as const;
    expect((await handle(new Request(jobsUrl, request as RequestInit))).status).toBe(400);
    expect(notifier.asked).toEqual([]);
  });

  test.each([
    "",
    "null",
    "{}",
    '{"carillon":2,"messageId":"a","idempotencyKey":"b","message":{}}',
    '{"carillon":1,"message":{}}',
    job({ message: "x" }),
    job({ message: { a: { "$carillon.bytes": "%" } } }),
  ])("and is no job is refused for good: %j", async (body) => {
    const notifier = fakeNotifier({ ok: true });
    const handle = createHandler({ notifier, url: jobsUrl, receiver: trusting });
    const response = await call(handle, body);
    expect([response.status, await response.json()]).toEqual([489, { error: "malformed-job" }]);
    expect(notifier.asked).toEqual([]);
  });

  test("a reference needs the store, its entry, and a store that answers", async () => {
    const reference = job({ message: undefined, reference: "r" });
    const status = async (get?: () => Promise<string | null>): Promise<unknown> => {
      const store = get && { get };
      const handle = createHandler({ notifier: fakeNotifier({ ok: true }), url: jobsUrl, receiver: trusting, store });
      const response = await call(handle, reference);
      return [
        response.status,
        ((await response.json()) as { error?: string }).error,
        response.headers.get("retry-after"),
      ];
    };
    expect(await status()).toEqual([489, "no-store", null]);
    expect(await status(() => Promise.resolve(null))).toEqual([489, "message-missing", null]);
    expect(await status(() => Promise.resolve("{"))).toEqual([489, "message-missing", null]);
    expect(await status(() => Promise.reject(new Error("down")))).toEqual([503, "store-unavailable", "30"]);
    expect(await status(() => Promise.resolve(JSON.stringify(email())))).toEqual([200, undefined, null]);
  });
});

describe("a message that is delivered twice", () => {
  test("is sent once by a provider that honours keys: the key stays the same", async () => {
    const rig = appRig();
    const { store } = rig.simulator;
    store.setSettings({ ...store.settings(), providers: { qstash: { duplicate: true } } });
    await rig.queue.enqueue(email(), { idempotencyKey: "receipt-42" });
    await rig.pass(0);
    expect(rig.answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(store.messages({}, 5).items).toMatchObject([{ idempotencyKey: "receipt-42" }]);
  });
});

describe("a provider that fails", () => {
  test("is asked again when it said, then not once a copy may have gone out", async () => {
    const rig = appRig();
    rig.simulator.store.addFault({ kind: "rate-limit", provider: "resend", times: 1, retryAfterSeconds: 40 });
    rig.simulator.store.addFault({ kind: "unavailable", provider: "resend", times: 1 });
    await rig.queue.enqueue(email());
    await rig.pass(0);
    expect(rig.answers).toMatchObject([{ status: 429, retryAfter: "40" }]);
    // Resend's 503 may have been taken: with hold, the message is dead, and brought as such.
    expect([await rig.pass(39_999), await rig.pass(1)]).toEqual([0, 2]);
    expect(rig.answers[1]).toMatchObject({ status: 489 });
  });

  test("and that honours keys is asked again with the same key where the application says so", async () => {
    const jobs: Job[] = [];
    const rig = appRig({ handler: { onUnknown: "retry", onResult: (_, job) => jobs.push(job) } });
    rig.simulator.store.addFault({ kind: "accept-then-cut", provider: "resend", times: 1 });
    const { jobId, messageId } = await rig.queue.enqueue(email());
    await rig.pass(0);
    await rig.pass(13_000);
    expect(rig.answers.map(({ status }) => status)).toEqual([503, 200]);
    expect(rig.simulator.store.witness()).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(jobs).toMatchObject([
      { jobId, messageId, retried: 0 },
      { jobId, messageId, retried: 1, message: email() },
    ]);
  });
});

describe("a dead message", () => {
  const dying = (more: object = {}): { readonly rig: ReturnType<typeof appRig>; readonly dead: DeadMessage[] } => {
    const dead: DeadMessage[] = [];
    const rig = appRig({ handler: { onFailed: (message) => dead.push(message) }, ...more });
    return { rig, dead };
  };

  test("is given to the application, with what was answered last, and can be replayed", async () => {
    const { rig, dead } = dying();
    const invalid = { ...email(), to: "nobody" };
    const { jobId, messageId } = await rig.queue.enqueue(invalid, { idempotencyKey: "k" });
    await rig.pass(0);
    expect(rig.answers.map(({ status }) => status)).toEqual([489, 204]);
    expect(dead).toEqual([
      {
        message: invalid,
        messageId,
        idempotencyKey: "k",
        jobId,
        dlqId: expect.any(String),
        status: 489,
        reason: "invalid-message",
        retried: 0,
        maxRetries: 3,
      },
    ]);
    const { responses } = await new Client({ token, devMode: false }).dlq.retry(dead[0]?.dlqId ?? "");
    expect(responses).toHaveLength(1);
    expect(await rig.pass(0)).toBe(2);
  });

  test("is brought again when the application fails to take it, and waits for a store that is down", async () => {
    let fails = 1;
    const taken: unknown[] = [];
    const onFailed = ({ message }: DeadMessage): void => {
      if (fails-- > 0) throw new Error("no database");
      taken.push(message);
    };
    let isDown = false;
    const entries = new Map<string, string>();
    const store = {
      put: (key: string, value: string) => Promise.resolve(entries.set(key, value)),
      get: (key: string) => (isDown ? Promise.reject(new Error("down")) : Promise.resolve(entries.get(key))),
    };
    const rig = appRig({ queue: { store }, handler: { store, onFailed } });
    await rig.queue.enqueue({ ...email(), to: "nobody" });
    await rig.pass(0);
    isDown = true;
    await rig.pass(13_000);
    isDown = false;
    await rig.pass(149_000);
    expect(rig.answers.map(({ status }) => status)).toEqual([489, 503, 503, 204]);
    expect(taken).toEqual([{ ...email(), to: "nobody" }]);
  });

  test("is acknowledged where nobody asked for it, and only from QStash", async () => {
    const rig = appRig();
    await rig.queue.enqueue({ ...email(), to: "nobody" });
    await rig.pass(0);
    expect(rig.answers.map(({ status }) => status)).toEqual([489, 204]);
    const dead: unknown[] = [];
    const handle = createHandler({
      notifier: fakeNotifier({}),
      url: jobsUrl,
      ...keys,
      onFailed: (one) => dead.push(one),
    });
    const forged = JSON.stringify({ sourceMessageId: "msg_1", sourceBody: "" });
    expect((await call(handle, forged, { path: "?carillon-dead=1" })).status).toBe(401);
    expect(dead).toEqual([]);
  });

  test("that cannot be read is told of all the same", async () => {
    const dead: DeadMessage[] = [];
    const handle = createHandler({
      notifier: fakeNotifier({}),
      url: jobsUrl,
      receiver: trusting,
      onFailed: (one) => dead.push(one),
    });
    const body = JSON.stringify({
      sourceMessageId: "msg_1",
      sourceBody: "%%%",
      body: btoa("<html>"),
      status: 502,
      dlqId: 7,
    });
    expect((await call(handle, body, { path: "?carillon-dead=1" })).status).toBe(204);
    expect(dead).toEqual([
      {
        message: undefined,
        messageId: undefined,
        idempotencyKey: undefined,
        jobId: "msg_1",
        dlqId: undefined,
        status: 502,
        reason: undefined,
        retried: 0,
        maxRetries: 0,
      },
    ]);
    expect((await call(handle, "[]", { path: "?carillon-dead=1" })).status).toBe(489);
  });
});

test("what onResult throws does not have a message sent again", async () => {
  const rig = appRig({
    handler: {
      onResult: () => {
        throw new Error("no database");
      },
    },
  });
  await rig.queue.enqueue(email());
  await rig.pass(0);
  expect(rig.answers).toMatchObject([{ status: 200 }]);
});

test("signatures made with either key are taken, while keys are rotated", async () => {
  const rig = appRig();
  const headers = { authorization: `Bearer ${token}` };
  await rig.simulator.fetch("https://qstash.upstash.io/v2/keys/rotate", { method: "POST", headers });
  await rig.queue.enqueue(email());
  await rig.pass(0);
  expect(rig.answers).toMatchObject([{ status: 200 }]);
  await rig.simulator.fetch("https://qstash.upstash.io/v2/keys/rotate", { method: "POST", headers });
  await rig.queue.enqueue(email());
  await rig.pass(0);
  expect(rig.answers[1]).toMatchObject({ status: 401 });
});

describe("options of the handler", () => {
  const notifier = fakeNotifier({});
  test.each([
    [{ notifier, url: jobsUrl }, "expected receiver, or both currentSigningKey and nextSigningKey"],
    [{ notifier, url: jobsUrl, currentSigningKey: "sig_a" }, "expected receiver, or both"],
    [{ notifier, url: jobsUrl, ...keys, receiver: new Receiver(keys) }, "expected receiver, or both"],
    [{ notifier: {}, url: jobsUrl, ...keys }, "notifier: expected an object with send"],
    [{ notifier, url: "app.test/jobs", ...keys }, "url: expected the handler's absolute http or https URL"],
    [{ notifier, url: jobsUrl, ...keys, onUnknown: "resend" }, "onUnknown: expected one of hold, retry"],
    [{ notifier, url: jobsUrl, ...keys, onFail: () => 1 }, "onFail: expected no field of this name"],
  ])("%#: wrong ones are refused", (options, problem) => {
    expect(() => createHandler(options as never)).toThrow(problem);
  });
});

test("the message is of the notifier's channels", () => {
  const rig = appRig();
  const notifier = notifierOf(rig.simulator);
  const seen: string[] = [];
  createHandler({
    notifier,
    url: jobsUrl,
    ...keys,
    onResult: (_, { message }) => seen.push(message.subject),
    onFailed: ({ message }) => seen.push(message?.subject ?? ""),
  });
  expect(seen).toEqual([]);
});
