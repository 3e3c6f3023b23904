/// <reference types="node" />
import { expect, test } from "vitest";
import type { SqlDatabase } from "../store/sql-database.ts";
import { sqlStore } from "../store/sql.ts";
import { destination, queueRig, startMs, type QueueRig } from "../test/queue.ts";

// The process ends after every step: what goes on is what stands in SQLite.

function nodeDatabase(): SqlDatabase {
  const database = new (process.getBuiltinModule("node:sqlite").DatabaseSync)(":memory:");
  return {
    exec: (query, ...bindings) => {
      const rows = database.prepare(query).all(...bindings);
      return { toArray: () => rows };
    },
  };
}

/** A simulator for every step, at a time of its own, on one database. */
function restarts(): (atMs: number, answer?: QueueRig["answer"]) => QueueRig {
  const database = nodeDatabase();
  return (atMs, answer) => {
    const rig = queueRig({ store: sqlStore(database) });
    rig.nowMs = startMs + atMs;
    if (answer) rig.answer = answer;
    return rig;
  };
}

const failing = (): Response => new Response("no", { status: 500 });

test("retries, dead letters and their replays survive", async () => {
  const restart = restarts();
  const headers = { "upstash-retries": "2", "upstash-retry-delay": "1000 * (1 + retried)" };
  const published = await restart(0).api("POST", `/publish/${destination}`, { headers, body: "x" });
  for (const [atMs, retried] of [
    [0, "0"],
    [1000, "1"],
    [3000, "2"],
  ] as const) {
    const rig = restart(atMs, failing);
    expect(rig.simulator.nextDueMs()).toBe(startMs + atMs);
    expect(await rig.pass(0)).toBe(1);
    expect(rig.deliveries[0]?.headers.get("upstash-retried")).toBe(retried);
  }
  const [letter] = (await restart(4000).api("GET", "/dlq")).json.messages;
  expect(letter).toMatchObject({ messageId: published.json.messageId, responseBody: "no" });
  await restart(4000).api("POST", `/dlq/retry/${letter.dlqId}`);
  const replay = restart(5000);
  expect(await replay.pass(0)).toBe(1);
  expect(replay.deliveries).toMatchObject([{ body: "x" }]);
  expect(restart(5000).simulator.nextDueMs()).toBeUndefined();
});

test("a queue keeps its order and its places, and a deduplication id its message", async () => {
  const restart = restarts();
  const enqueue = (body: string): ReturnType<QueueRig["api"]> =>
    restart(0).api("POST", `/enqueue/q1/${destination}`, {
      headers: { "upstash-retry-delay": "5000", "upstash-deduplication-id": body },
      body,
    });
  for (const body of ["1", "2", "3", "2"]) await enqueue(body);
  const first = restart(0, ({ body }) => (body === "1" ? failing() : new Response()));
  expect(await first.pass(0)).toBe(1);
  // The first holds its place until it is tried again.
  const between = restart(4000);
  expect(await between.pass(0)).toBe(0);
  const last = restart(5000);
  expect(await last.pass(0)).toBe(3);
  expect(last.deliveries.map(({ body }) => body)).toEqual(["1", "2", "3"]);
});

test("who waited for flow control when the process ended asks again, and the rate is still counted", async () => {
  const restart = restarts();
  const publish = (body: string, value: string): ReturnType<QueueRig["api"]> =>
    restart(0).api("POST", `/publish/${destination}`, {
      headers: { "upstash-flow-control-key": value, "upstash-flow-control-value": value },
      body,
    });
  for (const body of ["1", "2"]) await publish(body, "parallelism=1");
  const dying = restart(0, () => new Promise(() => undefined));
  void dying.pass(0);
  while (dying.deliveries.length === 0) await new Promise((resolve) => setTimeout(resolve));
  expect(dying.deliveries.map(({ body }) => body)).toEqual(["1"]);
  const next = restart(0);
  expect(await next.pass(0)).toBe(2);
  for (const body of ["3", "4"]) await publish(body, "rate=1, period=1m");
  expect(await restart(0).pass(0)).toBe(1);
  expect(await restart(59_000).pass(0)).toBe(0);
  expect(await restart(60_000).pass(0)).toBe(1);
});

test("a schedule goes on, turns that were missed come to one, and rotated keys stay rotated", async () => {
  const restart = restarts();
  const headers = { "upstash-cron": "*/10 * * * *", "upstash-schedule-id": "s1" };
  await restart(0).api("POST", `/schedules/${destination}`, { headers, body: "tick" });
  const keys = (await restart(0).api("POST", "/keys/rotate")).json;
  expect((await restart(0).api("GET", "/keys")).json).toEqual(keys);
  const late = restart(35 * 60_000);
  expect(await late.pass(0)).toBe(1);
  expect(late.deliveries).toMatchObject([{ body: "tick" }]);
  expect(restart(35 * 60_000).simulator.nextDueMs()).toBe(startMs + 40 * 60_000);
});
