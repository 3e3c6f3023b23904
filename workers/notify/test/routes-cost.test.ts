import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../src/app.ts";
import { lastOf } from "../src/ids.ts";
import { startDueSteps } from "../src/ledger/escalations.ts";
import { ingest } from "../src/ledger/ingest.ts";
import { cancel } from "../src/ledger/cancel.ts";
import { allShards } from "../src/ledger/shards.ts";
import { countingEnv, meter } from "./meter.ts";
import { accept, call, env, untilStatus } from "./service.ts";
import type { AcceptedBody } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { resends } from "./steps.ts";
import { postResend } from "./webhooks.ts";

// What a route costs: how many statements, and how many rows.

const content = {
  email: { from: "app@example.org", subject: "Hello", text: "Hello" },
  sms: { text: "Hello" },
};
const route = [
  { channel: "email" },
  { channel: "sms", after: "2m", unless: "delivered" },
  { channel: "email", content: { ...content.email, subject: "Again" }, after: "1h", unless: "opened" },
];
const people = (count: number, name: string): object[] =>
  Array.from({ length: count }, (_, n) => ({
    email: `delivered+${name}${n}@simulator.test`,
    sms: `+1500555${1000 + n}`,
  }));

const hour = 3_600_000;
const inAnHour = (): string => new Date(Date.now() + hour).toISOString();

function routed(count: number, name: string): Promise<AcceptedBody> {
  return accept({ to: people(count, name), content, route, sendAt: inAnHour() });
}

beforeAll(async () => {
  for (const shard of allShards(env)) await inShard(shard, () => undefined);
});

/** Statements and rows that a piece of work in a shard takes. */
async function costOf(shard: number, work: (sql: SqlStorage) => void): Promise<{ statements: number; rows: number }> {
  const counted = await meter();
  await inShard(shard, (sql, storage) => storage.transactionSync(() => work(sql)));
  expect(counted.largestValue).toBeLessThan(2_000_000);
  return { statements: counted.statements, rows: counted.rowsWritten };
}

describe("a route for 1,000 people", () => {
  it("is accepted in one transaction and bounded statements, at four rows each", async () => {
    const counted = await meter();
    const counting = countingEnv(env);
    const request = new Request("https://carillon.test/v1/notifications", {
      method: "POST",
      headers: { authorization: `Bearer ${env.ADMIN_API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ to: people(1_000, "accept"), content, route, sendAt: inAnHour() }),
    });
    expect((await app.fetch(request, counting.env)).status).toBe(202);
    expect(counting.counts).toMatchObject({ rpc: 1, d1: 0 });
    expect(counted).toMatchObject({ transactions: 1, alarmsSet: 1 });
    expect(counted.statements).toBeLessThanOrEqual(12);
    expect(counted.largestValue).toBeLessThan(2_000_000);
    // Message and walk, each with its place among the due; the three parts and the alarm once.
    expect(counted.rowsWritten).toBe(4_004);
  });

  it("takes its steps in as many statements as for ten", async () => {
    const statements: Record<string, number>[] = [];
    for (const count of [10, 1_000]) {
      const { id, messages } = await routed(count, `steps${count}-`);
      const { shard, uuid } = placeOf(id);
      const now = Date.now() + hour;
      const events = (type: "delivered" | "bounced", some: readonly { id: string }[]) =>
        some.map((one) => ({
          uuid: placeOf(one.id).uuid,
          id: `${type}-${one.id}`,
          provider: "resend",
          type,
          occurredAt: now,
          providerMessageId: undefined,
          addressKey: undefined,
          providerType: type,
          reason: undefined,
          code: undefined,
          raw: null,
          consequence: null,
        }));
      const half = count / 2;
      // As if all of the first step had been sent.
      await inShard(shard, (sql) => {
        sql.exec("UPDATE message SET place = 'done', status = 'sent', due_at = NULL");
        // The shard may be one that another test has used.
        sql.exec("UPDATE escalation SET due_at = NULL WHERE uuid NOT BETWEEN ?1 AND ?2", uuid, lastOf(uuid, true));
      });
      const reported = await costOf(shard, (sql) => {
        ingest(sql, events("bounced", messages.slice(half)), now, resends);
      });
      const started = await costOf(shard, (sql) => startDueSteps(sql, now + 120_000));
      const called = await costOf(shard, (sql) => void cancel(sql, { kind: "ntf", uuid }, now));
      expect((await call("GET", `/v1/notifications/${id}`)).status).toBe(200);
      // A report of a bounce: the event, the message; the walk with its place; the next message, its place and why it is there.
      expect(reported.rows / half).toBeLessThanOrEqual(8);
      expect(reported.rows / half).toBeGreaterThan(5);
      // By time: the walk with its place; the message, its place and why it is there.
      expect(started.rows / half).toBe(5);
      statements.push({ reported: reported.statements, started: started.statements, called: called.statements });
    }
    const [few, many] = statements;
    // One more for each megabyte that is handed over.
    for (const name of Object.keys(few!)) expect(many![name]! - few![name]!, name).toBeLessThanOrEqual(4);
  });
});

describe("a person's walk", () => {
  it("that ends with the first message costs seven rows more than that message", async () => {
    const rowsOf = async (body: object): Promise<number> => {
      const counted = await meter();
      const { messages } = await accept(body);
      const id = messages[0]!.id;
      await untilStatus(id, "delivered");
      await postResend({ type: "email.opened", id: `opened-${id}`, messageId: id });
      await untilStatus(id, "opened");
      return counted.rowsWritten - counted.alarmsSet;
    };
    const alone = await rowsOf({ to: "delivered+alone@simulator.test", channel: "email", content: content.email });
    const [to] = people(1, "walk");
    const along = await rowsOf({ to, content, route });
    // Two parts, and the walk with its place; it moves with the delivery and with the opening.
    expect(along - alone).toBe(7);
  });
});
