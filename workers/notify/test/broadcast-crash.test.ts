import { describe, expect, it } from "vitest";
import { readBroadcast } from "../src/broadcast/read.ts";
import { tellCounts, withdrawEverywhere } from "../src/broadcast/tell.ts";
import type { Env } from "../src/env.ts";
import { takeBroadcasts } from "../src/ledger/broadcasts.ts";
import type { BroadcastJob } from "../src/ledger/broadcasts.ts";
import type { PartHead } from "../src/ledger/part-types.ts";
import { allShards, shardStub } from "../src/ledger/shards.ts";
import { trim } from "../src/ledger/trim.ts";
import { settingsOf } from "../src/settings.ts";
import { browser } from "./devices.ts";
import { finished, messagesOf, pushTo, read, reader, send, until } from "./broadcasts.ts";
import { call, env, message } from "./service.ts";
import { inShard, messageId, placeOf } from "./shards.ts";
import { meter } from "./meter.ts";
import { member, newTopic } from "./topics.ts";

/** Members whose messages the guard keeps: so many make several pages, and cost no requests. */
async function crowd(topic: string, count: number): Promise<void> {
  const ids = JSON.stringify(Array.from({ length: count }, (_, index) => `${topic}_${String(index).padStart(5, "0")}`));
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO recipient (id, data, created_at, updated_at) SELECT value, '{}', 1, 1 FROM json_each(?1)",
    ).bind(ids),
    env.DB.prepare(
      `INSERT INTO recipient_address (recipient, channel, address_key, address, label, position)
       SELECT value, 'email', '' || value || '@example.net', '"' || value || '@example.net"', 'd', 0
       FROM json_each(?1)`,
    ).bind(ids),
    env.DB.prepare(
      "INSERT INTO topic_member (topic, recipient, device, joined_at) SELECT ?2, value, '', 1 FROM json_each(?1)",
    ).bind(ids, topic),
  ]);
}

const emailTo = (topic: string, more: object = {}): object => ({
  channel: "email",
  to: { topic },
  content: { from: "app@example.org", subject: "News", text: "Hello" },
  ...more,
});

/** A broadcast that no alarm reads: the test does. */
async function taken(body: object): Promise<{ id: string; job: BroadcastJob }> {
  const id = await send({ ...body, delay: "1h" });
  return { id, job: await retake(id) };
}

/** Takes it as the alarm would; whoever had it has died. */
function retake(id: string): Promise<BroadcastJob> {
  const { shard, uuid } = placeOf(id);
  return inShard(shard, (sql, storage) =>
    storage.transactionSync(() => {
      sql.exec("UPDATE broadcast SET due_at = 1 WHERE uuid = ?", uuid);
      return takeBroadcasts(sql, shard, Date.now()).find(({ head }) => head.uuid === uuid)!;
    }),
  );
}

/** The bindings, where calls of a method on shards fail by this rule. */
function failing(method: string, fails: (call: number, shard: number) => boolean): Env {
  let calls = 0;
  const names = new Map(allShards(env).map((shard) => [env.LEDGER.idFromName(`shard-${shard}`).toString(), shard]));
  const LEDGER = {
    idFromName: (name: string) => env.LEDGER.idFromName(name),
    get: (id: DurableObjectId) =>
      new Proxy(env.LEDGER.get(id), {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown;
          if (name !== method) return value;
          return (...given: unknown[]) =>
            fails((calls += 1), names.get(id.toString())!)
              ? Promise.reject(new Error("The network is down."))
              : (target as unknown as Record<string, (...given: unknown[]) => unknown>)[name]!(...given);
        },
      }),
  };
  return { ...env, LEDGER } as unknown as Env;
}

describe("a broadcast whose reader dies", () => {
  it.each([
    ["when some shards have their messages", "receivePart", (calls: number) => calls > 9],
    ["when all shards have, before home knows", "advance", (calls: number) => calls === 1],
    ["between two pages", "advance", (calls: number) => calls === 2],
  ])("%s goes on from its cursor, and nobody gets it twice", async (_, method, fails) => {
    const topic = await newTopic();
    await crowd(topic, 1_100);
    const { id, job } = await taken(emailTo(topic));
    await expect(readBroadcast(failing(method, fails), job)).rejects.toThrow("network");
    const before = (await messagesOf(id)).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(1_100);
    await readBroadcast(env, await retake(id));
    // Who has died without knowing it tells nothing any more.
    await readBroadcast(env, job);
    const all = await messagesOf(id);
    expect(all).toHaveLength(1_100);
    expect(new Set(all.map(({ recipient }) => recipient)).size).toBe(1_100);
    expect(await read(id)).toMatchObject({ broadcast: { state: "complete", total: 1_100, members: { read: 1_100 } } });
    await call("POST", `/v1/notifications/${id}/cancel`);
  });

  it("and is gone is read by somebody else when its lease ends", async () => {
    const topic = await newTopic();
    await reader(topic, 2);
    const { id } = await taken(pushTo(topic));
    const { shard, uuid } = placeOf(id);
    await inShard(shard, async (sql, storage) => {
      sql.exec("UPDATE broadcast SET due_at = ? WHERE uuid = ?", Date.now() - 1, uuid);
      await storage.setAlarm(Date.now());
    });
    expect((await until(id, finished)).broadcast).toMatchObject({ state: "complete", sent: 2 });
  });

  it("costs one call and one transaction a shard and page, beside the first, which brings the content", async () => {
    const topic = await newTopic();
    await crowd(topic, 1_000);
    const { job } = await taken(emailTo(topic));
    const shards = allShards(env).length;
    const counted = await meter();
    await readBroadcast(env, job);
    const readTransactions = counted.transactions;
    // Two full pages, an empty third, and twice the first time: asked, and given the content.
    expect(readTransactions).toBeLessThanOrEqual(3 * shards + 3);
    expect(counted.mostParameters).toBeLessThanOrEqual(100);
    expect(counted.largestValue).toBeLessThan(2_000_000);
  });
});

describe("the counts of a broadcast", () => {
  it("are whole numbers: late, lost or repeated reports do no harm", async () => {
    const topic = await newTopic();
    for (let index = 0; index < 4; index++) await reader(topic);
    const body = await until(await send(pushTo(topic)), finished);
    const { shard, uuid } = placeOf(body.id);
    const some = (await messagesOf(body.id))[0]!;
    const old = { uuid, home: shard, version: 0, byStatus: { queued: 99 } };
    await tellCounts(env, some.shard, [old, old]);
    expect((await read(body.id)).byStatus).toEqual({ sent: 4 });
    // Reported again, though nothing has changed.
    await inShard(some.shard, async (sql, storage) => {
      sql.exec("UPDATE broadcast_part SET due_at = 1 WHERE uuid = ?", uuid);
      await storage.setAlarm(Date.now());
    });
    await expect
      .poll(() =>
        inShard(
          some.shard,
          (sql) => sql.exec("SELECT due_at FROM broadcast_part WHERE uuid = ?", uuid).one()["due_at"],
        ),
      )
      .toBeNull();
    expect((await read(body.id)).byStatus).toEqual({ sent: 4 });
  });

  it("come home when the shard that keeps them could not be reached at first", async () => {
    const topic = await newTopic();
    await reader(topic, 3);
    const { id, job } = await taken(pushTo(topic));
    await readBroadcast(env, job);
    const report = { uuid: job.head.uuid, home: job.head.home, version: 1, byStatus: { sent: 1 } };
    await expect(
      tellCounts(
        failing("keepCounts", () => true),
        0,
        [report],
      ),
    ).rejects.toThrow("network");
    expect(await until(id, finished)).toMatchObject({ byStatus: { sent: 3 } });
  });
});

describe("a canceled broadcast", () => {
  it("is read no further, and shards that know of it refuse what comes late", async () => {
    const topic = await newTopic();
    await crowd(topic, 1_100);
    const { id, job } = await taken(emailTo(topic));
    const { shard, uuid } = placeOf(id);
    await expect(
      readBroadcast(
        failing("advance", (calls) => calls === 2),
        job,
      ),
    ).rejects.toThrow("network");
    const made = (await messagesOf(id)).length;
    const response = await call("POST", `/v1/notifications/${id}/cancel`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id, broadcast: { state: "canceled", members: { read: 500 } } });
    await withdrawEverywhere(env, shard, uuid, Date.now());
    // Who still reads makes nothing more, and is not listened to.
    await readBroadcast(env, job);
    expect((await messagesOf(id)).length).toBe(made);
    expect((await read(id)).broadcast).toMatchObject({ state: "canceled", members: { read: 500 } });
    const left = await inShard(shard, (sql) =>
      sql.exec("SELECT cursor, token FROM broadcast WHERE uuid = ?", uuid).one(),
    );
    expect(left).toEqual({ cursor: null, token: null });
  });

  it("half-way sends nothing more of what waits, and leaves what was sent as it is", async () => {
    const topic = await newTopic();
    for (let index = 0; index < 3; index++) await reader(topic);
    const body = await until(await send(pushTo(topic)), finished);
    const { shard: home, uuid } = placeOf(body.id);
    // Two on each shard that wait for another try.
    for (const shard of allShards(env)) {
      const one = { recipient: await browser(), addresses: [{ key: "k", label: "l" }], recipientId: "r" };
      const messages = [1, 2].map((position) => ({ ...one, position, member: String(position) }));
      await shardStub(env, shard).receivePart({
        head: headOf(uuid, home),
        content: '{"payload":"x"}',
        messages,
        now: Date.now() + 3_600_000,
      });
    }
    const waiting = 2 * allShards(env).length;
    await until(body.id, ({ byStatus }) => byStatus["queued"] === waiting);
    expect((await call("POST", `/v1/notifications/${body.id}/cancel`)).status).toBe(200);
    const after = await until(body.id, ({ byStatus }) => byStatus["canceled"] === waiting);
    expect(after.byStatus).toEqual({ sent: 3, canceled: waiting });
    expect(after.broadcast).toMatchObject({ state: "canceled", sent: 3 });
    // Again is the same; a message that was not sent can be, by hand.
    expect((await call("POST", `/v1/notifications/${body.id}/cancel`)).status).toBe(200);
    const some = (await messagesOf(body.id)).find(({ recipient }) => recipient === "r")!;
    const told = await message(messageId(some.shard, some.uuid));
    expect(told.timeline).toMatchObject([{ rule: "cancel", then: "canceled" }]);
    expect((await call("POST", `/v1/messages/${told.id}/replay`)).status).toBe(201);
  });

  it("that has sent everything is told so", async () => {
    const topic = await newTopic();
    await reader(topic);
    const body = await until(await send(pushTo(topic)), finished);
    const response = await call("POST", `/v1/notifications/${body.id}/cancel`);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ type: "/problems/already-finished", broadcast: { sent: 1 } });
    expect((await read(body.id)).broadcast.state).toBe("complete");
  });

  it("before it was due has no messages", async () => {
    const topic = await newTopic();
    await reader(topic);
    const id = await send(pushTo(topic, { delay: "1h" }));
    expect((await call("POST", `/v1/notifications/${id}/cancel`)).status).toBe(200);
    expect((await read(id)).broadcast.state).toBe("canceled");
    expect(await messagesOf(id)).toEqual([]);
    await member(topic, "late");
    for (const shard of allShards(env)) {
      await expect
        .poll(() =>
          inShard(
            shard,
            (sql) =>
              sql.exec("SELECT 1 FROM broadcast_part WHERE uuid = ? AND canceled_at > 0", placeOf(id).uuid).toArray()
                .length,
          ),
        )
        .toBe(1);
      expect(await shardStub(env, shard).readMessage(placeOf(id).uuid)).toBeUndefined();
    }
  });
});

it("an old broadcast is forgotten with its messages, and so is one that had none here", async () => {
  const topic = await newTopic();
  for (let index = 0; index < 3; index++) await reader(topic);
  const one = await until(await send(pushTo(topic)), finished);
  const empty = await until(await send(pushTo(await newTopic())), ({ broadcast }) => broadcast.state === "complete");
  const canceled = await send(pushTo(topic, { delay: "1h" }));
  await call("POST", `/v1/notifications/${canceled}/cancel`);
  const uuids = [one.id, empty.id, canceled].map((id) => placeOf(id).uuid);
  const rest = (): Promise<number[]> =>
    Promise.all(
      allShards(env).map((shard) =>
        inShard(shard, (sql) =>
          ["notification", "broadcast", "broadcast_part", "broadcast_count"].reduce(
            (sum, table) =>
              sum +
              sql
                .exec(`SELECT 1 FROM ${table} WHERE uuid IN (SELECT value FROM json_each(?))`, JSON.stringify(uuids))
                .toArray().length,
            0,
          ),
        ),
      ),
    );
  await expect.poll(async () => (await rest()).every((count) => count > 0)).toBe(true);
  const later = Date.now() + 100 * 86_400_000;
  for (const shard of allShards(env)) {
    await inShard(shard, (sql) => {
      // Nothing of the tests before is due.
      sql.exec("UPDATE message SET due_at = NULL, chunk = NULL");
      sql.exec("UPDATE broadcast_part SET due_at = NULL");
      for (let turn = 0; turn < 20; turn++) trim(sql, later, settingsOf(env));
    });
  }
  expect(await rest()).toEqual(allShards(env).map(() => 0));
});

it("a broadcast that was put off for long is kept from when it was due, though its home has no message of it", async () => {
  const day = 86_400_000;
  const id = await send(pushTo(await newTopic(), { delay: "200d" }));
  const { shard, uuid } = placeOf(id);
  const due = Date.now() + 200 * day;
  const left = (now: number): Promise<number> =>
    inShard(shard, (sql) => {
      sql.exec("UPDATE message SET due_at = NULL, chunk = NULL");
      trim(sql, now, settingsOf(env));
      return sql.exec("SELECT 1 FROM broadcast WHERE uuid = ?", uuid).toArray().length;
    });
  await readBroadcast(env, await retake(id));
  expect((await read(id)).broadcast.state).toBe("complete");
  expect(await left(due + day)).toBe(1);
  expect(await left(due + 91 * day)).toBe(0);
});

function headOf(uuid: string, home: number): PartHead {
  const none = {
    expiresAt: undefined,
    providers: undefined,
    category: undefined,
    metadata: undefined,
    schedule: undefined,
  };
  return { uuid, home, channel: "webpush", priority: 2, acceptedAt: 1, sendAt: 1, ...none };
}
