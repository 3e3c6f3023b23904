import { describe, expect, it } from "vitest";
import type { Trace } from "../src/ledger/person.ts";
import { accept, call, message, runAlarms, until, untilStatus } from "./service.ts";
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
async function pass(id: string, ms: number): Promise<void> {
  const { shard, uuid } = placeOf(id);
  await inShard(shard, async (sql, storage) => {
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
    await storage.setAlarm(Date.now() + 1);
  });
  await runAlarms();
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
});
