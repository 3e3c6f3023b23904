import { beforeEach, describe, expect, it } from "vitest";
import { wanted, claim } from "../src/ledger/claim.ts";
import type { ChunkJob } from "../src/ledger/claim.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { newStem } from "../src/ids.ts";
import { readSettings } from "../src/settings.ts";
import { env } from "./service.ts";
import { inShard } from "./shards.ts";
import { membersOf } from "./steps.ts";

const shard = 3;
const slow = readSettings({ ...env, RATES: '{"resend:default":{"perSecond":2,"burst":4}}' });

/** A notification without an alarm: the test takes the turns. */
async function put(
  ledger: Ledger,
  count: number,
  more: { priority?: number; providers?: string[] } = {},
): Promise<string> {
  const { priority = 1, providers = ["resend"] } = more;
  const now = Date.now();
  const stem = newStem(new Date(now));
  const messages = Array.from({ length: count }, (_, index) => ({
    recipient: `l${index}@simulator.test`,
    addresses: [{ key: `l${index}@simulator.test`, label: "l" }],
  }));
  const content = JSON.stringify({ from: "a@b.example", subject: "x", text: "x" });
  const notification = { stem, channel: "email", priority, sendAt: now - 1, providers, content, messages };
  await ledger.accept({ now, idempotency: undefined, notifications: [notification] });
  return stem;
}

const stemsOf = (jobs: readonly ChunkJob[]): string[] =>
  jobs.flatMap((job) => membersOf(job).map((uuid) => uuid.slice(0, 24)));

beforeEach(async () => {
  await inShard(shard, (sql, storage) => {
    storage.setAlarm = () => Promise.resolve();
    for (const table of ["message", "notification", "chunk", "lane_gate", "lane_pause"])
      sql.exec(`DELETE FROM ${table}`);
  });
});

describe("a turn", () => {
  it("asks its lane for a request a batch, and claims no more than it is granted", async () => {
    await inShard(shard, async (sql, _, ledger) => {
      await put(ledger, 350, { priority: 2 });
      const now = Date.now();
      expect(wanted(sql, now, slow).get("resend:default")).toEqual([0, 0, 4]);
      const nextAtMs = [now, now, now + 1_500] as const;
      const jobs = claim(sql, shard, now, slow, new Map([["resend:default", { granted: [0, 0, 2], nextAtMs }]]));
      expect(jobs.map(({ members }) => members.length)).toEqual([100, 100]);
      expect(sql.exec("SELECT lane, priority, until FROM lane_gate").toArray()).toEqual([
        { lane: "resend:default", priority: 2, until: now + 1_500 },
      ]);
      // Nothing was counted against those that stay.
      expect(sql.exec("SELECT count(*) AS left FROM message WHERE due_at < ? AND tries = 0", now).one()).toEqual({
        left: 150,
      });
      expect(wanted(sql, now + 1_499, slow).size).toBe(0);
      expect(wanted(sql, now + 1_500, slow).get("resend:default")).toEqual([0, 0, 2]);
    });
  });

  it("gives each notification of a priority its turn, however long another one is", async () => {
    await inShard(shard, async (sql, _, ledger) => {
      const long = await put(ledger, 3_000, { providers: ["postmark"] });
      const short = await put(ledger, 3, { providers: ["postmark"] });
      const jobs = claim(sql, shard, Date.now(), slow);
      const stems = stemsOf(jobs);
      expect(stems.filter((stem) => stem === short)).toHaveLength(3);
      expect(stems.filter((stem) => stem === long).length).toBeGreaterThan(500);
    });
  });
});
