import { describe, expect, it } from "vitest";
import { isCarried, isRecorded, recorded, statusOf, unrecorded } from "./evidence.ts";
import type { EvidenceByAttempt } from "./evidence.ts";

const known = { place: "done" as const, anotherTryIsDue: false, hasUnknownTry: false };
const status = (evidence: EvidenceByAttempt, more: Partial<Parameters<typeof statusOf>[0]> = {}): string =>
  statusOf({ ...known, evidence, ...more });

const first = recorded(1, "resend");

describe("what a provider tells without an id that is known", () => {
  const unnamed = unrecorded("resend", undefined);
  const another = unrecorded("resend", "email 7");

  it("is of the attempt that the provider took", () => {
    expect(status({ [first]: ["delivered"], [unnamed]: ["bounced"] })).toBe("bounced");
    expect(status({ [first]: ["delivered"], [another]: ["bounced"] })).toBe("bounced");
    expect(status({ [another]: ["bounced"], [first]: ["delivered"] })).toBe("bounced");
  });

  it("is of an attempt of its own where one ended without an answer, or none is recorded", () => {
    expect(status({ [first]: ["delivered"], [another]: ["bounced"] }, { hasUnknownTry: true })).toBe("delivered");
    expect(status({ [another]: ["bounced"], [unrecorded("resend", "8")]: ["delivered"] })).toBe("delivered");
    expect(status({ [unnamed]: ["soft_bounced"] }, { place: "queued" })).toBe("soft_bounced");
  });

  it("is never another provider's", () => {
    expect(status({ [first]: ["delivered"], [unrecorded("postmark", undefined)]: ["bounced"] })).toBe("delivered");
  });

  it("is of the attempt that the code of before wrote down without its provider", () => {
    expect(status({ 1: ["delivered"], [unnamed]: ["bounced"] })).toBe("bounced");
    expect(status({ 1: ["delivered"], [first]: ["bounced"] })).toBe("bounced");
  });
});

describe("a status", () => {
  it("is kept apart by address, and the best of them", () => {
    expect(status({ [first]: ["bounced", "delivered"] })).toBe("delivered");
    expect(status({ [first]: ["delivered", null], [unrecorded("resend", undefined)]: ["bounced", null] })).toBe(
      "bounced",
    );
  });

  it("is where the message stands while nothing, or only failing things, are known and another try is due", () => {
    const due = { place: "queued" as const, anotherTryIsDue: true };
    expect(status({}, due)).toBe("queued");
    expect(status({ [first]: ["soft_bounced"] }, due)).toBe("queued");
    expect(status({ [first]: ["delivered"] }, due)).toBe("delivered");
    expect(status({})).toBe("sent");
  });
});

it("knows a message as carried that was sent, though it bounced later, and as recorded by an attempt alone", () => {
  expect(isCarried({ sent: 1, bounced: 2 })).toBe(true);
  expect(isCarried({ bounced: 2, failed: 1 })).toBe(false);
  expect([isRecorded({ [first]: ["sent"] }), isRecorded({ 1: ["sent"] })]).toEqual([true, true]);
  expect(isRecorded({ [unrecorded("resend", undefined)]: ["sent"] })).toBe(false);
});
