import type { EventType } from "carillon";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextMoments } from "../src/ledger/arm.ts";
import { hour, isMet, minute, onStage } from "./route-walk.ts";
import type { Outcome, Stage } from "./route-walk.ts";

// Any history of sends, reports and time: what must hold of a route at every moment, and what it must have come to in the end.

const content = {
  email: { from: "app@example.org", subject: "Hello", text: "Hello" },
  sms: { text: "Hello" },
};
const again = { ...content.email, subject: "Again" };

const routes = [
  [
    { channel: "email" },
    { channel: "sms", after: "2m", unless: "delivered" },
    { channel: "email", content: again, after: "1h", unless: "opened" },
  ],
  [{ channel: "sms" }, { channel: "email", unless: "delivered" }, { channel: "email", content: again, after: "5m" }],
  [
    { all: [{ channel: "email" }, { channel: "sms" }] },
    { channel: "email", content: again, after: "10m", unless: "clicked" },
    { channel: "sms", content: { text: "At last" } },
  ],
] as const;

const people = [
  { email: "ada@simulator.test", sms: "+15005550010" },
  { sms: "+15005550011" },
  { email: ["grace@simulator.test", "hopper@simulator.test"] },
];

/** One thing that happens. `which` picks one of the messages that it can happen to. */
type Move =
  | { readonly do: "time"; readonly ms: number }
  | { readonly do: "turn" }
  | { readonly do: "tell"; readonly which: number; readonly outcome: Outcome }
  | { readonly do: "report"; readonly which: number; readonly type: EventType; readonly times: number };

const outcome = fc.constantFrom<Outcome>("accepted", "refused", "unknown", "rate-limited", "suppressed", "postponed");
const type = fc.constantFrom<EventType>(
  "delivered",
  "opened",
  "clicked",
  "bounced",
  "soft_bounced",
  "failed",
  "deferred",
);
const which = fc.nat(20);

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.constantFrom(1_000, minute, 5 * minute, hour) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("tell" as const), which, outcome }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("report" as const), which, type, times: fc.integer({ min: 1, max: 2 }) }),
  },
);

/** Every message that there is, with its step. */
function messagesOf(stage: Stage, notification: string): readonly string[] {
  return stage.notification(notification).messages.map(({ uuid }) => uuid);
}

function take(stage: Stage, notification: string, one: Move): void {
  if (one.do === "time") stage.now += one.ms;
  if (one.do === "turn") turn(stage);
  if (one.do === "tell") {
    const open = [...stage.open.keys()];
    if (open.length > 0) stage.tell(open[one.which % open.length]!, one.outcome, one.outcome);
  }
  if (one.do === "report") {
    // Providers report of what they were handed.
    const sent = messagesOf(stage, notification).filter((uuid) => stage.message(uuid).tries > 0);
    const uuid = sent[one.which % Math.max(1, sent.length)];
    for (let time = 0; uuid !== undefined && time < one.times; time++) {
      stage.report(uuid, one.type, `${uuid} ${one.type} ${one.which}`);
    }
  }
}

/** What is handed out must be wanted at that moment. */
function turn(stage: Stage): readonly string[] {
  const handed = stage.turn();
  for (const uuid of handed) {
    // A try of before may have arrived, and is repeated to learn of it.
    if (stage.message(uuid).timeline.every(({ data }) => data["outcome"] !== "unknown")) {
      expect(isMet(stage, uuid), `${uuid} is sent though its condition is met`).toBe(false);
    }
  }
  return handed;
}

/** No step is started twice, none before the one before it, and nothing is due in the past once its turn was taken. */
function checkShape(stage: Stage, notification: string): void {
  for (const person of stage.notification(notification).route!.people) {
    const started = person.steps.filter(({ state }) => state === "started");
    const times = started.map(({ at }) => at!);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
  for (const uuid of messagesOf(stage, notification)) {
    const starts = stage
      .message(uuid)
      .timeline.filter(({ seq, data }) => data["rule"] === "route" && data["then"] === "queued" && seq === 1);
    expect(starts.length).toBeLessThanOrEqual(1);
  }
}

/** Lets everything come to its end: sends succeed, and nothing more is reported. */
function finish(stage: Stage): void {
  for (let round = 0; round < 400; round++) {
    turn(stage);
    for (const uuid of stage.open.keys()) stage.tell(uuid, "accepted");
    const { sendAt = Infinity, ownAt = Infinity } = nextMoments(stage.sql);
    const next = Math.min(sendAt, ownAt);
    if (next === Infinity) return;
    stage.now = Math.max(stage.now + 1, next);
  }
  throw new Error("It does not come to an end.");
}

/** Whether a later step was started: then there is no way back. */
function wentOn(steps: readonly { readonly state: string }[], index: number): boolean {
  return steps.slice(index + 1).some(({ state }) => state === "started");
}

/** Of each person, every step was started, or is not wanted, or waits for a failure that did not come. */
function checkEnd(stage: Stage, notification: string): void {
  const { route, people: walks } = stage.notification(notification).route!;
  for (const { steps } of walks) {
    for (const [index, step] of steps.entries()) {
      const statuses = step.messages.map((uuid) => stage.message(uuid));
      for (const one of statuses) {
        // Whatever was made was sent, or ended; and what a route called back is not wanted.
        expect(["scheduled", "queued"]).not.toContain(one.status);
        if (one.status === "canceled") expect(isMet(stage, one.uuid) || wentOn(steps, index)).toBe(true);
      }
      if (step.state === "started" || step.state === "skipped") continue;
      expect(step.state).toBe("waiting");
      expect(step.at).toBeUndefined();
      // Nothing starts one that has no time of its own but a failure, and those behind it wait with it.
      const blocking = steps.findIndex(({ state }) => state === "waiting");
      expect(route.steps[blocking]!.afterMs).toBeUndefined();
      if (index !== blocking) continue;
      const before = steps[index - 1]!;
      const ends = before.messages.map((uuid) => stage.message(uuid).status);
      const hasFailed =
        before.state === "started" &&
        ends.every((status) => ["failed", "suppressed", "bounced", "soft_bounced", "expired"].includes(status));
      expect(hasFailed).toBe(false);
    }
  }
}

describe("a route", { timeout: 120_000 }, () => {
  it("keeps its rules in any history, and comes to an end in which no step is lost", async () => {
    const history = fc.tuple(fc.constantFrom(...routes), fc.array(move, { maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(history, ([route, moves]) =>
        onStage(async (stage) => {
          const notification = await stage.accept({ to: people, content, route });
          for (const one of moves) {
            take(stage, notification, one);
            checkShape(stage, notification);
          }
          finish(stage);
          checkShape(stage, notification);
          checkEnd(stage, notification);
        }),
      ),
      { numRuns: 150 },
    );
  });

  it("comes to the same in any order and with any repetition of the same reports", async () => {
    const reports = fc.array(fc.record({ first: fc.boolean(), type }), { minLength: 1, maxLength: 6 }).chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc
          .array(fc.nat(all.length - 1), { maxLength: 4 })
          .chain((more) => fc.shuffledSubarray([...all.keys(), ...more], { minLength: all.length + more.length })),
      ),
    );
    /** Reports of the first step, and of the text, which is known not to have been sent yet. */
    const ends = (
      route: (typeof routes)[number],
      order: readonly { first: boolean; type: EventType; id: string }[],
    ) => {
      let end: unknown;
      return onStage(async (stage) => {
        const notification = await stage.accept({ to: people[0], content, route });
        const [one] = stage.turn();
        for (const uuid of stage.open.keys()) stage.tell(uuid, "accepted");
        const from = stage.now;
        stage.now += 2 * minute;
        for (const uuid of stage.turn()) stage.tell(uuid, "postponed", "postponed");
        for (const { type: told, id } of order) stage.report(one!, told, id);
        end = stage.notification(notification).route!.people.map(({ steps }) =>
          steps.map(({ state, at, messages }) => ({
            state,
            at: at === undefined ? undefined : at - from,
            // Whether one that is not wanted was started before that was known is all that their order decides.
            statuses: messages.map((uuid) => stage.message(uuid).status).filter((status) => status !== "canceled"),
          })),
        );
      }).then(() => end);
    };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), reports, async (route, [all, order]) => {
        const named = all.map((one, index) => ({ ...one, id: `report-${index}` }));
        const inOrder = await ends(route, named);
        expect(
          await ends(
            route,
            order.map((index) => named[index]!),
          ),
        ).toEqual(inOrder);
      }),
      { numRuns: 100 },
    );
  });
});
