import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventTypes } from "./delivery-event.ts";
import { evidenceOf, evidenceOrder, isFailing, joinEvidence, joinStatus, statusOrder } from "./status.ts";
import type { Evidence } from "./status.ts";

const evidence = fc.constantFrom(...evidenceOrder);

/** What an application does: joins events by attempt and address, then those. */
function statusOf(events: readonly { readonly slot: number; readonly evidence: Evidence }[]): Evidence | undefined {
  const slots = new Map<number, Evidence | undefined>();
  for (const event of events) slots.set(event.slot, joinEvidence(slots.get(event.slot), event.evidence));
  return joinStatus([...slots.values()].filter((each) => each !== undefined));
}

const one = (...all: Evidence[]): Evidence | undefined => statusOf(all.map((each) => ({ slot: 0, evidence: each })));

describe("status", () => {
  it("orders the same evidence twice, once for an attempt and once for a message", () => {
    expect([...statusOrder].toSorted()).toEqual([...evidenceOrder].toSorted());
    expect(new Set(evidenceOrder).size).toBe(evidenceOrder.length);
  });

  it("is the same for any order and any repetition of the same events", () => {
    const event = fc.record({ slot: fc.integer({ min: 0, max: 3 }), evidence });
    const shuffled = fc
      .array(event, { maxLength: 12 })
      .chain((events) =>
        fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
      );
    fc.assert(
      fc.property(shuffled, ([events, again]) => {
        expect(statusOf(again)).toBe(statusOf(events));
      }),
    );
  });

  it("joins associatively, commutatively and idempotently", () => {
    const maybe = fc.option(evidence, { nil: undefined });
    fc.assert(
      fc.property(maybe, maybe, maybe, (a, b, c) => {
        expect(joinEvidence(a, b)).toBe(joinEvidence(b, a));
        expect(joinEvidence(a, joinEvidence(b, c))).toBe(joinEvidence(joinEvidence(a, b), c));
        expect(joinEvidence(a, a)).toBe(a);
        expect(joinEvidence(a, undefined)).toBe(a);
      }),
    );
  });

  it("keeps B's delivery when A's bounce comes late", () => {
    expect(
      statusOf([
        { slot: 0, evidence: "sent" },
        { slot: 1, evidence: "delivered" },
        { slot: 0, evidence: "bounced" },
      ]),
    ).toBe("delivered");
  });

  it("believes a delivery after a soft bounce", () => {
    expect(one("sent", "soft_bounced", "delivered")).toBe("delivered");
    expect(one("delivered", "soft_bounced")).toBe("delivered");
  });

  it("believes a hard bounce of the same attempt days after its delivery", () => {
    expect(one("delivered", "bounced")).toBe("bounced");
    expect(one("bounced", "delivered", "opened")).toBe("bounced");
  });

  it("ranks a complaint above everything, since it proves the delivery", () => {
    expect(one("bounced", "complained")).toBe("complained");
    expect(joinStatus(["delivered", "complained", "clicked"])).toBe("complained");
  });

  it("prefers an attempt that is still open to one that failed", () => {
    expect(joinStatus(["failed", "bounced", "sent"])).toBe("sent");
    expect(joinStatus(["failed", "suppressed"])).toBe("suppressed");
    expect(joinStatus([])).toBeUndefined();
  });

  it("reads evidence out of every event type but those that say nothing of the delivery", () => {
    expect(eventTypes.filter((type) => evidenceOf(type) === undefined)).toEqual(["unsubscribed", "unrecognized"]);
    expect(evidenceOf("accepted")).toBe("sent");
    expect(evidenceOf("soft_bounced")).toBe("soft_bounced");
  });

  it("calls failing what another attempt could better", () => {
    expect(evidenceOrder.filter(isFailing)).toEqual(["soft_bounced", "failed", "suppressed", "bounced"]);
  });
});
