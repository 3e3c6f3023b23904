import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { newStem, uuidAt } from "../src/ids.ts";
import { claim } from "../src/ledger/claim.ts";
import { createPermits, laneStub } from "../src/lane/lanes.ts";
import type { ByPriority } from "../src/lane/pacer.ts";
import { env, accept, call, fault, until, untilStatus } from "./service.ts";
import { inShard, messageId, placeOf } from "./shards.ts";
import { forgetPauses, resends } from "./steps.ts";
import { simulator } from "./worker.ts";

const twilio = "twilio:default";
const { perSecond, burst } = (JSON.parse(env.RATES!) as Record<string, { perSecond: number; burst: number }>)[twilio]!;

interface Health {
  readonly lanes: readonly { readonly lane: string; readonly pausedUntil: string | null; readonly waiting: number }[];
}

async function health(): Promise<Health> {
  return (await call("GET", "/v1/health", { key: "" })).json();
}

let numbers = 2000;

/** Texts on a shard, due now; their ids. Alarms run as they do. */
async function text(shard: number, count: number, priority: number, expiresAt?: number): Promise<string[]> {
  const now = Date.now();
  const stem = newStem(new Date(now));
  const messages = Array.from({ length: count }, () => {
    const number = `+1500555${(numbers += 1)}`;
    return { recipient: number, addresses: [{ key: number, label: "x" }] };
  });
  const content = JSON.stringify({ text: "x" });
  await inShard(shard, (_, __, ledger) =>
    ledger.accept({
      now,
      idempotency: undefined,
      notifications: [
        { stem, channel: "sms", priority, sendAt: now, providers: undefined, content, messages, expiresAt },
      ],
    }),
  );
  return messages.map((_, index) => messageId(shard, uuidAt(stem, index + 1)));
}

/** When the requests of all texts began, over the shards. */
async function startsOn(shards: readonly number[]): Promise<{ uuid: string; at: number }[]> {
  const all = await Promise.all(
    shards.map((shard) =>
      inShard(shard, (sql) =>
        sql
          .exec<{ uuid: string; at: number }>(
            "SELECT message AS uuid, at FROM timeline WHERE kind = 'attempt' AND data ->> 'provider' = 'twilio'",
          )
          .toArray(),
      ),
    ),
  );
  return all.flat().toSorted((a, b) => a.at - b.at);
}

async function clear(shards: readonly number[]): Promise<void> {
  for (const shard of shards) {
    await inShard(shard, (sql) => {
      for (const table of ["message", "notification", "timeline", "chunk"]) sql.exec(`DELETE FROM ${table}`);
    });
  }
}

const shards = [2, 5, 8, 11];

beforeEach(async () => {
  await simulator.fetch("http://simulator/api/faults", { method: "DELETE" });
  await forgetPauses();
  await clear(shards);
});

describe("a lane", () => {
  it("is held to its rate by all shards together", async () => {
    const ids = (await Promise.all(shards.map((shard) => text(shard, 30, 1)))).flat();
    await expect.poll(async () => (await startsOn(shards)).length, { timeout: 18_000 }).toBe(ids.length);
    const starts = await startsOn(shards);
    for (const { at: from } of starts) {
      // A permit is used a moment after it was given: as much again is a second of that, for a machine that is busy.
      const within = starts.filter(({ at }) => at >= from && at < from + 1_000).length;
      expect(within).toBeLessThanOrEqual(burst + 2 * perSecond);
    }
    // Without it all of them would be there at once.
    const took = starts.at(-1)!.at - starts[0]!.at;
    expect(took).toBeGreaterThan(((ids.length - burst) / perSecond) * 1_000 - 1_500);
    for (const shard of shards) {
      // Who has waited has not been tried, and has no entry for it.
      const entries = await inShard(shard, (sql) =>
        sql.exec("SELECT count(*) AS n FROM timeline WHERE kind = 'decision'").one(),
      );
      expect(entries).toEqual({ n: 0 });
    }
  });

  it("lets what is urgent pass a bulk of thousands, on the same shard and on another", async () => {
    const [first, other] = shards as [number, number];
    await text(first, 4_000, 2);
    await expect.poll(async () => (await startsOn([first])).length).toBeGreaterThan(burst);
    const before = (await startsOn([first])).length;
    const urgent = (await Promise.all([text(first, 1, 0), text(other, 1, 0)])).flat();
    const sent = await Promise.all(urgent.map((id) => until(id, ({ status }) => status !== "queued")));
    for (const { timeline } of sent) expect(timeline[0]).toMatchObject({ kind: "attempt", outcome: "accepted" });
    const between = (await startsOn([first])).length - before;
    // It has passed nearly all of them, and they have not stood still for it.
    expect(between).toBeLessThan(1_000);
    await expect.poll(async () => (await startsOn([first])).length).toBeGreaterThan(before + between);
    const { lanes } = await health();
    expect(lanes.find(({ lane }) => lane === twilio)).toMatchObject({ rate: { perSecond, burst }, pausedUntil: null });
    expect(lanes.find(({ lane }) => lane === twilio)!.waiting).toBeGreaterThan(1_000);
  });

  it("is asked for no permits where the time of all that waits is over, and that ends at once", async () => {
    const [shard] = shards as [number];
    const ids = await text(shard, 3 * burst, 2, Date.now() - 1);
    for (const id of ids) await untilStatus(id, "expired");
    expect(await startsOn([shard])).toEqual([]);
  });

  it("spends no permit on what is over: what waits behind it is not kept", async () => {
    const [shard] = shards as [number];
    // Taken, so that permits come one by one.
    await text(shard, 2 * burst, 1);
    const over = await text(shard, 20 * burst, 1, Date.now() - 1);
    const [behind] = await text(shard, 1, 1);
    await until(behind!, ({ status }) => status !== "queued");
    for (const id of [over[0]!, over.at(-1)!]) await untilStatus(id, "expired");
  });

  it("that rests does not keep what is to be handed to another, where neither has its queue yet", async () => {
    const [shard] = shards as [number];
    const rests = Date.now() + 20_000;
    await inShard(shard, (sql) => sql.exec("INSERT INTO lane_pause VALUES (?, ?, 0)", twilio, rests));
    const [id] = await text(shard, 1, 0);
    await inShard(shard, (sql, storage) =>
      storage.transactionSync(() => {
        // As a message of a route's later step is.
        sql.exec("UPDATE message SET lane = NULL WHERE uuid = ?", placeOf(id!).uuid);
        sql.exec("DELETE FROM lane_gate");
        expect(claim(sql, shard, Date.now(), resends, new Map())).toEqual([]);
        const [row] = sql.exec("SELECT lane FROM message WHERE uuid = ?", placeOf(id!).uuid).toArray();
        expect(row).toEqual({ lane: twilio });
        expect(sql.exec("SELECT lane FROM lane_gate").toArray()).toEqual([]);
        expect(claim(sql, shard, Date.now(), resends, new Map())).toEqual([]);
        expect(sql.exec("SELECT lane FROM lane_gate").toArray()).toEqual([{ lane: twilio }]);
      }),
    );
  });

  it("rests for all shards when its provider asks one of them for it", async () => {
    const [first, ...others] = shards as [number, ...number[]];
    await fault({ kind: "rate-limit", provider: "twilio", retryAfterSeconds: 3, times: 1 });
    const [id] = await text(first, 1, 1);
    const refused = await until(id!, ({ tries }) => tries === 1);
    const pausedUntil = Date.parse(String(refused.timeline[0]!["at"])) + 3_000;
    const paused = (shard: number): Promise<unknown[]> =>
      inShard(shard, (sql) => sql.exec("SELECT lane FROM lane_pause WHERE until > ?", Date.now()).toArray());
    for (const shard of others) await expect.poll(() => paused(shard)).toEqual([{ lane: twilio }]);
    const ids = (await Promise.all(others.map((shard) => text(shard, 2, 0)))).flat();
    for (const one of [id!, ...ids]) {
      const { timeline, tries } = await until(one, ({ status }) => status !== "queued");
      expect(Date.parse(String(timeline.findLast(({ kind }) => kind === "attempt")!["at"]))).toBeGreaterThanOrEqual(
        pausedUntil,
      );
      // The wait was no try.
      expect(tries).toBe(one === id ? 2 : 1);
    }
  });

  it("that rests for long leaves the next provider to carry on, at once", async () => {
    await fault({ kind: "rate-limit", provider: "resend", retryAfterSeconds: 600, times: 1 });
    const send = async (to: string): Promise<string> => {
      const content = { from: "app@example.org", subject: "x", text: "x" };
      return (await accept({ channel: "email", to, content })).messages[0]!.id;
    };
    const first = await untilStatus(await send("delivered+rests1@simulator.test"), "delivered");
    expect(first.timeline.filter(({ kind }) => kind === "attempt").map((one) => one["provider"])).toEqual([
      "resend",
      "postmark",
    ]);
    await expect
      .poll(async () => (await laneStub(env, "resend:default").take(1, [1, 0, 0])).granted)
      .toEqual([0, 0, 0]);
    const second = await untilStatus(await send("delivered+rests2@simulator.test"), "delivered");
    expect([second.provider, second.tries]).toEqual(["postmark", 1]);
  });

  it("stops in the middle of a chunk when it is told to: the rest has lost no try", async () => {
    await fault({ kind: "rate-limit", provider: "twilio", retryAfterSeconds: 2, times: 6 });
    const [shard] = shards as [number];
    await expect.poll(async () => (await laneStub(env, twilio).take(99, [0, 0, 0])).granted).toEqual([0, 0, 0]);
    const ids = await text(shard, 10, 1);
    const found = await Promise.all(ids.map((id) => until(id, ({ status }) => status !== "queued", 15_000)));
    const tries = found.map((one) => one.tries);
    expect(tries.filter((count) => count === 2)).toHaveLength(6);
    expect(tries.filter((count) => count === 1)).toHaveLength(4);
  });

  it("rests when it fails again and again, and is tried with one message after that", async () => {
    const [shard] = shards as [number];
    await fault({ kind: "unavailable", provider: "twilio" });
    await text(shard, 8, 1);
    const state = (): Promise<{ until: number; failures: number } | undefined> =>
      inShard(
        shard,
        (sql) => sql.exec<{ until: number; failures: number }>("SELECT until, failures FROM lane_pause").toArray()[0],
      );
    await expect.poll(async () => (await state())?.failures).toBeGreaterThanOrEqual(5);
    expect((await state())!.until).toBeGreaterThan(Date.now() + 10_000);
    const shown = async (): Promise<unknown> => {
      const { lanes } = await health();
      return lanes.find(({ lane }) => lane === twilio)!.pausedUntil;
    };
    await expect.poll(shown).not.toBeNull();
    // Those that it was not handed any more have lost no try.
    expect((await startsOn([shard])).length).toBeLessThan(8 * 2);
  });
});

describe("the object of a lane", () => {
  const want: ByPriority = [40, 0, 0];

  it("that starts anew knows its pause, and begins with few permits", async () => {
    const stub = laneStub(env, twilio);
    await stub.pause({ lane: twilio, until: Date.now() + 4_000, failures: 0 });
    await evictDurableObject(stub as never);
    expect((await stub.take(1, want)).granted).toEqual([0, 0, 0]);
    await expect.poll(async () => (await stub.take(1, [1, 0, 0])).granted[0], { timeout: 8_000 }).toBe(1);
    await evictDurableObject(stub as never);
    expect((await stub.take(1, want)).granted[0]).toBeLessThanOrEqual(1);
  });

  it("that knows no rate grants all", async () => {
    expect(await laneStub(env, "postmark:default").take(1, want)).toMatchObject({ granted: want });
  });

  const silent = (take: () => Promise<unknown>): typeof env =>
    ({ ...env, LANE: { idFromName: () => "", get: () => ({ take }) } }) as unknown as typeof env;

  it.each([
    ["hangs", () => new Promise(() => undefined)],
    ["cannot be reached", () => Promise.reject(new Error("unreachable"))],
  ])("that %s leaves each shard its own part of the rate", async (_, take) => {
    let asked = 0;
    const other = silent(() => ((asked += 1), take()));
    const permits = [3, 4].map((shard) => createPermits(other, shard));
    let granted = 0;
    const from = Date.now();
    while (Date.now() < from + 3_500) {
      for (const one of permits) {
        const { granted: given, nextAtMs } = (await one.ask(new Map([[twilio, want]]))).get(twilio)!;
        granted += given[0];
        expect(nextAtMs[0]).toBeGreaterThan(Date.now() - 100);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // A sixteenth each, and one that may be there at the start.
    const most = 2 * (1 + ((Date.now() - from) / 1_000) * (perSecond / 16));
    expect(granted).toBeGreaterThan(0);
    expect(granted).toBeLessThanOrEqual(most);
    // Once it is known to be silent, nobody waits for it.
    expect(asked).toBe(2);
  });

  it("that hangs does not keep a shard from sending", async () => {
    const [shard] = shards as [number];
    const own = await inShard(shard, (_, __, ledger) => Reflect.get(ledger, "env") as { LANE: unknown });
    const { LANE } = own;
    let asked = 0;
    own.LANE = silent(() => ((asked += 1), new Promise(() => undefined))).LANE;
    try {
      const [id] = await text(shard, 1, 0);
      const { tries } = await until(id!, ({ status }) => status !== "queued");
      expect([tries, asked]).toEqual([1, 1]);
    } finally {
      own.LANE = LANE;
    }
  });
});
