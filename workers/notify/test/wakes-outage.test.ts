import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  mayAlarmSend,
  notePublished,
  noteSilence,
  noteUnpublished,
  planWake,
  silentWakes,
  sweepAfterMs,
  takeWake,
} from "../src/ledger/wakes.ts";
import type { Wake } from "../src/ledger/wakes.ts";
import { inShard } from "./shards.ts";

/** What becomes of a publication. */
const fates = [
  "called",
  "called late",
  "called twice",
  "never called",
  "refused",
  "refused, and called",
  "lost",
] as const;
type Fate = (typeof fates)[number];

interface Accepted {
  /** When it is accepted, and how much later it is due. */
  readonly at: number;
  readonly inMs: number;
}

const minute = 60_000;
const lateMs = 37 * minute;
/** A shard answers, and is told of a publication, within so long. */
const stepMs = 5;

interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Plays one shard on a clock of its own: everything happens in the order of its moments. */
function play(
  sql: SqlStorage,
  accepts: readonly Accepted[],
  outcomes: readonly Fate[],
  crashes: readonly number[],
): Played {
  const start = 1_800_000_000_000;
  let now = start;
  let bornAt = start - 1;
  let alarm: number | undefined;
  const waiting: number[] = [];
  const sent: { readonly due: number; readonly at: number; readonly acceptedAt: number }[] = [];
  const acceptedAt = new Map<number, number>();
  const events: Event[] = [];
  let published = 0;

  const later = (at: number, run: () => void): void => void events.push({ at, run });

  const sendDue = (): void => {
    for (const due of waiting.splice(0)) {
      if (due > now) waiting.push(due);
      else sent.push({ due, at: now, acceptedAt: acceptedAt.get(due) ?? due });
    }
  };

  const arm = (): void => {
    const next = waiting.length === 0 ? undefined : Math.min(...waiting);
    const { alarmAt, publish } = planWake(sql, { shard: 0, now, bornAt }, next);
    if (alarmAt !== undefined && (alarm === undefined || alarmAt < alarm)) alarm = Math.max(alarmAt, now + 1);
    if (publish !== undefined) publishAs(outcomes[published++ % outcomes.length] ?? "called", publish);
  };

  const callAt = (at: number): void => {
    later(at, () => {
      takeWake(sql, now);
      sendDue();
      arm();
    });
  };

  const publishAs = (fate: Fate, wake: Wake): void => {
    const comes = Math.max(wake.at, now + stepMs);
    if (fate === "called" || fate === "called twice" || fate === "refused, and called") callAt(comes);
    if (fate === "called twice") callAt(comes + stepMs);
    if (fate === "called late") callAt(comes + lateMs);
    if (fate === "lost") return;
    later(now + stepMs, () => {
      if (fate.startsWith("refused")) noteUnpublished(sql, wake, "HTTP 503", now);
      else notePublished(sql, wake, now);
      arm();
    });
  };

  for (const { at, inMs } of accepts) {
    later(start + at, () => {
      // No two are due in one millisecond, so that each can be told.
      let due = now + inMs;
      while (acceptedAt.has(due)) due += 1;
      acceptedAt.set(due, now);
      waiting.push(due);
      arm();
    });
  }
  for (const at of crashes) later(start + at, () => (bornAt = now + 1));

  for (let step = 0; step < 20_000; step++) {
    const next = events.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined && alarm === undefined) break;
    if (alarm !== undefined && (next === undefined || alarm <= next.at)) {
      now = Math.max(now, alarm);
      alarm = undefined;
      noteSilence(sql, now);
      if (mayAlarmSend(sql, waiting.length === 0 ? undefined : Math.min(...waiting))) sendDue();
      arm();
    } else if (next !== undefined) {
      events.splice(events.indexOf(next), 1);
      now = Math.max(now, next.at);
      next.run();
    }
  }
  return { sent, unsent: waiting.length, published };
}

interface Played {
  readonly sent: readonly { readonly due: number; readonly at: number; readonly acceptedAt: number }[];
  readonly unsent: number;
  readonly published: number;
}

const accepted: fc.Arbitrary<Accepted> = fc.record({
  at: fc.nat(2 * 60 * minute),
  inMs: fc.oneof(fc.constant(0), fc.nat(10_000), fc.nat(90 * minute), fc.nat(20 * 24 * 60 * minute)),
});

describe("whatever QStash does with what it is asked", () => {
  it("each message is sent, never before its moment, and at most two silent wakes late", async () => {
    await inShard(0, (sql, storage) => {
      fc.assert(
        fc.property(
          fc.array(accepted, { minLength: 1, maxLength: 12 }),
          fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 12 }),
          fc.array(fc.nat(3 * 60 * minute), { maxLength: 3 }),
          (accepts, outcomes, crashes) => {
            const { sent, unsent } = storage.transactionSync(() => {
              sql.exec("DELETE FROM wake; DELETE FROM waking");
              return play(sql, accepts, outcomes, crashes);
            });
            expect(unsent).toBe(0);
            expect(sent).toHaveLength(accepts.length);
            for (const { due, at } of sent) {
              expect(at).toBeGreaterThanOrEqual(due);
              // A moment is a whole second for QStash; and its answers take a few milliseconds each.
              expect(at - due).toBeLessThanOrEqual(silentWakes * sweepAfterMs + 1_000 + 10 * stepMs);
            }
          },
        ),
        { numRuns: 400 },
      );
      sql.exec("DELETE FROM wake; DELETE FROM waking");
    });
  });

  it("one that does what it is asked is asked at most once for each message, and every message is sent in its second", async () => {
    await inShard(0, (sql, storage) => {
      fc.assert(
        fc.property(fc.array(accepted, { minLength: 1, maxLength: 20 }), (accepts) => {
          const { sent, published } = storage.transactionSync(() => {
            sql.exec("DELETE FROM wake; DELETE FROM waking");
            return play(sql, accepts, ["called"], []);
          });
          // And once more for each week that it waits.
          const hops = accepts.reduce((sum, { inMs }) => sum + Math.floor(inMs / (6.9 * 24 * 60 * minute)), 0);
          expect(published).toBeLessThanOrEqual(accepts.length + hops);
          for (const { due, at } of sent) expect(at - due).toBeLessThanOrEqual(1_000 + stepMs);
        }),
        { numRuns: 200 },
      );
      sql.exec("DELETE FROM wake; DELETE FROM waking");
    });
  });
});
