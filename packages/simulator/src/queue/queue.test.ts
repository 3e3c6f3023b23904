import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import { createSimulator } from "../simulator.ts";
import { memoryStore } from "../store/memory.ts";
import { destination, queueRig, startMs, type QueueRig } from "../test/queue.ts";
import { fromBase64 } from "../wire/bytes.ts";

const seconds = 1000;
const publish = (rig: QueueRig, headers: Record<string, string> = {}, body: unknown = { n: 1 }) =>
  rig.api("POST", `/publish/${destination}`, { headers: { "content-type": "application/json", ...headers }, body });
const failing = (status: number, headers?: Record<string, string>) => () =>
  new Response("no", { status, ...(headers && { headers }) });

describe("a published message", () => {
  test("is delivered as it was published, with what QStash adds", async () => {
    const rig = queueRig();
    const published = await rig.api("POST", `/publish/${destination}?a=b%20c`, {
      headers: {
        "content-type": "text/plain",
        "upstash-forward-authorization": "Bearer mine",
        "upstash-forward-x-own": "v",
        "upstash-method": "PUT",
      },
      body: "héllo",
    });
    expect(published).toMatchObject({ status: 200, json: { messageId: expect.stringMatching(/^msg_\w+$/) } });
    expect(await rig.pass(0)).toBe(1);
    const [delivery] = rig.deliveries;
    expect(delivery).toMatchObject({ url: `${destination}?a=b%20c`, method: "PUT", body: "héllo" });
    expect(Object.fromEntries(delivery?.headers ?? [])).toEqual({
      authorization: "Bearer mine",
      "content-type": "text/plain",
      "upstash-caller-ip": "127.0.0.1",
      "upstash-message-id": published.json.messageId,
      "upstash-region": "EU-CENTRAL-1",
      "upstash-retried": "0",
      "upstash-signature": expect.any(String),
      "user-agent": "Upstash-QStash",
      "x-own": "v",
    });
    expect(await rig.pass(86_400 * seconds)).toBe(0);
  });

  test("waits for its delay, or its moment, which goes before", async () => {
    const rig = queueRig();
    await publish(rig, { "upstash-delay": "1m30s" });
    await publish(rig, { "upstash-delay": "1s", "upstash-not-before": String(startMs / 1000 + 60) });
    await publish(rig, { "upstash-not-before": "1000000000" });
    expect(await rig.pass(0)).toBe(1);
    expect(await rig.pass(59 * seconds)).toBe(0);
    expect(await rig.pass(1 * seconds)).toBe(1);
    expect(await rig.pass(29 * seconds)).toBe(0);
    expect(await rig.pass(1 * seconds)).toBe(1);
  });

  test("is told as a duplicate for ten minutes, by its id or by what it says", async () => {
    const rig = queueRig();
    const first = await publish(rig, { "upstash-deduplication-id": "a" });
    const again = await publish(rig, { "upstash-deduplication-id": "a" }, { n: 2 });
    expect(again).toMatchObject({ status: 202, json: { messageId: first.json.messageId, deduplicated: true } });
    const byContent = { "upstash-content-based-deduplication": "true" };
    await publish(rig, byContent);
    expect((await publish(rig, byContent)).json.deduplicated).toBe(true);
    expect((await publish(rig, byContent, { n: 3 })).json.deduplicated).toBeUndefined();
    expect((await publish(rig, { ...byContent, "upstash-forward-x": "y" })).json.deduplicated).toBeUndefined();
    expect(await rig.pass(600 * seconds - 1)).toBe(4);
    expect((await publish(rig, { "upstash-deduplication-id": "a" })).status).toBe(202);
    await rig.pass(1);
    expect((await publish(rig, { "upstash-deduplication-id": "a" })).status).toBe(200);
    expect(await rig.pass(0)).toBe(1);
  });

  test("is tried again with QStash's back-off, then is dead, with its last answer", async () => {
    const rig = queueRig();
    rig.answer = failing(500);
    const { messageId } = (await publish(rig)).json;
    await rig.pass(0);
    while (rig.simulator.nextDueMs() !== undefined) await rig.next();
    const waits = rig.deliveries.map(({ atMs }, index) => atMs - (rig.deliveries[index - 1]?.atMs ?? startMs));
    expect(waits.map((ms) => Math.floor(ms / 1000))).toEqual([0, 12, 148, 1808]);
    expect(rig.deliveries.map(({ headers }) => headers.get("upstash-retried"))).toEqual(["0", "1", "2", "3"]);
    expect((await rig.api("GET", `/messages/${messageId}`)).status).toBe(404);
    const { messages } = (await rig.api("GET", "/dlq")).json;
    expect(messages).toMatchObject([
      { messageId, responseStatus: 500, responseBody: "no", maxRetries: 3, body: '{"n":1}' },
    ]);
    const { events } = (await rig.api("GET", "/events")).json;
    expect(new Set(events.map(({ state }: { state: string }) => state))).toEqual(
      new Set(["CREATED", "ACTIVE", "ERROR", "RETRY", "FAILED"]),
    );
  });

  test("is tried again when the destination says, and not when it says never", async () => {
    const rig = queueRig();
    rig.answer = ({ headers }) =>
      headers.get("upstash-retried") === "0"
        ? failing(503, { "retry-after": "5" })()
        : failing(489, { "Upstash-NonRetryable-Error": "true" })();
    await publish(rig, { "upstash-retries": "5" });
    await rig.pass(0);
    expect(rig.simulator.nextDueMs()).toBe(startMs + 5 * seconds);
    await rig.next();
    expect(rig.simulator.nextDueMs()).toBeUndefined();
    expect((await rig.api("GET", "/dlq")).json.messages).toMatchObject([{ responseStatus: 489 }]);
  });

  test("that gets 489 without the header is tried again, and so is one that gets no answer or a redirect", async () => {
    const rig = queueRig();
    rig.answer = ({ headers }) => {
      const retried = headers.get("upstash-retried");
      if (retried === "1") throw new Error("connection refused");
      return failing(retried === "0" ? 489 : 302)();
    };
    await publish(rig, { "upstash-retry-delay": "1000 * (1 + retried)", "upstash-retries": "2" });
    await rig.pass(0);
    expect(await rig.pass(1 * seconds)).toBe(1);
    expect(await rig.pass(2 * seconds)).toBe(1);
    expect(rig.simulator.nextDueMs()).toBeUndefined();
    expect((await rig.api("GET", "/dlq")).json.messages).toMatchObject([{ responseStatus: 302 }]);
  });

  test("is not delivered once it is cancelled, even in the middle of a try", async () => {
    const rig = queueRig();
    const { messageId } = (await publish(rig, { "upstash-delay": "1m" })).json;
    expect((await rig.api("DELETE", `/messages/${messageId}`)).json).toEqual({ cancelled: 1 });
    expect((await rig.api("DELETE", `/messages/${messageId}`)).status).toBe(404);
    expect(await rig.pass(60 * seconds)).toBe(0);
    const tried = (await publish(rig)).json;
    rig.answer = async () => {
      await rig.api("DELETE", `/messages/${tried.messageId}`);
      return failing(500)();
    };
    expect(await rig.pass(0)).toBe(1);
    expect(rig.simulator.nextDueMs()).toBeUndefined();
    expect((await rig.api("GET", "/dlq")).json.messages).toEqual([]);
  });

  test("goes to nobody but the receiver", async () => {
    const rig = queueRig();
    const answer = await rig.api("POST", "/publish/https://example.com/hook", { headers: { "upstash-retries": "0" } });
    expect(answer.status).toBe(200);
    expect(await rig.pass(0)).toBe(1);
    expect(rig.deliveries).toEqual([]);
    expect((await rig.api("GET", "/dlq")).json.messages).toMatchObject([{ url: "https://example.com/hook" }]);
  });

  test("is delivered twice when the settings say that things come twice", async () => {
    const rig = queueRig();
    const { store } = rig.simulator;
    store.setSettings({ ...store.settings(), providers: { qstash: { duplicate: true } } });
    const { messageId } = (await publish(rig)).json;
    await rig.pass(0);
    expect(rig.deliveries.map(({ headers }) => headers.get("upstash-message-id"))).toEqual([messageId, messageId]);
  });

  test("hides from the API what is redacted, and delivers it", async () => {
    const rig = queueRig();
    const { messageId } = (
      await publish(rig, {
        "upstash-redact-fields": "body,header[Authorization]",
        "upstash-forward-authorization": "secret",
        "upstash-forward-other": "shown",
        "upstash-delay": "1s",
      })
    ).json;
    const { json } = await rig.api("GET", `/messages/${messageId}`);
    expect(json.body).toMatch(/^REDACTED:[0-9a-f]{64}$/);
    expect(json.header).toMatchObject({ Authorization: ["REDACTED"], Other: ["shown"] });
    expect(await (await rig.simulator.fetch("http://localhost/queue")).text()).not.toContain("secret");
    await rig.pass(1 * seconds);
    expect(rig.deliveries).toMatchObject([{ body: '{"n":1}' }]);
  });
});

describe("callbacks", () => {
  const callbacks = {
    "upstash-callback": `${destination}/done`,
    "upstash-callback-forward-x-own": "v",
    "upstash-failure-callback": `${destination}/failed`,
    "upstash-failure-callback-method": "PUT",
    "upstash-retries": "1",
    "upstash-retry-delay": "1000",
  };

  test("bring the answer of each try, and the failing end with the dead letter's id", async () => {
    const rig = queueRig();
    rig.answer = ({ url }) => (url === destination ? failing(500)() : new Response());
    const { messageId } = (await publish(rig, callbacks)).json;
    await rig.simulator.settle();
    const calls = rig.deliveries.filter(({ url }) => url !== destination);
    expect(calls.map(({ url, method }) => [url.slice(destination.length), method])).toEqual([
      ["/done", "POST"],
      ["/done", "POST"],
      ["/failed", "PUT"],
    ]);
    expect(calls[0]?.headers.get("x-own")).toBe("v");
    const [first, , failed] = calls.map(({ body }) => JSON.parse(body));
    expect(first).toMatchObject({
      status: 500,
      retried: 0,
      maxRetries: 1,
      sourceMessageId: messageId,
      url: destination,
    });
    expect(first.dlqId).toBeUndefined();
    const { messages } = (await rig.api("GET", "/dlq")).json;
    expect(failed).toMatchObject({ retried: 1, dlqId: messages[0].dlqId, method: "POST" });
    expect(new TextDecoder().decode(fromBase64(failed.sourceBody))).toBe('{"n":1}');
    expect(new TextDecoder().decode(fromBase64(failed.body))).toBe("no");
    expect(failed.header["Content-Type"]).toEqual(["text/plain;charset=UTF-8"]);
  });

  test("bring a success, too", async () => {
    const rig = queueRig();
    await publish(rig, callbacks);
    await rig.simulator.settle();
    expect(rig.deliveries.map(({ url }) => url)).toEqual([destination, `${destination}/done`]);
    expect(JSON.parse(rig.deliveries[1]?.body ?? "")).toMatchObject({ status: 200, body: btoa("ok") });
  });
});

describe("a queue", () => {
  const enqueue = (rig: QueueRig, body: unknown, headers: Record<string, string> = {}) =>
    rig.api("POST", `/enqueue/q1/${destination}`, { body, headers });
  const bodies = (rig: QueueRig): string[] => rig.deliveries.map(({ body }) => body);

  test("delivers in order: a message that fails holds up those behind it, and so do its callbacks", async () => {
    const rig = queueRig();
    rig.answer = ({ body, headers, url }) =>
      url === destination && body === "1" && headers.get("upstash-retried") === "0" ? failing(500)() : new Response();
    await enqueue(rig, "1", { "upstash-retry-delay": "5000", "upstash-callback": `${destination}/done` });
    await enqueue(rig, "2");
    await enqueue(rig, "3");
    await rig.pass(0);
    expect(rig.deliveries.filter(({ url }) => url === destination).map(({ body }) => body)).toEqual(["1"]);
    expect((await rig.api("GET", "/queues/q1")).json).toMatchObject({
      name: "q1",
      parallelism: 1,
      lag: 3,
      paused: false,
    });
    await rig.pass(5 * seconds);
    const order = rig.deliveries.map(({ url, body }) => (url === destination ? body : "callback"));
    expect(order).toEqual(["1", "callback", "1", "callback", "2", "3"]);
    expect((await rig.api("GET", "/queues/q1")).json.lag).toBe(0);
  });

  test("delivers as many at once as it has places", async () => {
    const rig = queueRig();
    await rig.api("POST", "/queues", { body: { queueName: "q1", parallelism: 2 } });
    let running = 0;
    let most = 0;
    rig.answer = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve));
      running -= 1;
      return new Response();
    };
    for (const body of ["1", "2", "3", "4", "5"]) await enqueue(rig, body);
    expect(await rig.pass(0)).toBe(5);
    expect(most).toBe(2);
  });

  test("holds its messages while it is paused, and lets a cancelled one make room", async () => {
    const rig = queueRig();
    const first = await enqueue(rig, "1");
    await enqueue(rig, "2");
    await rig.api("POST", "/queues/q1/pause");
    expect(await rig.pass(0)).toBe(0);
    expect(rig.simulator.nextDueMs()).toBeUndefined();
    await rig.api("DELETE", `/messages/${first.json.messageId}`);
    await rig.api("POST", "/queues/q1/resume");
    await rig.pass(0);
    expect(bodies(rig)).toEqual(["2"]);
  });
});

describe("flow control", () => {
  const flow = (value: string): Record<string, string> => ({
    "upstash-flow-control-key": "k",
    "upstash-flow-control-value": value,
  });

  test("begins as many deliveries in a period as it may", async () => {
    const rig = queueRig();
    for (let n = 0; n < 5; n += 1) await publish(rig, flow("rate=2, period=1m"), { n });
    expect(await rig.pass(0)).toBe(2);
    expect((await rig.api("GET", "/flowControl/k")).json).toMatchObject({
      rateMax: 2,
      rateCount: 2,
      ratePeriod: 60,
      waitListSize: 3,
    });
    expect(await rig.pass(59 * seconds)).toBe(0);
    expect(await rig.pass(1 * seconds)).toBe(2);
    await rig.api("POST", "/flowControl/k/resetRate");
    expect(await rig.pass(60 * seconds)).toBe(1);
  });

  test("runs as many at once as it may, whatever their destinations", async () => {
    const rig = queueRig();
    let running = 0;
    let most = 0;
    rig.answer = async () => {
      most = Math.max(most, ++running);
      expect((await rig.api("GET", "/flowControl/k")).json.parallelismCount).toBe(running);
      await new Promise((resolve) => setTimeout(resolve));
      running -= 1;
      return new Response();
    };
    for (let n = 0; n < 4; n += 1) await publish(rig, flow("parallelism=1"), { n });
    expect(await rig.pass(0)).toBe(4);
    expect(most).toBe(1);
  });

  test("can be paused, resumed, pinned and unpinned", async () => {
    const rig = queueRig();
    await rig.api("POST", "/flowControl/k/pause");
    await publish(rig, flow("rate=1"));
    expect(await rig.pass(0)).toBe(0);
    await rig.api("POST", "/flowControl/k/resume");
    expect(await rig.pass(0)).toBe(1);
    await rig.api("POST", "/flowControl/k/pin?parallelism=3&rate=20&period=120");
    await publish(rig, flow("rate=1"));
    expect((await rig.api("GET", "/flowControl/k")).json).toMatchObject({
      rateMax: 20,
      ratePeriod: 120,
      parallelismMax: 3,
      isPinnedRate: true,
      isPinnedParallelism: true,
    });
    await rig.api("POST", "/flowControl/k/unpin?rate=true");
    await publish(rig, flow("rate=1"));
    expect((await rig.api("GET", "/flowControl/k")).json).toMatchObject({
      rateMax: 1,
      isPinnedRate: false,
      parallelismMax: 3,
    });
    expect((await rig.api("POST", "/flowControl/k/pin")).status).toBe(400);
  });
});

describe("a schedule", () => {
  const create = (rig: QueueRig, cron: string, headers: Record<string, string> = {}) =>
    rig.api("POST", `/schedules/${destination}`, { headers: { "upstash-cron": cron, ...headers }, body: "tick" });

  test("publishes at its times, in its zone", async () => {
    const rig = queueRig();
    const { json } = await create(rig, "CRON_TZ=America/New_York 0 9 * * *");
    expect(json.scheduleId).toMatch(/^scd_/);
    expect(rig.simulator.nextDueMs()).toBe(Date.parse("2026-03-01T14:00:00Z"));
    expect(await rig.next()).toBe(1);
    expect(rig.deliveries[0]?.headers.get("upstash-schedule-id")).toBe(json.scheduleId);
    const schedule = (await rig.api("GET", `/schedules/${json.scheduleId}`)).json;
    expect(schedule.nextScheduleTime).toBe(Date.parse("2026-03-02T14:00:00Z"));
    expect(Object.values(schedule.lastScheduleStates)).toEqual(["SUCCESS"]);
    // New York's summer time has begun.
    rig.nowMs = Date.parse("2026-03-07T14:00:00Z");
    await rig.simulator.flush();
    expect(rig.simulator.nextDueMs()).toBe(Date.parse("2026-03-08T13:00:00Z"));
    expect(rig.deliveries).toHaveLength(2);
  });

  test("stands still while it is paused, is replaced under its id, and ends when it is deleted", async () => {
    const rig = queueRig();
    await create(rig, "* * * * *", { "upstash-schedule-id": "s1", "upstash-queue-name": "q1" });
    await rig.api("PATCH", "/schedules/s1/pause");
    expect(rig.simulator.nextDueMs()).toBeUndefined();
    expect((await rig.api("GET", "/schedules/s1")).json).toMatchObject({ isPaused: true, queueName: "q1" });
    await rig.api("POST", "/schedules/s1/resume");
    await create(rig, "30 * * * *", { "upstash-schedule-id": "s1" });
    expect((await rig.api("GET", "/schedules")).json).toMatchObject([{ scheduleId: "s1", cron: "30 * * * *" }]);
    expect(await rig.pass(1800 * seconds)).toBe(1);
    await rig.api("DELETE", "/schedules/s1");
    expect(rig.simulator.nextDueMs()).toBeUndefined();
    expect((await rig.api("GET", "/schedules/s1")).status).toBe(404);
  });
});

describe("dead letters", () => {
  const die = async (count: number): Promise<QueueRig> => {
    const rig = queueRig();
    rig.answer = failing(500);
    for (let n = 0; n < count; n += 1) await publish(rig, { "upstash-retries": "0", "upstash-label": `l${n}` }, { n });
    await rig.pass(0);
    return rig;
  };
  const ids = async (rig: QueueRig, query = ""): Promise<string[]> =>
    (await rig.api("GET", `/dlq${query}`)).json.messages.map(({ dlqId }: { dlqId: string }) => dlqId);

  test("are listed by page and filter, and deleted one or many", async () => {
    const rig = await die(4);
    const all = await ids(rig);
    const page = (await rig.api("GET", "/dlq?count=3")).json;
    expect(page.messages).toHaveLength(3);
    expect(await ids(rig, `?cursor=${page.cursor}`)).toEqual(all.slice(3));
    // They were delivered at once, and died in whatever order they were answered.
    const labelled: readonly { dlqId: string; label: string }[] = (await rig.api("GET", "/dlq")).json.messages;
    const chosen = labelled.filter(({ label }) => label === "l1" || label === "l2").map(({ dlqId }) => dlqId);
    expect(chosen).toHaveLength(2);
    expect(await ids(rig, "?label=l1&label=l2")).toEqual(chosen);
    expect(await ids(rig, "?label=l1&responseStatus=404")).toEqual([]);
    expect((await rig.api("DELETE", `/dlq/${all[0]}`)).status).toBe(200);
    expect((await rig.api("DELETE", `/dlq/${all[0]}`)).status).toBe(404);
    expect((await rig.api("DELETE", `/dlq?dlqIds=${all[1]}&dlqIds=${all[2]}`)).json).toEqual({ deleted: 2 });
    expect(await ids(rig)).toEqual(all.slice(3));
  });

  test("are replayed as new messages, with what the request says anew", async () => {
    const rig = await die(2);
    const [first, second] = await ids(rig);
    rig.answer = () => new Response();
    const replayed = await rig.api("POST", `/dlq/retry/${first}`, { headers: { "upstash-delay": "10s" } });
    expect(replayed.status).toBe(201);
    const many = await rig.api("POST", `/dlq/retry?dlqIds=${second}`, { headers: { "upstash-retries": "2" } });
    expect(many.json.responses).toMatchObject([{ messageId: expect.stringMatching(/^msg_/) }]);
    const again = (await rig.api("GET", `/messages/${many.json.responses[0].messageId}`)).json;
    expect(again).toMatchObject({ maxRetries: 2, labels: ["l1"] });
    expect(await ids(rig)).toEqual([]);
    expect([await rig.pass(0), await rig.pass(10 * seconds)]).toEqual([1, 1]);
    expect((await rig.api("POST", `/dlq/retry?dlqIds=${second}`)).status).toBe(404);
  });
});

describe("a batch and a URL group", () => {
  test("answer in order, and one bad item fails alone", async () => {
    const rig = queueRig();
    const endpoints = [{ name: "one", url: `${destination}/1` }, { url: `${destination}/2` }];
    await rig.api("POST", "/topics/group/endpoints", { body: { endpoints } });
    const answer = await rig.api("POST", "/batch", {
      body: [
        { destination, headers: { "Upstash-Delay": "5s" }, body: "a" },
        { destination: "group", body: "b" },
        { destination: "ftp://example.com", body: "c" },
        { destination, queue: "q1", body: "d" },
        { destination, headers: { "a b": "c" }, body: "e" },
        { destination, headers: { "Upstash-Forward-X": "1\r\nY: 2" }, body: "f" },
      ],
    });
    const id = { messageId: expect.any(String) };
    expect(answer.json).toEqual([
      id,
      endpoints.map(({ url }) => ({ ...id, url })),
      { error: "invalid destination url: endpoint has invalid scheme, add http:// or https://" },
      id,
      { error: "invalid header a b" },
      { error: "invalid header Upstash-Forward-X" },
    ]);
    expect(await rig.pass(0)).toBe(3);
    expect(rig.deliveries[0]?.headers.get("upstash-topic-name")).toBe("group");
    await rig.api("DELETE", "/topics/group/endpoints", { body: { endpoints: [{ name: "one" }] } });
    expect((await rig.api("GET", "/topics/group")).json.endpoints).toEqual([{ url: `${destination}/2` }]);
  });
});

describe("bulk cancel", () => {
  test("takes ids, filters that hold together, or everything", async () => {
    const rig = queueRig();
    const later = { "upstash-delay": "1h" };
    const a = (await publish(rig, { ...later, "upstash-label": "x,y" })).json;
    await publish(rig, { ...later, "upstash-label": "x" });
    await rig.api("POST", `/enqueue/q1/${destination}/q`, { headers: later });
    await publish(rig, later);
    const cancel = async (query: string): Promise<number> =>
      (await rig.api("DELETE", `/messages${query}`)).json.cancelled;
    expect(await cancel(`?messageIds=${a.messageId}&messageIds=msg_unknown`)).toBe(1);
    expect(await cancel("?label=x&queueName=q1")).toBe(0);
    expect(await cancel("?queueName=q1&path=/jobs/q&host=app.test&count=100")).toBe(1);
    expect(await cancel("?label=x&label=z")).toBe(1);
    expect(await cancel("")).toBe(1);
  });
});

describe("what is wrong is refused", () => {
  test.each([
    [{ "upstash-delay": "soon" }, 400],
    [{ "upstash-delay": "8d" }, 412],
    [{ "upstash-not-before": "tomorrow" }, 400],
    [{ "upstash-retries": "-1" }, 400],
    [{ "upstash-retries": "6" }, 412],
    [{ "upstash-retry-delay": "1 +" }, 400],
    [{ "upstash-method": "HEAD" }, 400],
    [{ "upstash-callback": "example.com" }, 400],
    [{ "upstash-flow-control-key": "k" }, 400],
    [{ "upstash-flow-control-key": "k", "upstash-flow-control-value": "speed=5" }, 400],
    [{ "upstash-flow-control-key": "k", "upstash-flow-control-value": "rate=5, period=8d" }, 400],
    [{ "upstash-timeout": "5" }, 400],
  ])("%j", async (headers, status) => {
    const rig = queueRig();
    const answer = await publish(rig, headers as Record<string, string>);
    expect(answer).toMatchObject({ status, json: { error: expect.any(String) } });
    expect(rig.simulator.nextDueMs()).toBeUndefined();
  });

  test.each([
    ["POST", "/publish/example.com", 400],
    ["POST", "/publish/https%3A%2F%2Fexample.com", 400],
    ["POST", "/publish/http://localhost:3000/jobs", 400],
    ["POST", "/publish/no-such-group", 404],
    ["POST", "/enqueue/q%201/https://app.test/jobs", 400],
    ["GET", "/queues/none", 404],
    ["GET", "/topics/none", 404],
    ["GET", "/messages/none", 404],
    ["GET", "/dlq/none", 404],
    ["GET", "/flowControl/none", 404],
    ["GET", "/nothing", 404],
    ["PUT", "/keys", 405],
    ["GET", "/dlq?count=x", 400],
  ])("%s %s", async (method, path, status) => {
    expect(await queueRig().api(method, path)).toMatchObject({ status, json: { error: expect.any(String) } });
  });

  test("a message over a megabyte, a batch that is none, and another token", async () => {
    const rig = queueRig();
    expect((await publish(rig, {}, "x".repeat(1024 * 1024 + 1))).status).toBe(412);
    expect((await publish(rig, {}, "x".repeat(1024 * 1024))).status).toBe(200);
    expect((await rig.api("POST", "/batch", { body: {} })).status).toBe(400);
    const headers = { authorization: "Bearer other" };
    expect((await rig.api("GET", "/keys", { headers })).status).toBe(401);
    const byQuery = `https://qstash.upstash.io/v2/keys?qstash_token=${simulatorCredentials.qstash.token}`;
    expect((await rig.simulator.fetch(byQuery)).status).toBe(200);
    const refused = rig.simulator.store.otherRequests(10).items;
    expect(JSON.stringify(refused)).not.toContain("Bearer other");
    expect(refused.map(({ status }) => status)).toEqual([401, 400, 412]);
  });
});

describe("faults of qstash", () => {
  const fault = async (kind: string, more: object = {}): Promise<QueueRig> => {
    const rig = queueRig();
    rig.simulator.store.addFault({ kind, provider: "qstash", times: 1, ...more } as never);
    return rig;
  };

  test("answer with its limit, its outage, or not at all after the message was taken", async () => {
    const limited = await publish(await fault("rate-limit", { retryAfterSeconds: 3 }));
    expect(limited.status).toBe(429);
    expect(limited.headers.get("burst-ratelimit-reset")).toBe(String(startMs / 1000 + 3));
    const down = await fault("unavailable");
    expect((await publish(down)).status).toBe(503);
    expect(await down.pass(0)).toBe(0);
    const cut = await fault("accept-then-cut");
    await expect(publish(cut)).rejects.toThrow(TypeError);
    expect(await cut.pass(0)).toBe(1);
  });
});

test("nothing is delivered without a receiver, and what waits survives the simulator", async () => {
  const store = memoryStore();
  const rig = queueRig({ store, webhookTarget: undefined });
  await publish(rig);
  expect(await rig.pass(0)).toBe(0);
  const later = queueRig({ store });
  expect(await later.pass(0)).toBe(1);
});

test("the wake of the caller is told when something is due", async () => {
  const woken: number[] = [];
  const rig = queueRig({ wake: (atMs) => woken.push(atMs) });
  await publish(rig, { "upstash-delay": "10s" });
  await publish(rig, { "upstash-delay": "5s" });
  expect(woken).toEqual([startMs + 10 * seconds, startMs + 5 * seconds]);
});

test("a message that is published while another is on its way does not wait for it", async () => {
  const rig = queueRig();
  let letGo = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  rig.answer = async ({ body }) => {
    if (body === "1") await first;
    return new Response();
  };
  await publish(rig, {}, "1");
  const flushed = rig.pass(0);
  await publish(rig, {}, "2");
  while (rig.deliveries.length < 2) await new Promise((resolve) => setTimeout(resolve));
  letGo();
  expect(await flushed).toBe(2);
});

test("hosts of all regions are called, by name or by path", async () => {
  const simulator = createSimulator();
  const headers = { authorization: `Bearer ${simulatorCredentials.qstash.token}` };
  for (const base of ["https://qstash-us-east-1.upstash.io", "http://127.0.0.1:9998/qstash.upstash.io"]) {
    const response = await simulator.fetch(`${base}/v2/keys`, { headers });
    expect(await response.json()).toEqual({
      current: simulatorCredentials.qstash.currentSigningKey,
      next: simulatorCredentials.qstash.nextSigningKey,
    });
  }
});

test("the page shows what waits, what was delivered and what is dead, escaped", async () => {
  const rig = queueRig();
  rig.answer = ({ body }) => new Response("<script>", { status: body === "bad" ? 500 : 200 });
  await publish(rig, {}, "good");
  await publish(rig, { "upstash-retries": "0" }, "bad");
  await publish(rig, { "upstash-delay": "1h" }, "<script>later");
  await rig.api("POST", `/schedules/${destination}`, { headers: { "upstash-cron": "0 4 * * *" } });
  await rig.pass(0);
  const page = await (await rig.simulator.fetch("http://localhost/queue")).text();
  const counts = [...page.matchAll(/<h2>(\w+) <span class="count">(\d+)/g)].map(([, title, count]) => [title, count]);
  expect(counts).toEqual([
    ["Waiting", "1"],
    ["Delivered", "1"],
    ["Dead", "1"],
    ["Schedules", "1"],
  ]);
  expect(page).not.toContain("<script>");
  expect(await (await rig.simulator.fetch("http://localhost/")).text()).toContain('href="/queue"');
});
