import { beforeAll, describe, expect, it } from "vitest";
import { app } from "../src/app.ts";
import { deliverChunk } from "../src/deliver/deliver.ts";
import { claim } from "../src/ledger/claim.ts";
import type { ChunkJob } from "../src/ledger/claim.ts";
import type { Env } from "../src/env.ts";
import { allShards } from "../src/ledger/shards.ts";
import { settingsOf } from "../src/settings.ts";
import { countingEnv, meter } from "./meter.ts";
import { accept, email, env, fault, message, untilStatus } from "./service.ts";
import type { AcceptedBody } from "./service.ts";
import { inShard, messageId, placeOf } from "./shards.ts";
import { postSendGrid } from "./webhooks.ts";
import { simulator } from "./worker.ts";

const people = (count: number, name: string): string[] =>
  Array.from({ length: count }, (_, index) => `delivered+${name}${index}@simulator.test`);

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

// A shard's first call makes its tables.
beforeAll(async () => {
  for (const shard of allShards(env)) await inShard(shard, () => undefined);
});

describe("accepting", () => {
  it("1,000 recipients is one call to one shard, one transaction, and bounded statements", async () => {
    const counted = await meter();
    const counting = countingEnv(env);
    const body = JSON.stringify(email(people(1_000, "accept"), { sendAt: inAnHour() }));
    const headers = {
      authorization: `Bearer ${env.ADMIN_API_KEY}`,
      "content-type": "application/json",
      "idempotency-key": "1000",
    };
    const request = new Request("https://carillon.test/v1/notifications", { method: "POST", body, headers });
    const response = await app.fetch(request, counting.env);
    expect(response.status).toBe(202);
    expect((await response.json<AcceptedBody>()).messages).toHaveLength(1_000);
    expect(counting.counts).toMatchObject({ rpc: 1, d1: 0, fetches: 0 });
    expect(counted).toMatchObject({ transactions: 1, alarmsSet: 1 });
    expect(counted.statements).toBeLessThanOrEqual(6);
    expect(counted.largestValue).toBeLessThan(2_000_000);
    expect(counted.mostParameters).toBeLessThanOrEqual(100);
    // Message and its place among the due, each; notification, key and alarm once.
    expect(counted.rowsWritten).toBe(2_003);
  });

  it("uses as many statements for one recipient as for 100", async () => {
    const statements: number[] = [];
    for (const count of [1, 100]) {
      const counted = await meter();
      await accept(email(people(count, `statements${count}-`), { sendAt: inAnHour() }));
      statements.push(counted.statements);
    }
    expect(statements[1]).toBe(statements[0]);
  });

  it("stores content over 1 MB in parts, and gives it back whole", async () => {
    // Characters of two, three and four bytes, so that parts end within one.
    for (const [index, character] of ["\u00e9", "\u20ac", "\u{1f514}"].entries()) {
      for (const shift of ["", "a"]) {
        const counted = await meter();
        const text = shift + character.repeat(Math.ceil(2_500_000 / new TextEncoder().encode(character).length));
        const { messages } = await accept(email(people(1, `parts${index}${shift}`), { sendAt: inAnHour() }, { text }));
        expect(counted.largestValue).toBeLessThanOrEqual(1_000_000);
        const { shard, uuid } = placeOf(messages[0]!.id);
        const job = await inShard(shard, (sql) => {
          sql.exec("UPDATE message SET due_at = ? WHERE uuid = ?", Date.now() - 1, uuid);
          return claim(sql, shard, Date.now(), settingsOf(env)).find(({ members }) =>
            members.some((member) => member.uuid === uuid),
          );
        });
        const content = JSON.parse(job!.contents.values().next().value!.content) as { text: string };
        expect(content.text === text).toBe(true);
        expect(counted.largestValue).toBeLessThanOrEqual(1_000_000);
      }
    }
  });
});

describe("a message costs at most 14 rows from accept to delivered, its share of the alarms included:", () => {
  // All events that the provider sends are in it: one of Postmark, two each of the others.
  it.each([
    ["postmark", 13],
    ["sendgrid", 14],
    ["resend", 14],
  ])("alone, through %s", async (provider, rows) => {
    const counted = await meter();
    const { messages } = await accept(email(people(1, provider), { providers: [provider] }));
    // The webhooks come after the record, as they do where a network is in between.
    await expect.poll(async () => (await message(messages[0]!.id)).status).toBe("sent");
    await untilStatus(messages[0]!.id, "delivered");
    await simulator.settle();
    expect((await message(messages[0]!.id)).timeline).toHaveLength(provider === "postmark" ? 2 : 3);
    expect(counted.rowsWritten).toBe(rows);
  });

  it("one of 100, through a batch of Resend, both of its events included", async () => {
    const counted = await meter();
    const { messages } = await accept(email(people(100, "bulk"), { providers: ["resend"] }));
    for (const { id } of messages) await untilStatus(id, "delivered");
    await simulator.settle();
    const found = await message(messages[0]!.id);
    expect(found.timeline.map(({ kind }) => kind)).toEqual(["attempt", "event", "event"]);
    expect(counted.rowsWritten / 100).toBeLessThanOrEqual(11);
  });
});

describe("a webhook of 1,000 events", () => {
  /** Messages without alarms, on a few shards. */
  async function messagesOn(shards: readonly number[], each: number): Promise<string[]> {
    const ids: string[] = [];
    for (const shard of shards) {
      const stem = `0000000000${shard.toString(16).padStart(2, "0")}${crypto.randomUUID().slice(0, 8)}0000`;
      await inShard(shard, (_, __, ledger) =>
        ledger.accept({
          now: Date.now(),
          idempotency: undefined,
          notifications: [
            {
              stem,
              channel: "email",
              priority: 1,
              sendAt: Date.now() + 3_600_000,
              providers: undefined,
              content: "{}",
              messages: Array.from({ length: each }, (_one, index) => ({
                recipient: `w${index}@simulator.test`,
                addresses: [{ key: `w${index}@simulator.test`, label: "w" }],
              })),
            },
          ],
        }),
      );
      for (let index = 1; index <= each; index++)
        ids.push(messageId(shard, stem + index.toString(16).padStart(8, "0")));
    }
    return ids;
  }

  const eventOf = (id: string, index: number): object => ({
    event: "delivered",
    email: `w${index}@simulator.test`,
    sg_event_id: `event-${id}-${index}`,
    timestamp: Math.floor(Date.now() / 1000),
    carillon_message_id: id,
  });

  it("over four shards is one transaction on each, with as many statements as for 4 events", async () => {
    const ids = await messagesOn([1, 2, 3, 4], 251);
    const small = await meter();
    expect((await postSendGrid([250, 501, 752, 1_003].map((at) => eventOf(ids[at]!, at)))).status).toBe(200);
    expect(small.transactions).toBe(4);
    const large = await meter();
    expect((await postSendGrid(ids.filter((_, at) => at % 251 !== 250).map(eventOf))).status).toBe(200);
    expect(large.transactions).toBe(4);
    expect(large.statements).toBe(small.statements);
    expect(large.largestValue).toBeLessThan(2_000_000);
    expect(large.mostParameters).toBeLessThanOrEqual(100);
    for (const at of [0, 249, 251, 1_002]) expect((await message(ids[at]!)).status).toBe("delivered");
  });

  it("of one message is one transaction too", async () => {
    const [id] = await messagesOn([7], 1);
    const counted = await meter();
    const events = Array.from({ length: 1_000 }, (_, index) => ({ ...eventOf(id!, index), event: "click" }));
    expect((await postSendGrid(events)).status).toBe(200);
    expect(counted).toMatchObject({ transactions: 1 });
    expect(counted.statements).toBeLessThan(20);
    // Past a thousand they still move the status, and are listed no more.
    await postSendGrid([{ ...eventOf(id!, 5_000), event: "spamreport" }]);
    const found = await message(id!);
    expect([found.status, found.timeline.length]).toEqual(["complained", 1_000]);
  });

  it("that nobody knows asks each shard once, whatever their number", async () => {
    const counting = countingEnv(env);
    const { shards } = settingsOf(env);
    const { correlate } = await import("../src/ingest/correlate.ts");
    const events = Array.from({ length: 1_000 }, (_, index) => ({
      uuid: "",
      id: `unknown-${index}`,
      provider: "sendgrid",
      type: "delivered" as const,
      occurredAt: 0,
      providerMessageId: `unknown-${index}`,
      addressKey: undefined,
      providerType: "delivered",
      reason: undefined,
      code: undefined,
      raw: null,
    }));
    const { unplaced } = await correlate(counting.env, events);
    expect(unplaced).toHaveLength(1_000);
    expect(counting.counts.rpc).toBe(shards);
  });
});

describe("Deliver", () => {
  async function jobFor(count: number, other: Env, more: object = {}, content: object = {}): Promise<ChunkJob> {
    const to = people(count, crypto.randomUUID().slice(0, 6));
    const { messages } = await accept(email(to, { sendAt: inAnHour(), ...more }, { ...content }));
    const { shard } = placeOf(messages[0]!.id);
    return inShard(shard, (sql) => {
      for (const { id } of messages)
        sql.exec("UPDATE message SET due_at = ? WHERE uuid = ?", Date.now() - 1, placeOf(id).uuid);
      return claim(sql, shard, Date.now(), settingsOf(other)).find((job) =>
        job.members.some(({ uuid }) => uuid === placeOf(messages[0]!.id).uuid),
      )!;
    });
  }

  const free = { ...env, PLAN: "free" };
  const refused = {
    kind: "respond",
    provider: "resend",
    status: 422,
    body: { name: "validation_error", statusCode: 422, message: "Invalid" },
  };

  it("needs one request for a batch of 100, one look at the suppressions, one record", async () => {
    const counting = countingEnv(env);
    const job = await jobFor(100, env, { providers: ["resend"] });
    expect(job.members).toHaveLength(100);
    await deliverChunk(counting.env, job);
    expect(counting.counts).toMatchObject({ fetches: 1, d1: 1, rpc: 1 });
  });

  it("stays within 50 subrequests on the Free plan, though a batch is refused and sent message by message", async () => {
    const counting = countingEnv(free);
    const job = await jobFor(30, free, { providers: ["resend"] });
    expect(job.members).toHaveLength(10);
    await fault({ ...refused, times: 1, recipient: job.members[0]!.recipient });
    await deliverChunk(counting.env, job);
    const { fetches, d1, rpc, mostAtOnce } = counting.counts;
    expect({ fetches, d1, rpc }).toEqual({ fetches: 11, d1: 1, rpc: 1 });
    expect(fetches + d1 + rpc).toBeLessThanOrEqual(50);
    expect(mostAtOnce).toBeLessThanOrEqual(6);
    expect((await message(messageId(job.shard, job.members[0]!.uuid))).status).toBe("sent");
  });

  it("has at most 6 requests in flight, and does use them", async () => {
    const counting = countingEnv(env, 20);
    const attachments = [{ filename: "a.txt", contentType: "text/plain", content: btoa("hello") }];
    const job = await jobFor(40, env, { providers: ["resend"] }, { attachments });
    await deliverChunk(counting.env, job);
    expect(counting.counts).toMatchObject({ fetches: 40, mostAtOnce: 6, d1: 1, rpc: 1 });
  });

  it("carries few copies of large content at once", async () => {
    const job = await jobFor(
      100,
      env,
      { providers: ["resend"] },
      { html: `<p>${"x".repeat(1_000_000)}</p>`, text: "x" },
    );
    expect(job.members.length).toBeLessThanOrEqual(16);
    expect(job.members.length).toBeGreaterThan(1);
  });

  it("leaves what it cannot start in its turn for another one, untried", async () => {
    const counting = countingEnv(env);
    const job = await jobFor(3, env, { providers: ["resend"] });
    await deliverChunk(counting.env, { ...job, leaseUntil: Date.now() + 10_000 });
    expect(counting.counts.fetches).toBe(0);
    const found = await message(messageId(job.shard, job.members[0]!.uuid));
    expect(found).toMatchObject({ tries: 0 });
    expect(found.timeline[0]).toMatchObject({ rule: "wait", reason: "The turn was over." });
  });

  it("ends within its turn though a batch is refused and its messages are slow: the rest is left, untried", async () => {
    const counting = countingEnv(env, 2_000);
    const job = await jobFor(60, env, { providers: ["resend"] });
    await fault({ ...refused, times: 1, recipient: job.members[0]!.recipient });
    const started = Date.now();
    // What begins in the next tenth of a second may take its 10 s: then, long before all could be sent, it is over.
    await deliverChunk(counting.env, { ...job, leaseUntil: started + 20_100 });
    expect(Date.now() - started).toBeLessThan(12_000);
    const found = await Promise.all(job.members.map(({ uuid }) => message(messageId(job.shard, uuid))));
    const last = found.map(({ timeline }) => timeline[0]!["outcome"] ?? timeline[0]!["reason"]);
    expect(new Set(last)).toEqual(new Set(["accepted", "unknown", "The turn was over."]));
    expect(last.filter((outcome) => outcome === "unknown").length).toBeLessThanOrEqual(6);
    expect(counting.counts.fetches).toBeLessThan(61);
  });
});

describe("no statement looks at all messages, events or chunks of a shard:", () => {
  it("as SQLite plans them", async () => {
    const counted = await meter();
    const { messages } = await accept(email(people(3, "plans"), { providers: ["resend"] }));
    for (const { id } of messages) await untilStatus(id, "delivered");
    const { shard } = placeOf(messages[0]!.id);
    await inShard(shard, async (_, __, ledger) => {
      ledger.listMessages(undefined, 10);
      await ledger.pulse(Date.now());
      await ledger.sweep(Date.now());
      await ledger.alarm();
      ledger.findByProviderIds([{ provider: "resend", id: "x" }]);
      ledger.readNotification(placeOf(messages[0]!.id).uuid.slice(0, 24).padEnd(32, "0"));
      ledger.readMessage(placeOf(messages[0]!.id).uuid);
    });
    expect(counted.queries.size).toBeGreaterThan(20);
    const scans = await inShard(shard, (sql) =>
      [...counted.queries].flatMap((query) => {
        const numbers = Array.from(
          query.replaceAll(/'[^']*'/g, "").matchAll(/\?(\d*)/g),
          ([, number], index) => Number(number) || index + 1,
        );
        const parameters = Array.from({ length: Math.max(0, ...numbers) }, () => null);
        return (
          sql
            .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...parameters)
            .toArray()
            // How deep the outbox is has to be counted, and it is empty but for moments.
            .filter(() => !query.includes("count(*) FROM outbox"))
            .filter(({ detail }) =>
              /^SCAN (m|t|n|message|timeline|notification|chunk|idempotency|stray|outbox)\b/.test(detail),
            )
            .map(({ detail }) => `${detail}: ${query}`)
        );
      }),
    );
    expect(scans).toEqual([]);
  });
});
