import { simulatorCredentials, type SimulatorOptions } from "@carillon/simulator";
import {
  Client,
  QstashDailyRatelimitError,
  QstashError,
  QstashRatelimitError,
  Receiver,
  SignatureError,
} from "@upstash/qstash";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import captured from "./fixtures/qstash-sdk-requests.json" with { type: "json" };
import { createRig, type Rig } from "./harness.ts";

// What Upstash's own client sends, and what it makes of the simulator's answers; what its receiver makes of the deliveries.

const { token, currentSigningKey, nextSigningKey } = simulatorCredentials.qstash;
const target = "https://example.com";

interface Delivery {
  readonly url: string;
  readonly signature: string;
  readonly body: string;
  readonly headers: Headers;
}

interface QueueRig extends Rig {
  readonly client: Client;
  readonly deliveries: Delivery[];
  /** What the client did, with its requests answered by the simulator. */
  sdk<T>(run: (client: Client) => Promise<T>): Promise<T>;
}

function queueRig(options: SimulatorOptions = {}): QueueRig {
  const deliveries: Delivery[] = [];
  const rig = createRig({
    webhookTarget: target,
    async deliver(url, init) {
      const request = new Request(url, init);
      const { headers } = request;
      deliveries.push({ url, headers, signature: headers.get("upstash-signature") ?? "", body: await request.text() });
      return new Response(null, { status: headers.get("x-fail") === null ? 200 : 500 });
    },
    ...options,
  });
  const client = new Client({ token, enableTelemetry: false, retry: false, devMode: false });
  return { ...rig, client, deliveries, sdk: (run) => rig.official(() => run(client)) };
}

// The client tells the console of what it then throws.
beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(() => vi.restoreAllMocks());

/** Queues and groups that the captured calls name. */
async function prepare(rig: QueueRig): Promise<void> {
  await rig.sdk(async (client) => {
    await client.urlGroups.addEndpoints({ name: "my-group", endpoints: [{ name: "one", url: `${target}/group` }] });
    await client.schedules.create({ destination: target, cron: "0 0 1 1 *", scheduleId: "s1" });
    await client.flowControl.pin("k1", { rate: 1 });
  });
  rig.arrived();
}

const id = { messageId: expect.stringMatching(/^msg_/) as string };

/** The captured calls, spelled as they were made, and what the client makes of the answer. */
const calls: readonly {
  readonly name: string;
  readonly run: (client: Client) => Promise<unknown>;
  readonly result: unknown;
}[] = [
  {
    name: "publishJSON all options",
    run: (client) =>
      client.publishJSON({
        url: `${target}/api/hook?x=1`,
        body: { hello: "world" },
        headers: { "my-header": "v", Authorization: "Bearer dest" },
        method: "PUT",
        delay: 60,
        notBefore: 1_700_000_000,
        deduplicationId: "dedup-1",
        contentBasedDeduplication: true,
        retries: 2,
        retryDelay: "1000 * (1 + retried)",
        callback: `${target}/cb`,
        failureCallback: `${target}/fcb`,
        timeout: 30,
        flowControl: { key: "k1", parallelism: 5, rate: 10, period: "1m" },
        label: ["a", "b"],
        redact: { body: true, header: ["Authorization"] },
      }),
    result: id,
  },
  {
    name: "publish minimal text",
    run: (client) => client.publish({ url: target, body: "hi", headers: { "content-type": "text/plain" } }),
    result: id,
  },
  {
    name: "publishJSON urlGroup",
    run: (client) => client.publishJSON({ urlGroup: "my-group", body: { a: 1 } }),
    result: [{ ...id, url: `${target}/group` }],
  },
  {
    name: "enqueueJSON",
    run: (client) => client.queue({ queueName: "q1" }).enqueueJSON({ url: target, body: { a: 1 } }),
    result: id,
  },
  {
    name: "schedules.create",
    run: (client) =>
      client.schedules.create({
        destination: target,
        cron: "CRON_TZ=America/New_York 0 4 * * *",
        body: "{}",
        scheduleId: "s1",
        queueName: "q1",
        retries: 1,
        delay: "30s",
      }),
    result: { scheduleId: "s1" },
  },
  { name: "schedules.pause", run: (client) => client.schedules.pause({ schedule: "s1" }), result: undefined },
  { name: "schedules.delete", run: (client) => client.schedules.delete("s1"), result: undefined },
  {
    name: "messages.cancel filter",
    run: (client) => client.messages.cancel({ filter: { label: "x", urlGroup: "g" } }),
    result: { cancelled: 0 },
  },
  { name: "messages.cancel many", run: (client) => client.messages.cancel(["m1", "m2"]), result: { cancelled: 0 } },
  {
    name: "dlq.listMessages",
    run: (client) => client.dlq.listMessages({ filter: { label: "x" }, count: 10 }),
    result: { messages: [], cursor: undefined },
  },
  {
    name: "queue.upsert",
    run: (client) => client.queue({ queueName: "q1" }).upsert({ parallelism: 2 }),
    result: undefined,
  },
  {
    name: "flowControl.pin",
    run: (client) => client.flowControl.pin("k1", { parallelism: 3, rate: 20, period: 120 }),
    result: undefined,
  },
  {
    name: "logs",
    run: (client) => client.logs({ filter: { state: "FAILED" } }),
    result: { cursor: "", logs: [], events: [] },
  },
];

describe("a captured request", () => {
  test.each(calls)("$name is sent as captured, and answered as the client expects", async ({ name, run, result }) => {
    const rig = queueRig();
    await prepare(rig);
    expect(await rig.sdk(run)).toEqual(result);
    const [sent] = rig.arrived();
    const recorded = captured.cases.find((one) => one.name === name)?.request;
    expect({ method: sent?.method, path: `${sent?.url.pathname}${sent?.url.search}` }).toEqual({
      method: recorded?.method,
      path: recorded?.path,
    });
    expect(new TextDecoder().decode(sent?.body)).toBe(recorded?.body);
    const expected: Readonly<Record<string, string | undefined>> = {
      ...recorded?.headers,
      authorization: `Bearer ${token}`,
    };
    const named = [...(sent?.headers ?? [])].filter(([header]) =>
      /^(?:upstash-|authorization|content-type)/.test(header),
    );
    expect(Object.fromEntries(named)).toEqual(expected);
  });

  test("of a batch is answered in order, the unknown group's item with its error", async () => {
    const rig = queueRig();
    const results = await rig.sdk((client) =>
      client.batchJSON([
        { url: `${target}/1`, body: { a: 1 }, delay: 5, headers: { hello: "1" } },
        { urlGroup: "grp", body: { b: 2 } },
        { queueName: "q1", url: `${target}/3`, body: { c: 3 } },
      ]),
    );
    expect(results).toEqual([id, { error: "topic grp not found" }, id]);
    const [sent] = rig.arrived();
    expect(new TextDecoder().decode(sent?.body)).toBe(
      captured.cases.find(({ name }) => name === "batchJSON")?.request.body,
    );
  });

  test.each([
    ["messages.get", (client: Client) => client.messages.get("msg_1")],
    ["messages.cancel one", (client: Client) => client.messages.cancel("msg_1")],
    ["dlq.retry one", (client: Client) => client.dlq.retry("1-0")],
    ["dlq.delete one", (client: Client) => client.dlq.delete("1-0")],
  ] as const)("of what is not there, %s, is a QstashError with status 404", async (name, run) => {
    const rig = queueRig();
    const error: unknown = await rig.sdk<unknown>(run).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(QstashError);
    expect(error).toMatchObject({ status: 404, message: expect.stringContaining('{"error":') as string });
    const [sent] = rig.arrived();
    const recorded = captured.cases.find((one) => one.name === name)?.request;
    expect([sent?.method, `${sent?.url.pathname}${sent?.url.search}`]).toEqual([recorded?.method, recorded?.path]);
  });
});

describe("what is refused is the error that the client has for it", () => {
  const publish = (client: Client): Promise<unknown> => client.publish({ url: target, body: "x" });
  const recorded = (name: string): object => {
    const { status, message: _, ...rest } = captured.cases.find((one) => one.name === name)?.sdk_error ?? {};
    return { ...rest, status };
  };
  const failing = async (fault: object, run: (client: Client) => Promise<unknown> = publish): Promise<unknown> => {
    const rig = queueRig();
    rig.simulator.store.addFault({ provider: "qstash", ...fault } as never);
    return rig.sdk(run).catch((thrown: unknown) => thrown);
  };

  test("more requests a second", async () => {
    const error = await failing({ kind: "rate-limit" });
    expect(error).toBeInstanceOf(QstashRatelimitError);
    expect(error).toMatchObject({ ...recorded("429 burst"), reset: expect.any(String) as string });
  });

  test("more messages a day", async () => {
    const headers = { "ratelimit-limit": "1000", "ratelimit-remaining": "0", "ratelimit-reset": "1700000001" };
    const error = await failing({ kind: "respond", status: 429, headers });
    expect(error).toBeInstanceOf(QstashDailyRatelimitError);
    expect(error).toMatchObject(recorded("429 daily"));
  });

  test("more retries than the plan has", async () => {
    const run = (client: Client): Promise<unknown> => client.publish({ url: target, body: "x", retries: 6 });
    const error = await queueRig()
      .sdk(run)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ...recorded("non-2xx"), message: '{"error":"quota maxRetries exceeded"}' });
  });

  test("another token", async () => {
    const rig = queueRig();
    const other = new Client({ token: "other", retry: false, devMode: false });
    const error = await rig.official(() => publish(other)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "QstashError", status: 401 });
  });

  test("an outage; and a cut connection that the client repeats is one message with a deduplication id", async () => {
    expect(await failing({ kind: "unavailable" })).toMatchObject({ status: 503 });
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const rig = queueRig();
    rig.simulator.store.addFault({ kind: "accept-then-cut", provider: "qstash", times: 1 });
    const persistent = new Client({ token, retry: { retries: 1, backoff: () => 0 }, devMode: false });
    // A connection that is cut is no answer, not even one of the interceptor's.
    vi.stubGlobal("fetch", rig.fetch);
    const again = await persistent
      .publish({ url: target, body: "x", deduplicationId: "one" })
      .finally(() => vi.unstubAllGlobals());
    expect(again).toMatchObject({ deduplicated: true });
    await rig.simulator.settle();
    expect(rig.deliveries).toHaveLength(1);
  });
});

describe("the client reads back what it wrote", () => {
  test("a message, a schedule, a queue, a group, a flow-control key", async () => {
    const rig = queueRig();
    await rig.sdk(async (client) => {
      const flowControl = { key: "k", parallelism: 2, rate: 5, period: "1m" } as const;
      const { messageId } = await client.publishJSON({
        url: target,
        body: { a: 1 },
        delay: "1h",
        label: "x",
        flowControl,
      });
      const message = { messageId, url: target, method: "POST", body: '{"a":1}', maxRetries: 3 };
      expect(await client.messages.get(messageId)).toMatchObject({
        ...message,
        labels: ["x"],
        flowControlKey: "k",
        parallelism: 2,
        rate: 5,
        ratePerSecond: 5,
        period: 60,
      });
      expect(await client.messages.cancel({ all: true })).toEqual({ cancelled: 1 });
      const cron = "CRON_TZ=Europe/Berlin 0 9 * * *";
      const { scheduleId } = await client.schedules.create({ destination: target, cron, body: "b", delay: 5 });
      const schedule = { scheduleId, cron, destination: target, body: "b", delay: 5, isPaused: false };
      expect(await client.schedules.list()).toMatchObject([schedule]);
      await client.schedules.pause({ schedule: scheduleId });
      expect((await client.schedules.get(scheduleId)).isPaused).toBe(true);
      await client.schedules.resume({ schedule: scheduleId });
      const queue = client.queue({ queueName: "q" });
      await queue.upsert({ parallelism: 3, paused: true });
      await queue.resume();
      await queue.pause();
      expect(await queue.get()).toMatchObject({ name: "q", parallelism: 3, paused: true, lag: 0 });
      expect(await queue.list()).toHaveLength(1);
      await queue.delete();
      await client.urlGroups.addEndpoints({
        name: "g",
        endpoints: [{ name: "a", url: target }, { url: `${target}/b` }],
      });
      await client.urlGroups.removeEndpoints({ name: "g", endpoints: [{ name: "a" }] });
      expect((await client.urlGroups.get("g")).endpoints).toEqual([{ url: `${target}/b` }]);
      expect(await client.urlGroups.list()).toHaveLength(1);
      await client.urlGroups.delete("g");
      await client.flowControl.pause("k");
      expect(await client.flowControl.get("k")).toMatchObject({ isPaused: true, rateMax: 5, ratePeriod: 60 });
      await client.flowControl.resume("k");
      await client.flowControl.resetRate("k");
      await client.flowControl.unpin("k", { rate: true });
      expect(await client.flowControl.getGlobalParallelism()).toEqual({ parallelismMax: 10, parallelismCount: 0 });
    });
  });

  test("dead letters, which it replays, pages through, and deletes; and the log", async () => {
    const rig = queueRig();
    await rig.sdk((client) =>
      client.batchJSON([1, 2, 3].map((n) => ({ url: target, body: { n }, retries: 0, headers: { "x-fail": "1" } }))),
    );
    await rig.simulator.flush();
    await rig.sdk(async (client) => {
      const first = await client.dlq.listMessages({ count: 2 });
      expect(first.messages).toMatchObject([{ responseStatus: 500 }, {}]);
      const { messages } = await client.dlq.listMessages({ cursor: first.cursor ?? "" });
      expect(messages).toHaveLength(1);
      const { responses } = await client.dlq.retry(messages[0]?.dlqId ?? "");
      expect(responses).toEqual([id]);
      expect(await client.dlq.delete(first.messages[0]?.dlqId ?? "")).toEqual({ deleted: 1 });
      expect(await client.dlq.delete({ all: true })).toMatchObject({ deleted: 1 });
      const { logs } = await client.logs({ filter: { state: "FAILED" } });
      expect(logs).toHaveLength(3);
    });
  });
});

describe("the official receiver", () => {
  const receiver = new Receiver({ currentSigningKey, nextSigningKey, devMode: false });
  const verify = ({ signature, body, url }: Delivery): Promise<boolean> => receiver.verify({ signature, body, url });

  test("takes what the simulator delivers and calls back, and nothing that was changed", async () => {
    const rig = queueRig();
    await rig.sdk((client) =>
      client.publish({ url: `${target}/a?b=%20c`, body: "héllo", callback: `${target}/cb`, label: "x" }),
    );
    await rig.sdk((client) => client.publish({ url: `${target}/empty`, method: "GET" }));
    await rig.simulator.settle();
    expect(rig.deliveries.map(({ url }) => url).toSorted()).toEqual([
      `${target}/a?b=%20c`,
      `${target}/cb`,
      `${target}/empty`,
    ]);
    for (const delivery of rig.deliveries) {
      expect(await verify(delivery)).toBe(true);
      await expect(verify({ ...delivery, body: `${delivery.body} ` })).rejects.toThrow("body hash");
      await expect(verify({ ...delivery, url: `${delivery.url}/` })).rejects.toThrow("invalid subject");
    }
  });

  test("goes on with both keys through one rotation, and no longer", async () => {
    const rig = queueRig();
    const deliver = async (): Promise<Delivery> => {
      await rig.sdk((client) => client.publish({ url: target, body: "x" }));
      await rig.simulator.settle();
      return rig.deliveries.at(-1)!;
    };
    const rotate = async (): Promise<{ readonly current: string; readonly next: string }> => {
      const init = { method: "POST", headers: { authorization: `Bearer ${token}` } };
      const response = await rig.simulator.fetch("https://qstash.upstash.io/v2/keys/rotate", init);
      return (await response.json()) as { current: string; next: string };
    };
    const keys = await rotate();
    expect(keys).toEqual({ current: nextSigningKey, next: expect.stringMatching(/^sig_/) as string });
    expect(await verify(await deliver())).toBe(true);
    expect((await rotate()).current).toBe(keys.next);
    await expect(verify(await deliver())).rejects.toThrow(SignatureError);
  });
});
