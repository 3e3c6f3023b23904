import { describe, expect, it, vi } from "vitest";
import type { Trace } from "../src/ledger/person.ts";
import { takeRuns } from "../src/ledger/schedules.ts";
import { shardStub } from "../src/ledger/shards.ts";
import { fireRuns } from "../src/schedule/fire.ts";
import { listen, untilTold, useApps } from "./apps.ts";
import { accept, call, email, env, message, runAlarms, until, untilStatus } from "./service.ts";
import type { AcceptedBody } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { postResend } from "./webhooks.ts";

interface Step {
  readonly step: number;
  readonly state: string;
  readonly at?: string;
  readonly because?: string;
  readonly reason?: string;
  readonly messages: readonly string[];
}

interface Routed extends AcceptedBody {
  readonly route: readonly object[];
  readonly people: readonly { readonly step: number; readonly steps: readonly Step[] }[];
  readonly messages: readonly {
    readonly id: string;
    readonly channel: string;
    readonly to: readonly string[];
    readonly status: string;
  }[];
}

let people = 0;
const content = {
  email: { from: "app@example.org", subject: "Hello", text: "Hello" },
  sms: { text: "Hello" },
};
const again = { ...content.email, subject: "Again" };
const person = (outcome = "delivered"): { email: string; sms: string } => ({
  email: `${outcome}+route-${(people += 1)}@simulator.test`,
  sms: "+15005550010",
});
const route = [{ channel: "email" }, { channel: "sms", after: "2m", unless: "opened" }];

async function routed(more: object): Promise<AcceptedBody> {
  return accept({ to: person(), content, route, ...more });
}

async function notification(id: string): Promise<Routed> {
  return (await call("GET", `/v1/notifications/${id}`)).json();
}

/** As if so much time had passed since the steps that wait were planned. */
function moveBack(id: string, ms: number): Promise<void> {
  const { shard, uuid } = placeOf(id);
  return inShard(shard, (sql) => {
    const mine = sql.exec<{ uuid: string; trace: string }>(
      "SELECT uuid, trace FROM escalation WHERE substr(uuid, 1, 22) = substr(?, 1, 22)",
      uuid,
    );
    for (const { uuid: one, trace: json } of mine.toArray()) {
      const trace = JSON.parse(json) as Trace;
      const started = trace.started.map((step) => ({ ...step, at: step.at - ms }));
      const moved = JSON.stringify({ ...trace, started });
      sql.exec("UPDATE escalation SET trace = ?, due_at = due_at - ? WHERE uuid = ?", moved, ms, one);
    }
  });
}

async function pass(id: string, ms: number): Promise<void> {
  await moveBack(id, ms);
  await inShard(placeOf(id).shard, (_, storage) => storage.setAlarm(Date.now() + 1));
  await runAlarms();
}

/** The id of the message of a channel, once its step was started. */
async function untilStarted(id: string, channel: string): Promise<string> {
  return vi.waitFor(
    async () => {
      await runAlarms();
      const found = (await notification(id)).messages.find((one) => one.channel === channel);
      expect(found).toBeDefined();
      return found!.id;
    },
    { timeout: 10_000 },
  );
}

describe("a route", () => {
  it("starts the next step when its time has come", async () => {
    const { id, messages } = await routed({});
    expect(messages).toHaveLength(1);
    await untilStatus(messages[0]!.id, "delivered");
    const before = await notification(id);
    expect(before.people[0]!.steps.map(({ state }) => state)).toEqual(["started", "waiting"]);
    await pass(id, 120_000);
    const after = await notification(id);
    expect(after.people[0]!.steps[1]).toMatchObject({ state: "started", because: "time" });
    const text = after.messages.find(({ channel }) => channel === "sms")!;
    await untilStatus(text.id, "delivered");
    expect((await message(text.id)).timeline[0]).toMatchObject({ rule: "route", step: 2, because: "time" });
  });

  it("leaves out a step whose condition is met", async () => {
    const { id, messages } = await routed({});
    await untilStatus(messages[0]!.id, "delivered");
    await postResend({ type: "email.opened", id: `opened-${id}`, messageId: messages[0]!.id });
    await until(messages[0]!.id, ({ status }) => status === "opened");
    const after = await notification(id);
    expect(after.people[0]!.steps[1]).toMatchObject({ state: "skipped", because: "opened" });
    await pass(id, 120_000);
    expect((await notification(id)).messages).toHaveLength(1);
  });

  it("goes on at once when the message of a step bounces, and shows why", async () => {
    const { id, messages } = await routed({ to: person("bounced") });
    await untilStatus(messages[0]!.id, "bounced");
    const text = await untilStarted(id, "sms");
    await untilStatus(text, "delivered");
    const { people: walks } = await notification(id);
    expect(walks).toMatchObject([
      {
        step: 2,
        steps: [{ state: "started" }, { because: "bounced", reason: "step 1 (email) was bounced", messages: [text] }],
      },
    ]);
  });

  it("goes on at once from an address that is suppressed", async () => {
    const to = person("bounced");
    const { messages } = await accept(email(to.email));
    await untilStatus(messages[0]!.id, "bounced");
    await vi.waitFor(async () =>
      expect(await (await call("GET", "/v1/suppressions")).text()).toContain(messages[0]!.id),
    );
    const { id } = await routed({ to });
    await untilStatus(await untilStarted(id, "sms"), "delivered");
    expect((await notification(id)).messages[0]).toMatchObject({ channel: "email", status: "suppressed" });
  });

  it("is answered with its steps and its first messages", async () => {
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const steps = [
      { all: [{ channel: "email" }, { channel: "sms" }] },
      { channel: "email", content: again, after: "90m", unless: "clicked" },
    ];
    const accepted = await routed({ sendAt, route: steps });
    const route = [
      { step: 1, all: ["email", "sms"] },
      { step: 2, channel: "email", after: "90m", unless: "clicked" },
    ];
    expect(accepted).toMatchObject({ route, messages: [{ channel: "email" }, { channel: "sms", to: ["+15***10"] }] });
    expect(accepted).not.toHaveProperty("channel");
    const found = await notification(accepted.id);
    expect(found).toMatchObject({ route, sendAt, messages: accepted.messages });
    expect(found.people[0]!.steps[1]).toEqual({
      step: 2,
      state: "waiting",
      at: new Date(Date.parse(sendAt) + 5_400_000).toISOString(),
      messages: [],
    });
    expect(await message(accepted.messages[0]!.id)).toMatchObject({ notification: accepted.id, status: "scheduled" });
  });

  it("is made once under one key", async () => {
    const to = person();
    const key = { "idempotency-key": `route-${people}` };
    const first = await accept({ to, content, route }, key);
    expect(await accept({ to, content, route }, key)).toEqual(first);
    const other = { to, content, route: [route[0], { ...route[1], after: "3m" }] };
    expect((await call("POST", "/v1/notifications", { body: other, headers: key })).status).toBe(409);
  });

  it("is one of a batch", async () => {
    const body = { notifications: [email(person().email), { to: person(), content, route }] };
    const response = await call("POST", "/v1/notifications/batch", { body });
    expect(await response.json()).toMatchObject({
      notifications: [{ channel: "email" }, { route: [{ step: 1 }, { step: 2 }] }],
    });
  });

  it("is what a schedule may make", async () => {
    const response = await call("POST", "/v1/schedules", {
      body: { cron: "0 9 * * *", notification: { to: person(), content, route } },
    });
    expect(response.status).toBe(201);
    const { id, notification: shown } = await response.json<{ id: string; notification: object }>();
    expect(shown).toMatchObject({ route: [{ step: 1 }, { step: 2 }], to: [expect.any(String)] });
    const { shard, uuid } = { shard: Number.parseInt(id.slice(4, 6), 16), uuid: id.slice(6) };
    const [run] = await inShard(shard, (sql) => {
      sql.exec("UPDATE schedule SET run_at = ?1, due_at = ?1 WHERE uuid = ?2", Date.now() - 1, uuid);
      return takeRuns(sql, Date.now(), "due");
    });
    await fireRuns(env, shard, [run!]);
    const made = await (await call("GET", `/v1/schedules/${id}`)).json<{ lastRun: { notification: string } }>();
    expect(await notification(made.lastRun.notification)).toMatchObject({ schedule: id, people: [{ step: 1 }] });
    await call("DELETE", `/v1/schedules/${id}`);
  });

  it("is cancelled with its notification, though its first message is out", async () => {
    const { id, messages } = await routed({});
    await untilStatus(messages[0]!.id, "delivered");
    const response = await call("POST", `/v1/notifications/${id}/cancel`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ canceled: 0, tooLate: 1, routes: 1 });
    await pass(id, 120_000);
    expect(await notification(id)).toMatchObject({
      count: 1,
      people: [{ canceledAt: expect.any(String) as string, steps: [{ state: "started" }, { state: "canceled" }] }],
    });
    // Once more is no mistake.
    expect((await call("POST", `/v1/notifications/${id}/cancel`)).status).toBe(200);
  });

  it("of which nothing is left to start cannot be cancelled", async () => {
    const { id, messages } = await routed({ route: [{ channel: "email" }], content: { email: content.email } });
    await untilStatus(messages[0]!.id, "delivered");
    const response = await call("POST", `/v1/notifications/${id}/cancel`);
    expect([response.status, await response.json()]).toMatchObject([409, { type: "/problems/already-finished" }]);
  });

  it("goes on after a crash that lost the alarm", async () => {
    const { id, messages } = await routed({});
    await untilStatus(messages[0]!.id, "delivered");
    const { shard } = placeOf(id);
    await moveBack(id, 120_000);
    await inShard(shard, (_, storage) => storage.deleteAlarm());
    await shardStub(env, shard).sweep(Date.now());
    await untilStarted(id, "sms");
  });

  it("is not disturbed by news of a kind that says nothing", async () => {
    const { id, messages } = await routed({});
    await untilStatus(messages[0]!.id, "delivered");
    await postResend({ type: "email.delivery_delayed", id: `late-${id}`, messageId: messages[0]!.id });
    expect((await notification(id)).people[0]!.steps[1]!.state).toBe("waiting");
  });
});

describe("an app", () => {
  useApps();

  it("is told of the messages of a route as of any others, under the notification's own id", async () => {
    const app = await listen(["message.bounced", "message.delivered"]);
    const { id, messages } = await routed({ to: person("bounced") });
    await untilStatus(messages[0]!.id, "bounced");
    const text = await untilStarted(id, "sms");
    await untilStatus(text, "delivered");
    await untilTold(app, text, 1);
    expect(app.told.map(({ data }) => data)).toMatchObject([
      { messageId: messages[0]!.id, notificationId: id, channel: "email" },
      { messageId: text, notificationId: id, channel: "sms" },
    ]);
  });
});
