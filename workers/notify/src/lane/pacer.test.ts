import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bulkShare, createPacer } from "./pacer.ts";
import type { ByPriority, Pacer, Rate } from "./pacer.ts";

const start = 1_800_000_000_000;

const rate = fc.record({
  perSecond: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constantFrom(0.2, 0.5, 1.5)),
  burst: fc.integer({ min: 1, max: 600 }),
});
const many = fc.oneof(fc.constant(0), fc.nat(1_000));
const wanted: fc.Arbitrary<ByPriority> = fc.tuple(many, many, many);
const ask = fc.record({ asker: fc.nat(15), wanted, waitMs: fc.oneof(fc.nat(20), fc.nat(3_000)) });

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);

/** Askers that do as they are told: each comes back when its permits are said to be there, with all it has left. */
function run(pacer: Pacer, backlogs: readonly (readonly number[])[], forMs: number): GrantOf[] {
  const grants: GrantOf[] = [];
  const left = backlogs.map((one) => [...one]);
  const comesAt = backlogs.map((_, asker) => start + asker);
  for (;;) {
    const next = Math.min(...comesAt);
    if (next > start + forMs) return grants;
    const asker = comesAt.indexOf(next);
    const own = left[asker]!;
    const { granted, nextAtMs } = pacer.take(asker, own as unknown as ByPriority, next);
    for (const [priority, count] of granted.entries()) {
      own[priority]! -= count;
      if (count > 0) grants.push({ asker, priority, count, at: next });
    }
    const waits = nextAtMs.filter((_, priority) => own[priority]! > 0);
    comesAt[asker] = waits.length === 0 ? Infinity : Math.max(next + 1, Math.min(...waits));
  }
}

interface GrantOf {
  readonly asker: number;
  readonly priority: number;
  readonly count: number;
  readonly at: number;
}

const total = (grants: readonly GrantOf[]): number => sum(grants.map(({ count }) => count));

describe("a lane's permits", () => {
  it("are never more than the burst and what the rate has added since, in any stretch of time; bulk has four fifths of both", () => {
    fc.assert(
      fc.property(rate, fc.array(ask, { minLength: 1, maxLength: 60 }), (of, asks) => {
        const pacer = createPacer(of, start);
        const grants: { at: number; all: number; bulk: number }[] = [];
        let now = start;
        for (const one of asks) {
          now += one.waitMs;
          const { granted, nextAtMs } = pacer.take(one.asker, one.wanted, now);
          for (const [priority, count] of granted.entries()) {
            expect(count).toBeGreaterThanOrEqual(0);
            expect(count).toBeLessThanOrEqual(one.wanted[priority]!);
            if (count < one.wanted[priority]!) expect(nextAtMs[priority]).toBeGreaterThan(now);
          }
          grants.push({ at: now, all: sum(granted), bulk: granted[2] });
        }
        for (const [from, first] of grants.entries()) {
          let all = 0;
          let bulk = 0;
          for (const one of grants.slice(from)) {
            all += one.all;
            bulk += one.bulk;
            const added = ((one.at - first.at) / 1000) * of.perSecond;
            expect(all).toBeLessThanOrEqual(of.burst + added + 1e-6);
            expect(bulk).toBeLessThanOrEqual(Math.max(1, of.burst * bulkShare) + added * bulkShare + 1e-6);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are not wasted: whoever comes when told uses the rate to the full, whatever their number", () => {
    const shards = fc.constantFrom(1, 2, 4, 16);
    fc.assert(
      fc.property(rate, shards, (of, count) => {
        // Nobody comes more often than every millisecond.
        fc.pre(of.burst * 20 >= of.perSecond);
        const seconds = Math.max(60, 40 / of.perSecond);
        const backlogs = Array.from({ length: count }, () => [0, 1e9, 0]);
        const granted = total(run(createPacer(of, start), backlogs, seconds * 1000));
        expect(granted).toBeGreaterThanOrEqual(0.9 * of.perSecond * seconds - of.burst);
      }),
      { numRuns: 60 },
    );
  });

  it("are shared: of those who want as much, nobody gets much more than another", () => {
    const grants = run(
      createPacer({ perSecond: 20, burst: 20 }, start),
      Array.from({ length: 8 }, () => [0, 0, 1e9]),
      60_000,
    );
    const each = Array.from({ length: 8 }, (_, asker) => total(grants.filter((one) => one.asker === asker)));
    expect(Math.min(...each)).toBeGreaterThan(0.7 * Math.max(...each));
  });

  it("are there for what cannot wait, while bulk takes all that it may", () => {
    const pacer = createPacer({ perSecond: 10, burst: 10 }, start);
    run(
      pacer,
      Array.from({ length: 4 }, () => [0, 0, 1e9]),
      20_000,
    );
    const now = start + 20_001;
    expect(pacer.take(9, [1, 0, 0], now).granted).toEqual([1, 0, 0]);
    expect(pacer.take(9, [0, 1, 0], now + 500).granted).toEqual([0, 1, 0]);
  });

  it("go to the more urgent first, though others ask before it", () => {
    const pacer = createPacer({ perSecond: 10, burst: 10 }, start);
    const slow = pacer.take(1, [0, 100, 0], start);
    expect(slow.granted[1]).toBe(1);
    const urgent = pacer.take(2, [5, 0, 0], start + 1);
    expect(urgent.granted[0]).toBe(0);
    // Half a second makes five, which are kept for it, though the other comes first.
    expect(pacer.take(1, [0, 99, 0], start + 490).granted[1]).toBe(0);
    expect(pacer.take(2, [5, 0, 0], urgent.nextAtMs[0]).granted[0]).toBeGreaterThan(0);
  });

  it("come to everybody in the end: bulk is not starved by a lane that is always full of more urgent messages", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), (perSecond, burst) => {
        const of: Rate = { perSecond, burst };
        const grants = run(
          createPacer(of, start),
          [
            [1e9, 0, 0],
            [1e9, 0, 0],
            [0, 1e9, 0],
            [0, 0, 1e9],
          ],
          300_000,
        );
        expect(total(grants.filter(({ priority }) => priority === 1))).toBeGreaterThan(0);
        expect(total(grants.filter(({ priority }) => priority === 2))).toBeGreaterThan(0);
        // And takes little: what is urgent has nearly all.
        expect(total(grants.filter(({ priority }) => priority === 0))).toBeGreaterThan(0.8 * perSecond * 300 - burst);
      }),
      { numRuns: 40 },
    );
  });

  it("are not kept for one that does not come back", () => {
    const pacer = createPacer({ perSecond: 1, burst: 1 }, start);
    pacer.take(1, [1, 0, 0], start);
    pacer.take(1, [50, 0, 0], start + 1);
    expect(pacer.take(2, [0, 1, 0], start + 1_500).granted[1]).toBe(0);
    expect(pacer.take(2, [0, 1, 0], start + 60_000).granted[1]).toBe(1);
  });

  it("begin with one, so that who starts anew again and again is not faster", () => {
    expect(createPacer({ perSecond: 100, burst: 100 }, start).take(1, [50, 0, 0], start).granted).toEqual([1, 0, 0]);
  });
});
