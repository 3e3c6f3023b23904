import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EventType, eventTypes } from "./delivery-event.ts";
import { type Evidence, evidenceOf, evidenceOrder, joinEvidence, joinStatus, statusOrder } from "./status.ts";

// What an application keeps of a message's events: its status, when each thing first happened, whom not to send to.

interface Told {
  readonly id: number;
  readonly type: EventType;
  /** Milliseconds. */
  readonly at: number;
  readonly attempt: number;
  readonly address: number;
}

interface Kept {
  readonly status: Evidence | undefined;
  readonly milestones: Readonly<Record<string, number>>;
  readonly suppressed: readonly number[];
}

/** One event after the other, as they come: nothing is looked at twice, and none is known in advance. */
function kept(events: readonly Told[]): Kept {
  const slots = new Map<string, Evidence | undefined>();
  const milestones: Record<string, number> = {};
  const suppressed = new Set<number>();
  for (const { type, at, attempt, address } of events) {
    const evidence = evidenceOf(type);
    const slot = `${attempt} ${address}`;
    slots.set(slot, joinEvidence(slots.get(slot), evidence));
    if (evidence !== undefined) milestones[evidence] = Math.min(milestones[evidence] ?? at, at);
    if (type === "bounced" || type === "complained") suppressed.add(address);
  }
  const status = joinStatus([...slots.values()].filter((one) => one !== undefined));
  return { status, milestones, suppressed: [...suppressed].toSorted() };
}

/** The same by looking at all events at once, from the two orders alone. */
function defined(events: readonly Told[]): Evidence | undefined {
  const strongest = events.flatMap(({ attempt, address }) => {
    const slot = events.filter((one) => one.attempt === attempt && one.address === address);
    const all = slot.flatMap(({ type }) => evidenceOf(type) ?? []);
    return evidenceOrder.findLast((one) => all.includes(one)) ?? [];
  });
  return statusOrder.findLast((one) => strongest.includes(one));
}

const events = fc
  .array(
    fc.record({
      type: fc.constantFrom(...eventTypes),
      at: fc.nat(10_000),
      attempt: fc.nat(2),
      address: fc.nat(2),
    }),
    { minLength: 1, maxLength: 15 },
  )
  .map((all) => all.map((one, id): Told => ({ id, ...one })));

const mixed = events.chain((all) =>
  fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all, ...all], { minLength: 2 * all.length })),
);

describe("a message's history", () => {
  it("gives the same status, milestones and suppressions in any order, with any repetition", () => {
    fc.assert(
      fc.property(mixed, ([all, again]) => {
        const seen = new Set(again.map(({ id }) => id));
        const those = all.filter(({ id }) => seen.has(id));
        expect(kept(again)).toEqual(kept(those));
        expect(kept(those.toReversed())).toEqual(kept(those));
      }),
      { numRuns: 500 },
    );
  });

  it("gives the same in whatever parts it comes, and in whatever order those are put together", () => {
    const parted = fc.tuple(events, fc.array(fc.nat(2), { minLength: 15, maxLength: 15 }));
    fc.assert(
      fc.property(parted, ([all, part]) => {
        const parts = [0, 1, 2].map((number) => all.filter(({ id }) => part[id] === number));
        expect(kept(parts.flat())).toEqual(kept(all));
        expect(kept(parts.toReversed().flat())).toEqual(kept(all));
      }),
    );
  });

  it("is the best, over attempts and addresses, of the strongest that is known of each", () => {
    fc.assert(
      fc.property(events, (all) => {
        expect(kept(all).status).toBe(defined(all));
      }),
      { numRuns: 500 },
    );
  });

  it("only ever moves by what is new: an event that is known already changes nothing", () => {
    fc.assert(
      fc.property(events, fc.nat(14), (all, index) => {
        const again = all[index % all.length]!;
        expect(kept([...all, again])).toEqual(kept(all));
      }),
    );
  });

  it("is never bettered by a failure, nor worsened by another attempt", () => {
    const rank = (one: Evidence | undefined): number => (one === undefined ? -1 : statusOrder.indexOf(one));
    fc.assert(
      fc.property(events, (all) => {
        const other: Told = { id: 99, type: "bounced", at: 20_000, attempt: 7, address: 0 };
        expect(rank(kept([...all, other]).status)).toBeGreaterThanOrEqual(rank(kept(all).status));
      }),
    );
  });
});
