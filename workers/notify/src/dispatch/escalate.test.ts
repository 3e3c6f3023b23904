import { describe, expect, it } from "vitest";
import { escalate, inWords, metBy, standingOf } from "./escalate.ts";
import type { Route, StartedStep, Walk } from "./escalate.ts";

const minute = 60_000;
const noon = 1_000_000_000;

/** A push, a text two minutes later, an email an hour after that. */
const route: Route = {
  steps: [
    { parts: [0] },
    { parts: [1], afterMs: 2 * minute, unless: "delivered" },
    { parts: [2], afterMs: 60 * minute, unless: "opened" },
  ],
  channels: ["webpush", "sms", "email"],
  priority: 1,
};

const first: StartedStep = { step: 0, at: noon, messages: 1 };

function walk(statuses: Readonly<Record<number, readonly string[]>>, more: Partial<Walk> = {}): Walk {
  const standings = new Map(Object.entries(statuses).map(([step, own]) => [Number(step), standingOf(own)]));
  return { route, started: [first], standings, addresses: () => 1, now: noon, ...more };
}

describe("a person's walk along a route", () => {
  it("waits for the time of the next step", () => {
    expect(escalate(walk({ 0: ["sent"] }))).toEqual({
      started: [first],
      skipped: [],
      next: 1,
      dueAt: noon + 2 * minute,
    });
  });

  it("takes that step at its time, and counts the next from then", () => {
    const now = noon + 3 * minute;
    expect(escalate(walk({ 0: ["sent"] }, { now }))).toMatchObject({
      started: [first, { step: 1, at: now, because: "time", of: 0, messages: 1 }],
      next: 2,
      dueAt: now + 60 * minute,
    });
  });

  it.each(["delivered", "opened", "clicked", "complained"])("passes over a step once it was %s", (status) => {
    const { started, skipped } = escalate(walk({ 0: [status] }, { now: noon + 3 * minute }));
    expect(started).toEqual([first]);
    expect(skipped[0]).toEqual({ step: 1, because: status, of: 0 });
  });

  it("takes the step after one that it passes over when that was planned for", () => {
    expect(escalate(walk({ 0: ["delivered"] }, { now: noon + minute }))).toMatchObject({
      next: 2,
      dueAt: noon + 62 * minute,
    });
    expect(escalate(walk({ 0: ["delivered"] }, { now: noon + 62 * minute })).started[1]).toMatchObject({
      step: 2,
      because: "time",
    });
  });

  it("is over when all that is left is passed over", () => {
    const { started, next, dueAt } = escalate(walk({ 0: ["opened"] }));
    expect({ started, next, dueAt }).toEqual({ started: [first], next: undefined, dueAt: undefined });
  });

  it.each(["failed", "suppressed", "bounced", "soft_bounced", "expired"])(
    "takes the next step at once when the one before is %s",
    (status) => {
      const { started, dueAt } = escalate(walk({ 0: [status] }, { now: noon + 5 }));
      expect(started[1]).toEqual({ step: 1, at: noon + 5, because: status, of: 0, messages: 1 });
      expect(dueAt).toBe(noon + 5 + 60 * minute);
    },
  );

  it.each(["scheduled", "queued", "held", "captured", "canceled", "sent", "deferred"])(
    "waits on while the one before is %s",
    (status) => {
      expect(escalate(walk({ 0: [status] })).started).toEqual([first]);
    },
  );

  it("takes step after step where there is no address", () => {
    const { started } = escalate(
      walk({}, { started: [{ ...first, messages: 0 }], addresses: (step) => (step === 2 ? 1 : 0) }),
    );
    expect(started.map(({ step, because, of }) => ({ step, because, of }))).toEqual([
      { step: 0, because: undefined, of: undefined },
      { step: 1, because: "no-address", of: 0 },
      { step: 2, because: "no-address", of: 1 },
    ]);
  });

  it("begins no earlier than the first step, whatever fails before", () => {
    const later = { ...first, at: noon + minute, messages: 0 };
    expect(escalate(walk({}, { started: [later] })).started[1]).toMatchObject({ at: noon + minute });
  });

  it("does not fall back from a step that succeeded for another", () => {
    // The text failed, and meanwhile the push was opened: nobody needs the email.
    const started = [first, { step: 1, at: noon + 2 * minute, messages: 1 }];
    expect(escalate(walk({ 0: ["opened"], 1: ["failed"] }, { started }))).toMatchObject({
      started,
      skipped: [{ step: 2, because: "opened", of: 0 }],
    });
  });

  it("starts a step without a time only when the one before has failed", () => {
    const fallback: Route = { ...route, steps: [{ parts: [0] }, { parts: [1] }] };
    const day = { route: fallback, now: noon + 1_440 * minute };
    const { started, next, dueAt } = escalate(walk({ 0: ["sent"] }, day));
    expect({ started, next, dueAt }).toEqual({ started: [first], next: 1, dueAt: undefined });
    expect(escalate(walk({ 0: ["bounced"] }, day)).started).toHaveLength(2);
  });

  it("starts nothing from when it expires", () => {
    const expiresAt = noon + 2 * minute;
    expect(escalate(walk({ 0: ["sent"] }, { expiresAt })).dueAt).toBeUndefined();
    expect(escalate(walk({ 0: ["failed"] }, { expiresAt, now: expiresAt })).started).toEqual([first]);
    expect(escalate(walk({ 0: ["failed"] }, { expiresAt, now: expiresAt - 1 })).started).toHaveLength(2);
  });

  it("changes nothing when it is looked at again", () => {
    const now = noon + 3 * minute;
    const { started } = escalate(walk({ 0: ["sent"] }, { now }));
    expect(escalate(walk({ 0: ["sent"] }, { now, started })).started).toEqual(started);
  });
});

describe("the messages of a step", () => {
  it("have failed when all of them have", () => {
    expect(standingOf(["failed", "sent"]).failed).toBeUndefined();
    expect(standingOf(["failed", "bounced"]).failed).toBe("failed");
    expect(standingOf([]).failed).toBeUndefined();
  });

  it("have got as far as the one that got furthest", () => {
    expect(standingOf(["bounced", "delivered", "clicked", "opened"]).reached).toBe("clicked");
    expect(standingOf(["sent", "deferred", "bounced"]).reached).toBeUndefined();
  });
});

describe("a condition", () => {
  it("is met by any earlier step, and by no later one", () => {
    const started = [first, { step: 1, at: noon, messages: 1 }, { step: 2, at: noon, messages: 1 }];
    expect(metBy(walk({ 1: ["clicked"] }), started, 2)).toEqual({ because: "clicked", of: 1 });
    expect(metBy(walk({ 1: ["clicked"] }), started, 1)).toBeUndefined();
    expect(metBy(walk({ 2: ["clicked"] }), started, 2)).toBeUndefined();
  });

  it("is not met by less", () => {
    expect(metBy(walk({ 0: ["delivered"] }), [first], 2)).toBeUndefined();
  });
});

describe("a reason in words", () => {
  it.each([
    ["time", "step 1 (webpush) was not delivered in time"],
    ["bounced", "step 1 (webpush) was bounced"],
    ["soft_bounced", "step 1 (webpush) was soft bounced"],
    ["failed", "step 1 (webpush) failed"],
    ["expired", "step 1 (webpush) expired"],
    ["complained", "step 1 (webpush) was complained about"],
    ["no-address", "there is no address for step 1 (webpush)"],
    ["opened", "step 1 (webpush) was opened"],
  ])("says %s as a person would", (because, words) => {
    expect(inWords(route, 1, { because, of: 0 })).toBe(words);
  });

  it("names all channels of a step, and no condition where there is none", () => {
    const all: Route = { ...route, steps: [{ parts: [0, 1] }, { parts: [2], afterMs: 1 }] };
    expect(inWords(all, 1, { because: "time", of: 0 })).toBe("its time after step 1 (webpush, sms) has come");
  });
});
