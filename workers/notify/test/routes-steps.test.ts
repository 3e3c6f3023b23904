import { describe, expect, it } from "vitest";
import { cancel, reschedule } from "../src/ledger/cancel.ts";
import { listDeadLetters } from "../src/ledger/dead-letters.ts";
import { replay } from "../src/ledger/replay.ts";
import { resolve } from "../src/ledger/resolve.ts";
import { trim } from "../src/ledger/trim.ts";
import { hour, minute, onStage } from "./route-walk.ts";
import type { Stage } from "./route-walk.ts";
import { holds } from "./steps.ts";

// A person's walk along a route, step by step, by the test's own clock.

const content = {
  email: { from: "app@example.org", subject: "Hello", text: "Hello" },
  sms: { text: "Hello" },
};
const ada = { email: "ada@simulator.test", sms: "+15005550010" };
const grace = { email: "grace@simulator.test", sms: "+15005550011" };
const route = [
  { channel: "email" },
  { channel: "sms", after: "2m", unless: "delivered" },
  { channel: "email", content: { ...content.email, subject: "Again" }, after: "1h", unless: "opened" },
];
const request = (more: object = {}): object => ({ to: ada, content, route, ...more });

const states = (stage: Stage, notification: string, person = 1): unknown[] =>
  stage.notification(notification).route!.people[person - 1]!.steps.map(({ state }) => state);

const stepsOf = (stage: Stage, notification: string): object[] => [
  ...stage.notification(notification).route!.people[0]!.steps,
];

const last = (stage: Stage, uuid: string): Readonly<Record<string, unknown>> =>
  stage.message(uuid).timeline.at(-1)!.data;

/** Sends the first step's message. */
async function begun(stage: Stage, more: object = {}): Promise<{ id: string; first: string }> {
  const id = await stage.accept(request(more));
  const [first] = stage.turn();
  stage.tell(first!, "accepted");
  return { id, first: first! };
}

describe("a step", () => {
  it("starts at its time, and no earlier", () =>
    onStage(async (stage) => {
      const { id } = await begun(stage);
      expect(stage.turn(2 * minute - 1)).toEqual([]);
      const text = stage.at(id, 2);
      expect(stage.turn(1)).toEqual([text]);
      expect(stage.message(text)).toMatchObject({
        channel: "sms",
        status: "queued",
        to: ["+15***10"],
        sendAt: stage.now,
      });
      expect(last(stage, text)).toEqual({
        rule: "route",
        step: 2,
        because: "time",
        of: 1,
        reason: "step 1 (email) was not delivered in time",
        then: "queued",
      });
      expect(stage.turn(hour - 1)).toEqual([]);
      stage.tell(text, "accepted");
      expect(stage.turn(1)).toEqual([stage.at(id, 3)]);
      expect(states(stage, id)).toEqual(["started", "started", "started"]);
    }));

  it("has a content of its own where it brings one", () =>
    onStage(async (stage) => {
      const { id } = await begun(stage);
      stage.turn(2 * minute);
      const [again] = stage.turn(hour);
      expect(stage.message(again!)).toMatchObject({ subject: "Again", to: ["a***@simulator.test"] });
      expect(stage.message(stage.at(id, 1)).subject).toBe("Hello");
    }));

  it("is passed over once its condition is met, and the later ones come when they were planned for", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage);
      stage.report(first, "delivered");
      const from = stage.now;
      expect(stepsOf(stage, id).slice(1)).toEqual([
        { state: "skipped", because: "delivered", reason: "step 1 (email) was delivered", messages: [] },
        { state: "waiting", at: from + 62 * minute, messages: [] },
      ]);
      expect(stage.turn(62 * minute - 1)).toEqual([]);
      expect(stage.turn(1)).toEqual([stage.at(id, 3)]);
      expect(states(stage, id)).toEqual(["started", "skipped", "started"]);
      // Once a later step has been started there is no way back.
      stage.report(first, "bounced");
      expect(stage.turn(hour)).not.toContain(stage.at(id, 2));
      expect(states(stage, id)).toEqual(["started", "skipped", "started"]);
    }));

  it("is not wanted any more, nor are the later ones, once somebody has opened it", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage);
      stage.report(first, "opened");
      expect(states(stage, id)).toEqual(["started", "skipped", "skipped"]);
      expect(stage.turn(24 * hour)).toEqual([]);
      expect(stage.notification(id).count).toBe(1);
    }));

  it.each(["bounced", "soft_bounced", "failed", "suppressed"] as const)(
    "starts at once when the message of the one before is %s",
    (type) =>
      onStage(async (stage) => {
        const { id, first } = await begun(stage);
        stage.report(first, type);
        expect(stage.turn()).toEqual([stage.at(id, 2)]);
        expect(last(stage, stage.at(id, 2))).toMatchObject({ because: type, of: 1 });
      }),
  );

  it.each(["refused", "suppressed"] as const)("starts at once when nobody sends the one before: %s", (outcome) =>
    onStage(async (stage) => {
      const id = await stage.accept(request());
      const [first] = stage.turn();
      stage.tell(first!, outcome);
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
    }),
  );

  it("starts at once when the one before has no address", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ to: { sms: ada.sms } }));
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
      expect(last(stage, stage.at(id, 2))).toMatchObject({ because: "no-address", of: 1 });
      // The last one has no address either.
      stage.turn(hour);
      expect(stage.notification(id)).toMatchObject({ count: 1 });
      expect(states(stage, id)).toEqual(["started", "started", "started"]);
    }));

  it("without a time waits for the one before to fail, however long", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage, { route: [{ channel: "email" }, { channel: "sms" }] });
      expect(stage.turn(40 * 24 * hour)).toEqual([]);
      expect(stepsOf(stage, id)[1]).toEqual({ state: "waiting", at: undefined, messages: [] });
      stage.report(first, "bounced");
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
    }));

  it("without a condition starts whatever happened", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage, { route: [{ channel: "email" }, { channel: "sms", after: "1d" }] });
      stage.report(first, "clicked");
      expect(stage.turn(24 * hour)).toEqual([stage.at(id, 2)]);
      expect(last(stage, stage.at(id, 2))).toMatchObject({ reason: "its time after step 1 (email) has come" });
    }));

  it("starts once, however often it is told to", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage);
      for (const time of [1, 2, 3]) stage.report(first, "bounced", `bounce-${time}`);
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
      stage.report(first, "failed");
      expect(stage.turn(minute - 1)).toEqual([]);
      expect(stage.message(stage.at(id, 2)).timeline).toHaveLength(1);
    }));

  it("does not start for what the caller called back", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ delay: "1h", route: [{ channel: "email" }, { channel: "sms" }] }));
      cancel(stage.sql, { kind: "msg", uuid: stage.at(id, 1) }, stage.now);
      expect(stage.turn(48 * hour)).toEqual([]);
    }));

  it("is made up for when its time has passed unnoticed, and the next one keeps its distance", () =>
    onStage(async (stage) => {
      const { id } = await begun(stage);
      expect(stage.turn(5 * hour)).toEqual([stage.at(id, 2)]);
      expect(stage.turn(hour - 1)).toEqual([]);
      expect(stage.turn(1)).toContain(stage.at(id, 3));
    }));
});

describe("a receipt that comes late", () => {
  /** Step 2's message is known not to have been sent, and waits for its next try. */
  async function waiting(stage: Stage): Promise<{ id: string; first: string; text: string }> {
    const { id, first } = await begun(stage);
    const [text] = stage.turn(2 * minute);
    stage.tell(text!, "postponed");
    return { id, first, text: text! };
  }

  it("calls back what has not been sent, and the trace says why", () =>
    onStage(async (stage) => {
      const { id, first, text } = await waiting(stage);
      stage.report(first, "delivered");
      expect(stage.message(text).status).toBe("canceled");
      expect(last(stage, text)).toEqual({
        rule: "route",
        step: 2,
        because: "delivered",
        of: 1,
        reason: "step 1 (email) was delivered",
        then: "canceled",
      });
      expect(stage.turn(30 * minute)).toEqual([]);
      expect(stage.turn(30 * minute)).toEqual([stage.at(id, 3)]);
    }));

  it("calls nothing back that is out, and says that it may have been sent", () =>
    onStage(async (stage) => {
      const { first, id } = await begun(stage);
      const [text] = stage.turn(2 * minute);
      for (const time of [1, 2]) stage.report(first, "delivered", `receipt-${time}`);
      stage.report(first, "opened");
      expect(last(stage, text!)).toMatchObject({
        because: "delivered",
        then: "queued",
        tooLate: "may-have-been-sent",
      });
      expect(stage.message(text!).timeline).toHaveLength(2);
      stage.tell(text!, "accepted");
      expect(stage.message(text!).status).toBe("sent");
      expect(states(stage, id)).toEqual(["started", "started", "skipped"]);
    }));

  it.each(["postponed", "rate-limited"] as const)(
    "calls it back when it turns out not to have been sent: %s",
    (outcome) =>
      onStage(async (stage) => {
        const { first } = await begun(stage);
        const [text] = stage.turn(2 * minute);
        stage.report(first, "delivered");
        stage.tell(text!, outcome);
        expect(stage.message(text!).status).toBe("canceled");
        expect(stage.turn(30 * minute)).toEqual([]);
      }),
  );

  it("leaves alone what may have been sent", () =>
    onStage(async (stage) => {
      const { first } = await begun(stage);
      const [text] = stage.turn(2 * minute);
      stage.tell(text!, "unknown");
      stage.report(first, "delivered");
      expect(stage.message(text!).status).not.toBe("canceled");
      expect(last(stage, text!)).toMatchObject({ tooLate: "may-have-been-sent" });
    }));

  it("that comes to nothing has what it called back sent after all", () =>
    onStage(async (stage) => {
      const { first, text } = await waiting(stage);
      stage.report(first, "delivered");
      stage.report(first, "bounced");
      expect(stage.message(text).status).toBe("queued");
      expect(last(stage, text)).toMatchObject({ rule: "route", because: "resumed" });
      expect(stage.message(text).sendAt).toBe(stage.now);
      expect(stage.turn()).toEqual([text]);
    }));

  it("was not followed by whoever took it, and is when it comes again", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage, { route: [{ channel: "email" }, { channel: "sms" }] });
      // As code that knows no routes leaves it.
      const { trace } = stage.sql.exec<{ trace: string }>("SELECT trace FROM escalation").one();
      stage.report(first, "bounced", "bounce");
      stage.sql.exec("UPDATE escalation SET trace = ?", trace);
      stage.sql.exec("DELETE FROM message WHERE uuid = ?", stage.at(id, 2));
      stage.sql.exec("DELETE FROM timeline WHERE message = ?", stage.at(id, 2));
      expect(stage.turn(hour)).toEqual([]);
      stage.report(first, "bounced", "bounce");
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
    }));

  it("does not resume what the caller called back", () =>
    onStage(async (stage) => {
      const { first, text } = await waiting(stage);
      cancel(stage.sql, { kind: "msg", uuid: text }, stage.now);
      stage.report(first, "delivered");
      stage.report(first, "bounced");
      expect(stage.message(text).status).toBe("canceled");
    }));
});

describe("a message that the route has called back", () => {
  it("is not sent after all once the caller has called it back too", () =>
    onStage(async (stage) => {
      const { first } = await begun(stage);
      const [text] = stage.turn(2 * minute);
      stage.tell(text!, "postponed");
      stage.report(first, "delivered");
      expect(cancel(stage.sql, { kind: "msg", uuid: text! }, stage.now)).toMatchObject([{ status: "canceled" }]);
      stage.report(first, "bounced");
      expect(stage.message(text!).status).toBe("canceled");
    }));
});

describe("a step of several channels", () => {
  const all = [
    { all: [{ channel: "email" }, { channel: "sms" }] },
    { channel: "sms", content: { text: "Again" }, after: "10m", unless: "delivered" },
  ];

  it("sends through all of them at once, and has failed when all have", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ route: all }));
      const both = stage.turn();
      expect(both.map((uuid) => stage.message(uuid).channel)).toEqual(["email", "sms"]);
      stage.tell(both[0]!, "refused");
      expect(stage.turn()).toEqual([]);
      stage.tell(both[1]!, "refused");
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
      expect(last(stage, stage.at(id, 2))).toMatchObject({ reason: "step 1 (email, sms) failed" });
    }));

  it("has succeeded when one has", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ route: all }));
      const [email, text] = stage.turn();
      stage.tell(email!, "refused");
      stage.tell(text!, "accepted");
      stage.report(text!, "delivered");
      expect(states(stage, id)).toEqual(["started", "skipped"]);
    }));

  it("goes to each address that a person has", () =>
    onStage(async (stage) => {
      const to = { ...ada, email: ["ada@simulator.test", "Ada@Simulator.test", "ada2@simulator.test"] };
      const id = await stage.accept(request({ to }));
      const both = stage.turn();
      expect(both.map((uuid) => stage.message(uuid).to)).toEqual([["a***@simulator.test"], ["a***@simulator.test"]]);
      stage.tell(both[0]!, "refused", "accepted");
      expect(stage.turn()).toEqual([]);
      stage.report(both[1]!, "bounced");
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
    }));
});

describe("people of one notification", () => {
  it("go along the route each for themselves, and who is named twice goes once", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ to: [ada, grace, { ...ada }] }));
      const firsts = stage.turn();
      expect(firsts).toEqual([stage.at(id, 1, 1), stage.at(id, 1, 2)]);
      stage.tell(firsts[0]!, "accepted");
      stage.report(firsts[0]!, "delivered");
      expect(stage.turn(2 * minute)).toEqual([stage.at(id, 2, 2)]);
      expect(states(stage, id, 1)).toEqual(["started", "skipped", "waiting"]);
      expect(states(stage, id, 2)).toEqual(["started", "started", "waiting"]);
    }));
});

describe("cancelling the notification", () => {
  it("calls back what waits and starts nothing more", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage, { to: [ada, grace] });
      const changes = cancel(stage.sql, { kind: "ntf", uuid: id }, stage.now)!;
      expect(changes.filter(({ isRoute }) => isRoute)).toHaveLength(2);
      expect(changes.filter(({ tooLate }) => tooLate !== undefined).map(({ uuid }) => uuid)).toContain(first);
      stage.report(first, "bounced");
      expect(stage.turn(48 * hour)).toEqual([]);
      expect(states(stage, id)).toEqual(["started", "canceled", "canceled"]);
      // Once more says the same.
      expect(cancel(stage.sql, { kind: "ntf", uuid: id }, stage.now)!.filter(({ isRoute }) => isRoute)).toHaveLength(2);
    }));
});

describe("rescheduling", () => {
  it("moves the first step, and with it the others", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ delay: "1h" }));
      const sendAt = stage.now + 3 * hour;
      reschedule(stage.sql, { kind: "ntf", uuid: id }, { sendAt, expiresAt: undefined }, stage.now);
      expect(stage.turn(2 * hour)).toEqual([]);
      expect(stage.turn(hour)).toEqual([stage.at(id, 1)]);
      expect(stage.turn(2 * minute - 1)).toEqual([]);
      expect(stage.turn(1)).toEqual([stage.at(id, 2)]);
    }));

  it("gives every step the new end", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ delay: "1h", ttl: "1m" }));
      const sendAt = stage.now + hour;
      reschedule(stage.sql, { kind: "ntf", uuid: id }, { sendAt, expiresAt: sendAt + 10 * minute }, stage.now);
      const [first] = stage.turn(hour);
      stage.tell(first!, "accepted");
      const [text] = stage.turn(2 * minute);
      expect(stage.message(text!)).toMatchObject({ expiresAt: sendAt + 10 * minute });
      expect(states(stage, id)[2]).toBe("waiting");
      stage.turn(8 * minute);
      expect(states(stage, id)[2]).toBe("over");
    }));
});

describe("a notification that expires", () => {
  it("starts nothing from then on", () =>
    onStage(async (stage) => {
      const { id, first } = await begun(stage, { ttl: "2m" });
      expect(stage.turn(2 * minute)).toEqual([]);
      stage.report(first, "bounced");
      expect(stage.turn(hour)).toEqual([]);
      expect(states(stage, id)).toEqual(["started", "over", "over"]);
    }));

  it("ends the message of a step that waits", () =>
    onStage(async (stage) => {
      const { id } = await begun(stage, { ttl: "3m" });
      const [text] = stage.turn(2 * minute);
      stage.tell(text!, "postponed");
      stage.turn(minute);
      expect(stage.message(text!).status).toBe("expired");
      expect(stage.notification(id).count).toBe(2);
    }));
});

describe("dead letters", () => {
  const dead = (stage: Stage): string[] => listDeadLetters(stage.sql, {}, undefined, 10).map(({ message }) => message);

  it("are what failed and had no other way", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request());
      stage.tell(stage.turn()[0]!, "refused");
      expect(stage.message(stage.at(id, 1)).status).toBe("failed");
      expect(dead(stage)).toEqual([]);
      stage.tell(stage.turn()[0]!, "refused");
      expect(dead(stage)).toEqual([]);
      stage.tell(stage.turn()[0]!, "refused");
      expect(dead(stage)).toEqual([stage.at(id, 3)]);
    }));

  it("are replayed as a notification of their own, on the channel that failed", () =>
    onStage(async (stage) => {
      const id = await stage.accept(request({ route: [{ channel: "email" }, { channel: "sms" }] }));
      stage.tell(stage.turn()[0]!, "refused");
      stage.tell(stage.turn()[0]!, "refused");
      const [again] = replay(stage.sql, [stage.at(id, 2)], stage.now);
      expect(again).toMatchObject({ outcome: "replayed" });
      const [uuid] = stage.turn();
      expect(stage.message(uuid!)).toMatchObject({ channel: "sms", replayOf: stage.at(id, 2) });
      stage.tell(uuid!, "refused");
      expect(stage.turn()).toEqual([]);
      expect(stage.notification(id).count).toBe(2);
    }));
});

describe("a held message", () => {
  it("that somebody calls failed has the next step started", () =>
    onStage(async (stage) => {
      const id = await stage.accept(
        request({
          route: [{ channel: "sms" }, { channel: "email" }],
          content: { email: content.email, sms: content.sms },
        }),
      );
      const [text] = stage.turn();
      stage.tell(text!, "unknown");
      expect(stage.message(text!).status).toBe("held");
      expect(stage.turn(hour)).toEqual([]);
      resolve(stage.sql, text!, "failed", stage.now);
      expect(stage.turn()).toEqual([stage.at(id, 2)]);
    }, holds));
});

describe("retention", () => {
  const retention = { retentionDays: 7 };
  const day = 24 * hour;
  const count = (stage: Stage, table: string): unknown =>
    stage.sql.exec(`SELECT count(*) AS count FROM ${table}`).one()["count"];
  const all = (stage: Stage): unknown[] =>
    ["notification", "message", "timeline", "escalation"].map((table) => count(stage, table));

  it("keeps what a step still waits for, and takes the whole route when it is over", () =>
    onStage(async (stage) => {
      const steps = [
        { channel: "email" },
        { channel: "sms", after: "30d", unless: "opened" },
        { channel: "email", after: "1d", unless: "clicked" },
      ];
      const { id, first } = await begun(stage, { route: steps });
      stage.report(first, "delivered");
      trim(stage.sql, stage.now + 20 * day, retention);
      expect(stage.notification(id).count).toBe(1);
      expect(stage.turn(30 * day)).toEqual([stage.at(id, 2)]);
      stage.tell(stage.at(id, 2), "accepted");
      stage.report(stage.at(id, 2), "delivered");
      stage.report(first, "clicked");
      // The first message is old enough, the second is not: the notification stays, with a count of what went.
      trim(stage.sql, stage.now + day, retention);
      expect(stage.notification(id)).toMatchObject({ count: 2, byStatus: { clicked: 1, delivered: 1 } });
      expect(count(stage, "message")).toBe(1);
      trim(stage.sql, stage.now + 8 * day, retention);
      expect(all(stage)).toEqual([0, 0, 0, 0]);
    }));
});
