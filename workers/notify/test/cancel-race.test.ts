import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newStem, uuidAt } from "../src/ids.ts";
import { accept } from "../src/ledger/accept.ts";
import { cancel, reschedule } from "../src/ledger/cancel.ts";
import { claim } from "../src/ledger/claim.ts";
import type { ChunkJob } from "../src/ledger/claim.ts";
import { expireLeases } from "../src/ledger/leases.ts";
import { record } from "../src/ledger/record.ts";
import type { MemberOutcome } from "../src/ledger/settle.ts";
import type { Settings } from "../src/settings.ts";
import { inShard } from "./shards.ts";
import { attempt, holds, resends } from "./steps.ts";

/** One thing that happens to a notification of three messages; `who` is one of them. */
type Step =
  | { readonly do: "claim" | "leaseEnds" | "cancelAll" }
  | { readonly do: "cancel" | "moveLater" | "moveNow"; readonly who: number }
  | { readonly do: "record"; readonly job: number; readonly outcomes: readonly Outcome[] };

const outcomes = ["accepted", "unknown", "rate-limited", "rejected", "postponed"] as const;
type Outcome = (typeof outcomes)[number];

const who = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("claim" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leaseEnds" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancelAll" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cancel" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("moveLater" as const, "moveNow" as const), who }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("record" as const),
      job: fc.nat(3),
      outcomes: fc.array(fc.constantFrom(...outcomes), { minLength: 3, maxLength: 3 }),
    }),
  },
);

function told(uuid: string, provider: string, outcome: Outcome): MemberOutcome {
  switch (outcome) {
    case "accepted":
      return attempt(uuid, { provider, outcome: "accepted", kind: undefined, providerMessageId: uuid });
    case "unknown":
      return attempt(uuid, { provider });
    case "rate-limited":
    case "rejected":
      return attempt(uuid, { provider, outcome: "failed", kind: outcome });
    case "postponed":
      return { uuid, kind: "postponed", reason: "The turn was over.", forMs: 0 };
  }
}

interface Play {
  readonly provider: string;
  readonly settings: Settings;
  readonly steps: readonly Step[];
  /** The next failure is the last on its lane: what is tried again then is another request, in no chunk. */
  readonly worn: boolean;
}

/** Plays the steps, and keeps the rule in sight at each. */
function play(sql: SqlStorage, shard: number, { provider, settings, steps, worn }: Play): void {
  for (const table of ["message", "notification", "timeline", "chunk"]) sql.exec(`DELETE FROM ${table}`);
  // Every step is a second after the one before, and what waits is due at the next.
  let now = Date.now();
  const stem = newStem(new Date(now));
  const uuids = [1, 2, 3].map((position) => uuidAt(stem, position));
  accept(
    sql,
    {
      now,
      idempotency: undefined,
      notifications: [
        {
          stem,
          channel: "email",
          priority: 1,
          sendAt: now,
          providers: [provider],
          content: "{}",
          messages: uuids.map((uuid) => ({
            recipient: `${uuid}@simulator.test`,
            addresses: [{ key: uuid, label: "x" }],
          })),
        },
      ],
    },
    settings,
  );
  if (worn) sql.exec("UPDATE message SET lane = ?, lane_tries = 2, lane_since = ?", `${provider}:default`, now);
  const open: ChunkJob[] = [];
  /** Handed out, and nothing was said of it yet, or what was said may mean that it went out. */
  const maybeSent = new Set<string>();
  const canceled = new Set<string>();
  /** Tokens of jobs whose lease ended, and messages with a try whose outcome nobody knows. */
  const lost = new Set<string>();
  const unknown = new Set<string>();
  const rowsOf = (): Map<unknown, string> =>
    new Map(
      sql
        .exec("SELECT * FROM message")
        .toArray()
        .map((row) => [row["uuid"], JSON.stringify(row)]),
    );

  for (const one of steps) {
    now += 1_000;
    switch (one.do) {
      case "claim": {
        sql.exec("UPDATE message SET due_at = ? WHERE due_at IS NOT NULL AND place = 'queued'", now);
        sql.exec("UPDATE chunk SET at = ? WHERE open = 0", now);
        for (const job of claim(sql, shard, now, settings)) {
          open.push(job);
          for (const { uuid } of job.members) {
            expect(canceled.has(uuid), "a message that was canceled is claimed").toBe(false);
            maybeSent.add(uuid);
          }
        }
        break;
      }
      case "record": {
        const job = open[one.job];
        if (job === undefined) break;
        const said = job.members.map(({ uuid }, index) => told(uuid, provider, one.outcomes[index] ?? "accepted"));
        record(sql, { chunk: job.chunk, token: job.token, lane: job.lane, now, outcomes: said }, settings);
        // Said before the lease ended, a refusal proves that this try left nothing behind.
        const isCurrent = open.splice(one.job, 1).length === 1 && !lost.has(job.token);
        job.members.forEach(({ uuid }, index) => {
          const outcome = one.outcomes[index];
          if (isCurrent && outcome !== "accepted" && outcome !== "unknown" && !unknown.has(uuid))
            maybeSent.delete(uuid);
          else unknown.add(uuid);
        });
        break;
      }
      case "leaseEnds":
        for (const job of open) {
          lost.add(job.token);
          for (const { uuid } of job.members) unknown.add(uuid);
        }
        sql.exec("UPDATE chunk SET at = ? WHERE open = 1", now);
        expireLeases(sql, now, settings);
        break;
      case "cancel":
      case "cancelAll": {
        const before = rowsOf();
        const target =
          one.do === "cancel"
            ? ({ kind: "msg", uuid: uuids[one.who] ?? "" } as const)
            : ({ kind: "ntf", uuid: uuidAt(stem, 0) } as const);
        for (const { uuid, tooLate } of cancel(sql, target, now) ?? []) {
          if (tooLate === undefined) {
            expect(maybeSent.has(uuid), "a message that may have been sent is canceled").toBe(false);
            canceled.add(uuid);
          } else expect(rowsOf().get(uuid), "a cancel that came too late changed something").toBe(before.get(uuid));
        }
        break;
      }
      case "moveLater":
      case "moveNow": {
        const uuid = uuids[one.who] ?? "";
        const sendAt = one.do === "moveLater" ? now + 3_600_000 : now;
        const moved = reschedule(sql, { kind: "msg", uuid }, { sendAt, expiresAt: undefined }, now);
        expect(Array.isArray(moved)).toBe(true);
        if (canceled.has(uuid)) expect(moved).toMatchObject([{ tooLate: "already-finished" }]);
        break;
      }
    }
  }
  for (const uuid of canceled) {
    const row = sql.exec("SELECT status, due_at, chunk FROM message WHERE uuid = ?", uuid).one();
    expect(row).toEqual({ status: "canceled", due_at: null, chunk: null });
  }
}

describe("cancel and claim", () => {
  it.each([
    ["resend", "with idempotency keys", "resend", resends],
    ["postmark", "without", "resend", resends],
    ["postmark", "without", "hold", holds],
  ] as const)("never both win, whatever happens: %s (%s), %s", async (provider, _keys, _policy, settings) => {
    await inShard(0, (sql, storage) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 25 }), fc.boolean(), (steps, worn) => {
          storage.transactionSync(() => play(sql, 0, { provider, settings, steps, worn }));
        }),
        { numRuns: 150 },
      );
      for (const table of ["message", "notification", "timeline", "chunk"]) sql.exec(`DELETE FROM ${table}`);
    });
  });
});
