import { describe, expect, it, vi } from "vitest";
import { claimDeliveries, settleDeliveries } from "../src/ledger/deliveries.ts";
import { trimDeliveries } from "../src/ledger/delivery-list.ts";
import { shardStub } from "../src/ledger/shards.ts";
import { deliveriesOf, hurry, listen, untilTold, useApps } from "./apps.ts";
import type { App } from "./apps.ts";
import { accept, call, email, env, message } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { addresses, attempt, claimed, holds, only, told, waiting } from "./steps.ts";
import { postResend } from "./webhooks.ts";

useApps();

const dayMs = 86_400_000;

const types = (all: readonly { type: string }[]): string[] => all.map(({ type }) => type);

/** A message that waits for an hour. */
async function later(): Promise<{ id: string; shard: number; uuid: string }> {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { messages } = await accept(email(addresses(1)[0]!, { sendAt }, { metadata: { order: "42" } }));
  const id = messages[0]!.id;
  return { id, ...placeOf(id) };
}

async function report(id: string, type: string): Promise<void> {
  expect((await postResend({ type: `email.${type}`, id: `${type}-${id}`, messageId: id })).status).toBe(200);
}

/** A message whose only try had no answer, with a provider that could not tell a second request from the first. */
async function held(): Promise<{ id: string; shard: number; uuid: string }> {
  const { shard, uuids, ids } = await waiting(addresses(1)[0]!, { providers: ["postmark"] });
  await told(only(await claimed(shard, holds)), [attempt(uuids[0]!, { provider: "postmark" })], holds);
  return { id: ids[0]!, shard, uuid: uuids[0]! };
}

async function resolve(id: string, as: string): Promise<void> {
  expect((await call("POST", `/v1/messages/${id}/resolve`, { body: { as } })).status).toBe(200);
}

describe("an app is told", () => {
  it("that a message has expired", async () => {
    const app = await listen(["message.expired"]);
    const { shard, uuids, ids } = await waiting(addresses(1)[0]!, { ttl: "1h" });
    await inShard(shard, (sql) => {
      sql.exec(
        "UPDATE notification SET expires_at = ? WHERE uuid = ?",
        Date.now() - 1,
        `${uuids[0]!.slice(0, 24)}00000000`,
      );
    });
    expect(await claimed(shard)).toEqual([]);
    await hurry(app, shard);
    const [expired] = await untilTold(app, ids[0]!, 1);
    expect(expired).toMatchObject({ type: "message.expired", data: { status: "expired", sequence: 1 } });
  });

  it("that a message is held, and what somebody has found of it", async () => {
    const app = await listen();
    const found = await held();
    await resolve(found.id, "failed");
    await hurry(app, found.shard);
    await untilTold(app, found.id, 2);
    expect(app.about(found.id).map(({ type, data }) => [type, data["status"]])).toEqual([
      ["message.held", "held"],
      ["message.failed", "failed"],
    ]);
  });

  it("once that a message was sent, though first somebody says so and then the provider", async () => {
    const app = await listen();
    const { id, shard } = await held();
    await resolve(id, "sent");
    await report(id, "sent");
    await report(id, "delivered");
    await hurry(app, shard);
    await expect.poll(() => types(app.about(id)).at(-1)).toBe("message.delivered");
    expect(types(app.about(id))).toEqual(["message.held", "message.sent", "message.delivered"]);
    expect((await message(id)).milestones).toHaveProperty("sent");
  });

  it("which message it was, though that is not kept any more", async () => {
    const app = await listen();
    const { id, shard, uuid } = await later();
    app.answer = () => new Response(null, { status: 500 });
    await report(id, "delivered");
    await untilTold(app, id, 1);
    await expect.poll(async () => (await deliveriesOf(app))[0]?.tries).toBe(1);
    await inShard(shard, (sql) => {
      sql.exec("DELETE FROM timeline WHERE message = ?", uuid);
      sql.exec("DELETE FROM message WHERE uuid = ?", uuid);
    });
    app.answer = () => new Response(null, { status: 200 });
    await hurry(app, shard);
    const again = app.about(id)[0]!.id;
    await expect.poll(() => app.told.filter(({ id: event }) => event === again).length).toBe(2);
    const [first, second] = app.told.filter(({ id: event }) => event === again);
    const { channel, to, metadata, ...rest } = first!.data;
    expect([channel, to, metadata]).toEqual(["email", ["d***@simulator.test"], { order: "42" }]);
    expect(second!.data).toEqual(rest);
  });
});

describe("a replay", () => {
  it("of an earlier event keeps a later one back that is under way and fails", async () => {
    const app = await listen();
    const { id, shard, uuid } = await later();
    await report(id, "delivered");
    await untilTold(app, id, 1);
    await expect.poll(async () => (await deliveriesOf(app))[0]?.status).toBe("delivered");
    app.answer = () => new Response(null, { status: 500 });
    const job = await inShard(shard, (sql) => {
      sql.exec(
        "INSERT INTO delivery (endpoint, subject, sequence, type, at, data, state, due_at) VALUES (?, ?, 9, 'message.opened', ?, '{}', 'pending', ?)",
        app.id,
        uuid,
        Date.now(),
        Date.now(),
      );
      sql.exec("UPDATE listener SET free_at = 0 WHERE endpoint = ?", app.id);
      return only(claimDeliveries(sql, shard, Date.now()));
    });
    expect(job.deliveries).toMatchObject([{ sequence: 9 }]);
    await shardStub(env, shard).replayDeliveries(app.id, [{ subject: uuid, sequence: 1 }]);
    const due = await inShard(shard, (sql) => {
      const answers = [{ subject: uuid, sequence: 9, at: Date.now(), durationMs: 1, ok: false, status: 500 }];
      settleDeliveries(sql, { endpoint: app.id, token: job.token, now: Date.now(), answers });
      return sql.exec("SELECT sequence FROM delivery WHERE endpoint = ? AND due_at IS NOT NULL", app.id).toArray();
    });
    expect(due).toEqual([{ sequence: 1 }]);
    app.answer = () => new Response(null, { status: 200 });
    await hurry(app, shard);
    await expect.poll(() => types(app.about(id))).toEqual(["message.delivered", "message.delivered", "message.opened"]);
  });

  it("of a message that may have been sent, and was released since, is marked as a possible duplicate", async () => {
    const { id, shard } = await held();
    await inShard(shard, (sql) => void sql.exec("UPDATE message SET due_at = NULL"));
    await resolve(id, "resend");
    await inShard(
      shard,
      (sql) => void sql.exec("UPDATE message SET place = 'failed', status = 'failed', due_at = NULL, chunk = NULL"),
    );
    const response = await call("POST", `/v1/messages/${id}/replay`);
    expect(response.status).toBe(201);
    const { id: as } = await response.json<{ id: string }>();
    expect(await message(as)).toMatchObject({ possibleDuplicate: true });
  });
});

describe("an endpoint that has moved", () => {
  const view = async (app: App): Promise<Record<string, unknown>> =>
    (await call("GET", `/v1/endpoints/${app.id}`)).json();

  it("begins its five days anew", async () => {
    const app = await listen();
    const { id } = await later();
    app.answer = () => new Response(null, { status: 500 });
    await report(id, "delivered");
    await expect.poll(async () => (await view(app))["failingSince"]).toBeDefined();
    await call("PATCH", `/v1/endpoints/${app.id}`, { body: { url: app.url, description: "as it was" } });
    expect((await view(app))["failingSince"]).toBeDefined();
    await call("PATCH", `/v1/endpoints/${app.id}`, { body: { url: `${app.url}/new` } });
    expect((await view(app))["failingSince"]).toBeUndefined();
  });

  it("is not disabled for what the old one still answers", async () => {
    const app = await listen();
    const { id } = await later();
    let release = (): void => undefined;
    const moved = new Promise<void>((done) => (release = done));
    app.answer = async () => {
      await moved;
      return new Response(null, { status: 410 });
    };
    await report(id, "delivered");
    await untilTold(app, id, 1);
    await call("PATCH", `/v1/endpoints/${app.id}`, { body: { url: `${app.url}/new` } });
    release();
    await expect.poll(async () => (await deliveriesOf(app))[0]?.tries).toBe(1);
    await new Promise((done) => setTimeout(done, 100));
    expect(await view(app)).toMatchObject({ status: "enabled" });
  });
});

describe("deliveries are trimmed", () => {
  const keep = (sql: SqlStorage, app: App, ageDays: number, sequence: number, state: string): void => {
    const at = Date.now() - ageDays * dayMs;
    const subject = at.toString(16).padStart(12, "0") + "a".repeat(20);
    sql.exec(
      "INSERT INTO delivery (endpoint, subject, sequence, type, at, data, state) VALUES (?, ?, ?, 'message.opened', ?, '{}', ?)",
      app.id,
      subject,
      sequence,
      at,
      state,
    );
  };
  const kept = (sql: SqlStorage, app: App): unknown[] =>
    sql
      .exec("SELECT sequence, due_at IS NOT NULL AS due FROM delivery WHERE endpoint = ? ORDER BY sequence", app.id)
      .toArray()
      .map(({ sequence, due }) => [sequence, due]);

  it("after a month, whatever became of them, and those of other endpoints have their own turn", async () => {
    const [app, other] = [await listen(), await listen()];
    vi.spyOn(Math, "random").mockReturnValue(0);
    const found = await inShard(3, (sql) => {
      for (const [index, state] of ["delivered", "dead", "pending"].entries()) {
        keep(sql, app, 31, index, state);
        keep(sql, app, 29, 10 + index, state);
      }
      keep(sql, other, 31, 0, "delivered");
      trimDeliveries(sql, Date.now());
      return [kept(sql, app), kept(sql, other)];
    });
    expect(found).toEqual([
      [
        [10, 0],
        [11, 0],
        [12, 0],
      ],
      [],
    ]);
  });

  it("and what waited behind one of them is due", async () => {
    const app = await listen();
    vi.spyOn(Math, "random").mockReturnValue(0);
    const found = await inShard(3, (sql) => {
      keep(sql, app, 31, 0, "pending");
      keep(sql, app, 31, 1, "pending");
      // A late event of the same message.
      sql.exec("UPDATE delivery SET at = ? WHERE sequence = 1 AND endpoint = ?", Date.now(), app.id);
      sql.exec(
        "UPDATE delivery SET subject = (SELECT min(subject) FROM delivery WHERE endpoint = ?1) WHERE endpoint = ?1",
        app.id,
      );
      trimDeliveries(sql, Date.now());
      return kept(sql, app);
    });
    expect(found).toEqual([[1, 1]]);
  });

  it("also where 500 younger ones of old messages stand before them", async () => {
    const app = await listen();
    const found = await inShard(3, (sql) => {
      for (let index = 0; index < 500; index++) {
        keep(sql, app, 40, index, "delivered");
        sql.exec("UPDATE delivery SET at = ? WHERE endpoint = ? AND sequence = ?", Date.now(), app.id, index);
      }
      keep(sql, app, 31, 9_999, "delivered");
      for (let turn = 0; turn < 200; turn++) trimDeliveries(sql, Date.now());
      return kept(sql, app).length;
    });
    expect(found).toBe(500);
  });

  it("at once when their endpoint is gone, which the shard forgets with the last of them", async () => {
    const app = await listen();
    const listeners = (sql: SqlStorage): number =>
      sql.exec("SELECT endpoint FROM listener WHERE endpoint = ?", app.id).toArray().length;
    await inShard(3, (sql) => {
      for (let index = 0; index < 501; index++) keep(sql, app, 0, index, "pending");
    });
    await call("DELETE", `/v1/endpoints/${app.id}`);
    const found = await inShard(3, (sql) =>
      [1, 2, 3].map(() => {
        trimDeliveries(sql, Date.now());
        return [kept(sql, app).length, listeners(sql)];
      }),
    );
    expect(found).toEqual([
      [1, 1],
      [0, 1],
      [0, 0],
    ]);
  });
});
