import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { simulatorCredentials } from "@carillon/simulator";
import {
  longestDelayMs,
  mayAlarmSend,
  notePublished,
  noteSilence,
  openForMs,
  planWake,
  publishPauseMs,
  readWaking,
  sweepAfterMs,
  takeWake,
} from "../src/ledger/wakes.ts";
import type { Waking } from "../src/ledger/wakes.ts";
import { allShards, shardOfKey } from "../src/ledger/shards.ts";
import { callWith, jobsUrl, publications, publishedFor, queue } from "./queue.ts";
import type { Publication } from "./queue.ts";
import { accept, call, email, env, fault, message, received, untilStatus } from "./service.ts";
import { inShard } from "./shards.ts";
import { meter } from "./meter.ts";
import { addresses, only } from "./steps.ts";
import { simulator } from "./worker.ts";

/** What is QStash's alone; what both schedulers have in common is said in the other files. */

const hour = 3_600_000;
const one = (): string => addresses(1)[0]!;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Ids of messages that a shard accepts: the key decides which. */
async function acceptedOn(
  shard: number,
  to: string | readonly string[],
  more: object = {},
): Promise<readonly string[]> {
  let key = crypto.randomUUID();
  while ((await shardOfKey(env, `root:${key}`)) !== shard) key = crypto.randomUUID();
  const { messages } = await accept(email(to, { providers: ["postmark"], ...more }), { "idempotency-key": key });
  return messages.map(({ id }) => id);
}

const alarmAt = (shard: number): Promise<number | null> => inShard(shard, (_, storage) => storage.getAlarm());
const wakingOf = (shard: number): Promise<Waking> => inShard(shard, readWaking);
const alarm = (shard: number): Promise<void> => inShard(shard, (_, __, ledger) => ledger.alarm());

/** As if all that is planned had been planned so long ago. */
function pass(shard: number, ms: number): Promise<void> {
  return inShard(shard, (sql) => {
    sql.exec("UPDATE wake SET at = at - ?1, planned_at = planned_at - ?1", ms);
    sql.exec("UPDATE waking SET open_until = open_until - ?1, failed_at = failed_at - ?1", ms);
  });
}

async function published(shard: number, count: number): Promise<Publication> {
  await expect.poll(() => publishedFor(shard).length).toBe(count);
  const newest = publishedFor(shard).at(-1)!;
  // The shard has been told, too.
  await expect
    .poll(() => inShard(shard, (sql) => sql.exec("SELECT 1 FROM wake WHERE published_at IS NULL").toArray().length))
    .toBe(0);
  return newest;
}

let shard = 0;

/** A shard that nothing was asked of. */
async function another(): Promise<number> {
  shard = (shard + 1) % 16;
  await empty(shard);
  return shard;
}

function empty(which: number): Promise<void> {
  return inShard(which, async (sql, storage) => {
    for (const table of ["message", "chunk", "schedule", "outbox", "wake", "waking"]) sql.exec(`DELETE FROM ${table}`);
    await storage.deleteAlarm();
  });
}

beforeEach(async () => void (await another()));

afterEach(async () => {
  await simulator.fetch("http://simulator/api/faults", { method: "DELETE" });
  queue.calls = true;
  queue.gate = Promise.resolve();
  publications.length = 0;
});

describe("a wake", () => {
  it("says which shard and when, and nothing of what is sent or to whom", async () => {
    const at = Date.now() + hour;
    await acceptedOn(shard, one(), { sendAt: new Date(at).toISOString() });
    const { destination, body, headers } = await published(shard, 1);
    expect(destination).toBe(jobsUrl);
    expect(body).toEqual({ shard, at: Math.ceil(at / 1000) * 1000, generation: expect.any(Number) as number });
    expect(headers.get("upstash-deduplication-id")).toBe(`${shard}:${body.at}:${body.generation}`);
    expect(headers.get("upstash-not-before")).toBe(String(Math.ceil(at / 1000)));
    expect(headers.get("authorization")).toBe(`Bearer ${simulatorCredentials.qstash.token}`);
  });

  it("for what is due now waits for nothing, and its job sends the message", async () => {
    const [id] = await acceptedOn(shard, one());
    await untilStatus(id!, "delivered");
    const { body, headers } = only(publishedFor(shard));
    expect(headers.get("upstash-not-before")).toBeNull();
    expect(body.at).toBeLessThanOrEqual(Date.now());
    expect(received(id!)).toBe(1);
  });

  it("is one for 1,000 messages, in as many turns as they take", async () => {
    const ids = await acceptedOn(shard, addresses(1_000));
    for (const id of [ids[0]!, ids[500]!, ids[999]!]) await untilStatus(id, "delivered", 15_000);
    expect(publishedFor(shard)).toHaveLength(1);
  });

  it("is one for a burst of requests", async () => {
    queue.calls = false;
    const accepted = await Promise.all(Array.from({ length: 20 }, () => acceptedOn(shard, one())));
    await published(shard, 1);
    queue.calls = true;
    for (const id of accepted.flat()) await untilStatus(id, "delivered");
    expect(publishedFor(shard)).toHaveLength(1);
  });

  it("serves what comes later as well: only what is due before it has another", async () => {
    await acceptedOn(shard, one(), { sendAt: inMs(2 * hour) });
    const { body } = await published(shard, 1);
    await acceptedOn(shard, one(), { sendAt: inMs(3 * hour) });
    await acceptedOn(shard, one(), { sendAt: new Date(body.at - 10).toISOString() });
    expect(publishedFor(shard)).toHaveLength(1);
    await acceptedOn(shard, one(), { sendAt: inMs(hour) });
    const earlier = await published(shard, 2);
    expect(earlier.body.at).toBeLessThan(body.at);
    expect(earlier.body.generation).toBe(body.generation + 1);
    expect(await alarmAt(shard)).toBe(earlier.body.at + sweepAfterMs);
  });

  it("is not asked for again when one that is due now has been served", async () => {
    await acceptedOn(shard, one(), { sendAt: inMs(hour) });
    await published(shard, 1);
    const [id] = await acceptedOn(shard, one());
    await untilStatus(id!, "delivered");
    expect(publishedFor(shard)).toHaveLength(2);
    await pass(shard, openForMs);
    await inShard(shard, (_, __, ledger) => ledger.sweep(Date.now()));
    expect(publishedFor(shard)).toHaveLength(2);
  });

  it("that is farther away than QStash waits gets there in hops", async () => {
    await inShard(shard, (sql) => {
      const start = Date.now();
      const sendAt = start + 30 * 24 * hour;
      const hops: number[] = [];
      for (let now = start; now < sendAt;) {
        const { publish, alarmAt: behind } = planWake(sql, { shard, now, bornAt: start }, sendAt);
        expect(publish!.at - now).toBeLessThan(7 * 24 * hour);
        expect(behind).toBe(publish!.at + sweepAfterMs);
        hops.push((publish!.at - now) / longestDelayMs);
        now = publish!.at;
        takeWake(sql, now);
      }
      expect(hops).toHaveLength(5);
      expect(hops.slice(0, 4)).toEqual([1, 1, 1, 1]);
    });
  });

  it("opens its shard for a moment: what comes due meanwhile needs no other", async () => {
    const [first] = await acceptedOn(shard, one());
    await untilStatus(first!, "delivered");
    const [second] = await acceptedOn(shard, one());
    await untilStatus(second!, "delivered");
    expect(publishedFor(shard)).toHaveLength(1);
    await pass(shard, openForMs);
    const [third] = await acceptedOn(shard, one());
    await untilStatus(third!, "delivered");
    expect(publishedFor(shard)).toHaveLength(2);
  });

  it("that has opened its shard does not close it to others while a long list is sent", async () => {
    await inShard(shard, (sql) => {
      const now = Date.now();
      planWake(sql, { shard, now, bornAt: now }, now);
      takeWake(sql, now);
      const muchLater = now + 10 * openForMs;
      // The list was due then; what is due since then goes out with it.
      expect(mayAlarmSend(sql, now)).toBe(true);
      expect(planWake(sql, { shard, now: muchLater, bornAt: now }, now)).toEqual({ alarmAt: now, publish: undefined });
      expect(mayAlarmSend(sql, muchLater)).toBe(false);
    });
  });

  it("is all that a run of a schedule takes", async () => {
    for (const each of allShards(env)) await empty(each);
    const request = email(one(), { providers: ["postmark"] });
    const response = await call("POST", "/v1/schedules", {
      body: { cron: "0 0 1 1 *", zone: "UTC", notification: request },
    });
    const { id } = await response.json<{ id: string }>();
    const home = Number.parseInt(id.slice(4, 6), 16);
    await published(home, 1);
    await inShard(home, (sql) => void sql.exec("UPDATE schedule SET due_at = ?1, run_at = ?1", Date.now() - 1));
    await inShard(home, (_, __, ledger) => ledger.sweep(Date.now()));
    const runs = (): Promise<unknown> =>
      inShard(home, (sql) => sql.exec("SELECT last_run FROM schedule").one()["last_run"]);
    await expect.poll(runs).not.toBeNull();
    expect(publishedFor(home)).toHaveLength(2);
  });
});

describe("what QStash costs", () => {
  it("is five rows more for a message that travels alone, and none more for each that travels with it", async () => {
    const rows: number[] = [];
    for (const count of [1, 51]) {
      await another();
      const counted = await meter();
      const ids = await acceptedOn(shard, addresses(count));
      for (const id of ids) await untilStatus(id, "delivered");
      await expect.poll(() => publishedFor(shard).length).toBe(1);
      const ofWakes = [...counted.rowsByQuery].filter(([query]) => /\b(wake|waking)\b/.test(query));
      rows.push(ofWakes.reduce((sum, [, count]) => sum + count, 0));
    }
    expect(rows).toEqual([5, 5]);
  });
});

describe("a publication", () => {
  it("is waited for by nobody: neither by who asks, nor by the shard", async () => {
    let open = (): void => undefined;
    queue.gate = new Promise((resolve) => {
      open = resolve;
    });
    const [first] = await acceptedOn(shard, one());
    await acceptedOn(shard, one(), { sendAt: inMs(hour) });
    await alarm(shard);
    expect((await message(first!)).status).toBe("queued");
    expect(await inShard(shard, (sql) => sql.exec("SELECT published_at FROM wake").toArray())).toEqual([
      { published_at: null },
    ]);
    open();
    await untilStatus(first!, "delivered");
  });

  it("that died on its way is made again, under the same id", async () => {
    queue.calls = false;
    const [id] = await acceptedOn(shard, one());
    const lost = await published(shard, 1);
    await inShard(
      shard,
      (sql) => void sql.exec("UPDATE wake SET published_at = NULL, planned_at = planned_at - 30000"),
    );
    await inShard(shard, (_, __, ledger) => ledger.sweep(Date.now()));
    const again = await published(shard, 2);
    expect(again.headers.get("upstash-deduplication-id")).toBe(lost.headers.get("upstash-deduplication-id"));
    queue.calls = true;
    await untilStatus(id!, "delivered");
    expect(received(id!)).toBe(1);
  });

  it("that a crash may have taken with it is made again at once, and one that was heard of is not", async () => {
    await inShard(shard, (sql) => {
      const now = Date.now();
      const before = { shard, now, bornAt: now - 1 };
      const { publish } = planWake(sql, before, now);
      expect(planWake(sql, { ...before, now: now + 1_000 }, now).publish).toBeUndefined();
      const after = { shard, now: now + 2_000, bornAt: now + 1_500 };
      expect(planWake(sql, after, now).publish).toEqual(publish);
      expect(planWake(sql, after, now).publish).toBeUndefined();
      notePublished(sql, publish!, now + 2_500);
      expect(planWake(sql, { shard, now: now + 9_000, bornAt: now + 8_000 }, now).publish).toBeUndefined();
    });
  });

  it.each([
    ["refused", { kind: "unavailable", times: 1 }, "HTTP 503"],
    [
      "over the day's limit",
      { kind: "respond", times: 1, status: 429, headers: { "RateLimit-Limit": "1000" } },
      "HTTP 429",
    ],
    ["refused for its token", { kind: "respond", times: 1, status: 401, body: { error: "invalid token" } }, "HTTP 401"],
    ["cut, and taken all the same", { kind: "accept-then-cut", times: 2 }, "network"],
  ])("that is %s leaves the message to the alarm, and is told", async (_, broken, reason) => {
    await fault({ provider: "qstash", ...broken });
    const [id] = await acceptedOn(shard, one());
    await untilStatus(id!, "delivered");
    expect(received(id!)).toBe(1);
    await expect.poll(() => wakingOf(shard)).toMatchObject({ failing: { reason } });
  });

  it("is not tried with every message while it fails, and says when it works again", async () => {
    await fault({ provider: "qstash", kind: "unavailable" });
    const [first] = await acceptedOn(shard, one());
    await untilStatus(first!, "delivered");
    const [second] = await acceptedOn(shard, one());
    await untilStatus(second!, "delivered");
    expect(publishedFor(shard)).toHaveLength(1);
    await simulator.fetch("http://simulator/api/faults", { method: "DELETE" });
    await pass(shard, publishPauseMs);
    const [third] = await acceptedOn(shard, one());
    await untilStatus(third!, "delivered");
    await published(shard, 2);
    expect((await wakingOf(shard)).failing).toBeUndefined();
    expect([first!, second!, third!].map(received)).toEqual([1, 1, 1]);
  });
});

describe("the alarm behind a wake", () => {
  it("stands two minutes after it", async () => {
    queue.calls = false;
    await acceptedOn(shard, one());
    const { body } = await published(shard, 1);
    expect(await alarmAt(shard)).toBe(body.at + sweepAfterMs);
  });

  it("publishes again when nobody has called, and sends by itself the second time", async () => {
    queue.calls = false;
    const [id] = await acceptedOn(shard, one());
    const first = await published(shard, 1);
    await alarm(shard);
    expect((await message(id!)).tries).toBe(0);

    await pass(shard, sweepAfterMs);
    await alarm(shard);
    const second = await published(shard, 2);
    expect(second.body.generation).toBe(first.body.generation + 1);
    expect([(await message(id!)).tries, (await wakingOf(shard)).silent]).toEqual([0, 1]);

    await pass(shard, sweepAfterMs);
    await alarm(shard);
    await untilStatus(id!, "delivered");
    expect((await wakingOf(shard)).silent).toBe(2);

    // Until somebody calls, the alarm stands at the moment itself; and they are asked all the same.
    const [next] = await acceptedOn(shard, one());
    await untilStatus(next!, "delivered");
    const third = await published(shard, 3);
    queue.calls = true;
    await expect.poll(() => wakingOf(shard)).toMatchObject({ silent: 0 });

    // All calls come in the end, and change nothing.
    const before = await message(id!);
    for (const { body } of [first, second, third]) {
      expect(await (await callWith(body)).json()).toEqual({ handedOut: 0 });
    }
    expect(await message(id!)).toEqual(before);
    expect([id!, next!].map(received)).toEqual([1, 1]);
  });

  it("counts nothing that was called in time", async () => {
    const [id] = await acceptedOn(shard, one());
    await untilStatus(id!, "delivered");
    await pass(shard, sweepAfterMs);
    await alarm(shard);
    expect(await wakingOf(shard)).toMatchObject({ silent: 0 });
  });

  it("does not send what waits for its call when it runs for something else", async () => {
    queue.calls = false;
    const [id] = await acceptedOn(shard, one());
    await published(shard, 1);
    for (let turn = 0; turn < 3; turn++) await alarm(shard);
    expect((await message(id!)).tries).toBe(0);
    queue.calls = true;
    await untilStatus(id!, "delivered");
  });

  it("is the shard's own for leases, effects and events: they publish nothing", async () => {
    const [id] = await acceptedOn(shard, `bounced+wakes${shard}@simulator.test`);
    await untilStatus(id!, "bounced");
    await expect.poll(async () => (await call("GET", "/v1/suppressions")).text()).toContain("bounced");
    expect(publishedFor(shard)).toHaveLength(1);
  });

  it("forgets silence when what was to be sent was called back", async () => {
    queue.calls = false;
    const [id] = await acceptedOn(shard, one(), { sendAt: inMs(5_000) });
    await published(shard, 1);
    expect((await call("POST", `/v1/messages/${id}/cancel`)).status).toBe(200);
    await inShard(shard, (sql) => noteSilence(sql, Date.now() + hour));
    await alarm(shard);
    expect(publishedFor(shard)).toHaveLength(1);
    expect((await message(id!)).status).toBe("canceled");
  });
});
