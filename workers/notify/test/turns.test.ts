import { beforeEach, describe, expect, it } from "vitest";
import { newStem } from "../src/ids.ts";
import { nextMoments } from "../src/ledger/arm.ts";
import { claim, wanted } from "../src/ledger/claim.ts";
import type { ChunkJob } from "../src/ledger/claim.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { readSettings } from "../src/settings.ts";
import { env } from "./service.ts";
import { inShard } from "./shards.ts";
import { attempt, membersOf, told } from "./steps.ts";

const shard = 3;
const resend = "resend:default";
const slow = readSettings({ ...env, RATES: '{"resend:default":{"perSecond":2,"burst":4}}' });

interface Put {
  readonly priority?: number;
  readonly providers?: readonly string[] | undefined;
  readonly dueAt?: number;
  readonly expiresAt?: number;
}

/** A notification without an alarm: the test takes the turns. */
async function put(ledger: Ledger, count: number, more: Put = {}): Promise<string> {
  const { priority = 1, expiresAt } = more;
  const providers = "providers" in more ? more.providers : ["resend"];
  const now = Date.now();
  const stem = newStem(new Date(now));
  const messages = Array.from({ length: count }, (_, index) => ({
    recipient: `l${index}@simulator.test`,
    addresses: [{ key: `l${index}@simulator.test`, label: "l" }],
  }));
  const content = JSON.stringify({ from: "a@b.example", subject: "x", text: "x" });
  const sendAt = more.dueAt ?? now - 1;
  const notification = { stem, channel: "email", priority, sendAt, expiresAt, providers, content, messages };
  await ledger.accept({ now: Math.min(now, sendAt), idempotency: undefined, notifications: [notification] });
  return stem;
}

function onShard(work: (sql: SqlStorage, ledger: Ledger) => Promise<void>): Promise<void> {
  return inShard(shard, (sql, _, ledger) => work(sql, ledger));
}

const stemsOf = (jobs: readonly ChunkJob[]): string[] =>
  jobs.flatMap((job) => membersOf(job).map((uuid) => uuid.slice(0, 24)));

const sizes = (jobs: readonly ChunkJob[]): unknown[] => jobs.map(({ lane, members }) => [lane, members.length]);

function pause(sql: SqlStorage, lane: string, until: number, failures = 0): void {
  sql.exec("INSERT OR REPLACE INTO lane_pause VALUES (?, ?, ?)", lane, until, failures);
}

beforeEach(async () => {
  await inShard(shard, (sql, storage) => {
    storage.setAlarm = () => Promise.resolve();
    for (const table of ["message", "notification", "timeline", "chunk", "lane_gate", "lane_pause"]) {
      sql.exec(`DELETE FROM ${table}`);
    }
  });
});

describe("a turn", () => {
  it("wants a permit for each batch, and claims no more than it is granted", async () => {
    await onShard(async (sql, ledger) => {
      await put(ledger, 350, { priority: 2 });
      const now = Date.now();
      expect(wanted(sql, now, slow).get(resend)).toEqual([0, 0, 4]);
      const nextAtMs = [now, now, now + 1_500] as const;
      const jobs = claim(sql, shard, now, slow, new Map([[resend, { granted: [0, 0, 2], nextAtMs }]]));
      expect(sizes(jobs)).toEqual([
        [resend, 100],
        [resend, 100],
      ]);
      expect(sql.exec("SELECT lane, priority, until FROM lane_gate").toArray()).toEqual([
        { lane: resend, priority: 2, until: now + 1_500 },
      ]);
      expect(wanted(sql, now + 1_499, slow).size).toBe(0);
      expect(wanted(sql, now + 1_500, slow).get(resend)).toEqual([0, 0, 2]);
    });
  });

  it("counts nothing against what is not granted: no try, no entry, no row", async () => {
    await onShard(async (sql, ledger) => {
      const now = Date.now();
      await put(ledger, 5);
      const before = sql.exec("SELECT * FROM message").toArray();
      expect(claim(sql, shard, now, slow, new Map([[resend, none(now + 700)]]))).toEqual([]);
      expect(sql.exec("SELECT * FROM message").toArray()).toEqual(before);
      expect(sql.exec("SELECT count(*) AS entries FROM timeline").one()).toEqual({ entries: 0 });
      expect(nextMoments(sql).sendAt).toBe(now + 700);
    });
  });

  it("is not stopped for other lanes and priorities by one that must wait", async () => {
    await onShard(async (sql, ledger) => {
      const now = Date.now();
      await put(ledger, 3_000, { priority: 1 });
      claim(sql, shard, now, slow, new Map([[resend, none(now + 60_000)]]));
      await put(ledger, 2, { priority: 1, providers: ["postmark"], dueAt: now });
      await put(ledger, 1, { priority: 0, dueAt: now });
      expect(wanted(sql, now + 1, slow).get(resend)).toEqual([1, 0, 0]);
      const one = new Map([[resend, { ...none(now), granted: [1, 0, 0] as const }]]);
      expect(sizes(claim(sql, shard, now + 1, slow, one))).toEqual([
        [resend, 1],
        ["postmark:default", 2],
      ]);
    });
  });

  it("leaves room in flight for what is more urgent", async () => {
    await onShard(async (sql, ledger) => {
      // Each in a chunk of its own.
      const some = async (priority: number): Promise<void> => {
        await put(ledger, 20, { providers: ["postmark"], priority });
        sql.exec("UPDATE message SET lost_leases = 2");
      };
      for (const [priority, room] of [
        [2, 12],
        [1, 3],
        [0, 1],
      ] as const) {
        await some(priority);
        expect(nextMoments(sql).sendAt).toBeLessThanOrEqual(Date.now());
        expect(claim(sql, shard, Date.now(), slow)).toHaveLength(room);
        expect(nextMoments(sql).sendAt).toBeUndefined();
      }
    });
  });

  it("gives each notification of a priority its turn, however long another one is", async () => {
    await onShard(async (sql, ledger) => {
      const long = await put(ledger, 3_000, { providers: ["postmark"] });
      const short = await put(ledger, 3, { providers: ["postmark"] });
      const stems = stemsOf(claim(sql, shard, Date.now(), slow));
      expect(stems.filter((stem) => stem === short)).toHaveLength(3);
      expect(stems.filter((stem) => stem === long).length).toBeGreaterThan(500);
    });
  });

  it("does so with few permits, too: after some turns everybody has had one", async () => {
    await onShard(async (sql, ledger) => {
      const single = readSettings({ ...env, RATES: '{"postmark:default":{"perSecond":2,"burst":2}}' });
      const stems = new Set<string>();
      for (const count of [2_500, 1, 1, 40]) stems.add(await put(ledger, count, { providers: ["postmark"] }));
      const served = new Set<string>();
      const now = Date.now();
      for (let turn = 0; turn < 200 && served.size < stems.size; turn++) {
        sql.exec("DELETE FROM chunk");
        sql.exec("DELETE FROM lane_gate");
        const two = new Map([["postmark:default", { ...none(now), granted: [0, 2, 0] as const }]]);
        for (const stem of stemsOf(claim(sql, shard, now, single, two))) served.add(stem);
      }
      expect(served).toEqual(stems);
    });
  });

  it("ends what has expired behind a lane that must wait", async () => {
    await onShard(async (sql, ledger) => {
      const now = Date.now();
      await put(ledger, 1, { expiresAt: now + 2_000 });
      pause(sql, resend, now + 3_600_000);
      expect(claim(sql, shard, now, slow)).toEqual([]);
      const again = nextMoments(sql).sendAt!;
      expect(again).toBeGreaterThan(now);
      expect(again).toBeLessThanOrEqual(now + 10_000);
      claim(sql, shard, now + 10_000, slow);
      expect(sql.exec("SELECT place, tries FROM message").toArray()).toEqual([{ place: "expired", tries: 0 }]);
    });
  });
});

describe("while a provider rests", () => {
  it("the next one carries on, whether it was to rest for long or has failed too often", async () => {
    for (const [until, failures] of [
      [600_000, 0],
      [5_000, 5],
    ] as const) {
      await onShard(async (sql, ledger) => {
        const now = Date.now();
        sql.exec("DELETE FROM chunk");
        await put(ledger, 2, { providers: undefined });
        pause(sql, resend, now + until, failures);
        expect(sizes(claim(sql, shard, now, slow))).toEqual([["postmark:default", 2]]);
        // What comes meanwhile does not even join the queue.
        await put(ledger, 1, { providers: undefined });
        expect(sql.exec("SELECT lane FROM message WHERE due_at IS NOT NULL").one()).toEqual({
          lane: "postmark:default",
        });
        sql.exec("DELETE FROM message");
      });
    }
  });

  it("a short pause is waited out, and so is a long one where there is nobody else", async () => {
    await onShard(async (sql, ledger) => {
      const now = Date.now();
      await put(ledger, 2, { providers: undefined });
      pause(sql, resend, now + 5_000);
      expect(claim(sql, shard, now, slow)).toEqual([]);
      expect(nextMoments(sql).sendAt).toBe(now + 5_000);
      sql.exec("DELETE FROM message");
      sql.exec("DELETE FROM lane_gate");
      await put(ledger, 2);
      pause(sql, resend, now + 600_000);
      expect(claim(sql, shard, now, slow)).toEqual([]);
    });
  });

  it("what may be there already waits for it: another provider would make a second copy", async () => {
    await onShard(async (sql, ledger) => {
      const now = Date.now();
      await put(ledger, 1, { providers: undefined });
      sql.exec("UPDATE message SET unknown_tries = 1");
      pause(sql, resend, now + 600_000);
      expect(claim(sql, shard, now, slow)).toEqual([]);
    });
  });

  it("a request that is repeated waits, too, and keeps its members", async () => {
    await onShard(async (sql, ledger) => {
      const now = Date.now();
      await put(ledger, 3);
      const [job] = claim(sql, shard, now, slow);
      sql.exec("UPDATE chunk SET open = 0, at = ? WHERE id = ?", now, job!.chunk);
      pause(sql, resend, now + 20_000);
      expect(claim(sql, shard, now, slow)).toEqual([]);
      expect(nextMoments(sql).sendAt).toBe(now + 20_000);
      const [again] = claim(sql, shard, now + 20_000, slow);
      expect([again!.chunk, membersOf(again!)]).toEqual([job!.chunk, membersOf(job!)]);
    });
  });

  it("and after its rest it has one message, until that is answered", async () => {
    await onShard(async (sql, ledger) => {
      const now = Date.now();
      await put(ledger, 300);
      pause(sql, resend, now - 1, 5);
      const [trial, ...others] = claim(sql, shard, now, slow);
      expect([membersOf(trial!).length, others]).toEqual([1, []]);
      expect(claim(sql, shard, now + 6_000, slow)).toEqual([]);
      const accepted = attempt(membersOf(trial!)[0]!, { outcome: "accepted", kind: undefined, providerMessageId: "x" });
      await told(trial!, [accepted]);
      expect(sizes(claim(sql, shard, now + 6_000, slow))).toEqual([
        [resend, 100],
        [resend, 100],
        [resend, 99],
      ]);
    });
  });
});

/** No permit, and when to ask again. */
function none(nextAt: number): { granted: readonly [0, 0, 0]; nextAtMs: readonly [number, number, number] } {
  return { granted: [0, 0, 0], nextAtMs: [nextAt, nextAt, nextAt] };
}
