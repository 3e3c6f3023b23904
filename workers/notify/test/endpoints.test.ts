import { describe, expect, it, vi } from "vitest";
import { disabledAfterMs } from "../src/endpoints/tell.ts";
import { claimDeliveries } from "../src/ledger/deliveries.ts";
import type { SettleDeliveries, TellJob } from "../src/ledger/deliveries.ts";
import { ingest } from "../src/ledger/ingest.ts";
import type { IncomingEvent } from "../src/ledger/incoming-event.ts";
import { allShards, shardStub } from "../src/ledger/shards.ts";
import { sweepShards } from "../src/schedule/sweep.ts";
import { settingsOf } from "../src/settings.ts";
import { deliveriesOf, hurry, isSignedWith, listen, untilTold, useApps } from "./apps.ts";
import { accept, call, email, env, message, untilStatus } from "./service.ts";
import { everything, inShard, placeOf } from "./shards.ts";
import { postResend } from "./webhooks.ts";

useApps();

let people = 0;
const address = (outcome = "delivered"): string => `${outcome}+told${(people += 1)}@simulator.test`;

/** A message that was accepted and waits for an hour: the test does with it what it wants. */
async function waiting(): Promise<{ id: string; shard: number; uuid: string; to: string }> {
  const to = address();
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { messages } = await accept(email(to, { sendAt }));
  const id = messages[0]!.id;
  return { id, to, ...placeOf(id) };
}

/** A provider's webhook about it. */
async function report(id: string, type: string, event = `${type}-${id}`): Promise<void> {
  expect((await postResend({ type: `email.${type}`, id: event, messageId: id })).status).toBe(200);
}

const types = (told: readonly { type: string }[]): string[] => told.map(({ type }) => type);

describe("an app", () => {
  it("is told what happens to a message, in order, signed, and without the address", async () => {
    const app = await listen();
    const to = address();
    const { id: notificationId, messages } = await accept(
      email(to, { providers: ["resend"] }, { metadata: { order: "42" } }),
    );
    const id = messages[0]!.id;
    await untilStatus(id, "delivered");
    const [sent, delivered] = await untilTold(app, id, 2);
    expect(types(app.about(id))).toEqual(["message.sent", "message.delivered"]);
    expect(sent).toMatchObject({
      id: expect.stringMatching(/^evt_[0-9a-f]{38}$/) as unknown,
      type: "message.sent",
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      data: {
        messageId: id,
        notificationId,
        channel: "email",
        provider: "resend",
        status: "sent",
        to: messages[0]!.to,
        metadata: { order: "42" },
        occurredAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      },
    });
    expect(delivered!.data).toMatchObject({ status: "delivered", metadata: { order: "42" } });
    expect(delivered!.data.sequence).toBeGreaterThan(sent!.data.sequence!);
    for (const told of [sent!, delivered!]) {
      expect(told.headers.get("webhook-id")).toBe(told.id);
      expect(told.headers.get("content-type")).toBe("application/json");
      expect(Math.abs(Number(told.headers.get("webhook-timestamp")) - Date.now() / 1000)).toBeLessThan(30);
      expect(await isSignedWith(app.secret, told)).toBe(true);
      expect(told.body).not.toContain(to);
      expect(told.redirect).toBe("manual");
    }
  });

  it("is told only of what it asked for", async () => {
    const app = await listen(["message.bounced", "message.delivered"]);
    const { messages } = await accept(email([address(), address("bounced")], { providers: ["resend"] }));
    await untilStatus(messages[0]!.id, "delivered");
    await untilStatus(messages[1]!.id, "bounced");
    await untilTold(app, messages[0]!.id, 1);
    await untilTold(app, messages[1]!.id, 1);
    expect(types(app.told).toSorted()).toEqual(["message.bounced", "message.delivered"]);
    const [bounced] = app.about(messages[1]!.id);
    expect(bounced!.data).toMatchObject({ status: "bounced", reason: expect.any(String) as unknown });
    expect(bounced!.data["reason"]).not.toMatch(/\+told/);
  });

  it("is told what Carillon decided, and why", async () => {
    const app = await listen();
    const { messages } = await accept(email("ada@example.com"));
    const [captured] = await untilTold(app, messages[0]!.id, 1);
    expect(captured).toMatchObject({ type: "message.captured", data: { status: "captured" } });
    const canceled = await waiting();
    expect((await call("POST", `/v1/messages/${canceled.id}/cancel`)).status).toBe(200);
    expect(types(await untilTold(app, canceled.id, 1))).toEqual(["message.canceled"]);
  });

  it("is told one event of a message at a time, and of others meanwhile", async () => {
    const app = await listen();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const [slow, quick] = [await waiting(), await waiting()];
    app.answer = async ({ data }) => {
      if (data.messageId === slow.id) await held;
      return new Response(null, { status: 200 });
    };
    for (const type of ["delivered", "opened", "clicked"]) await report(slow.id, type);
    await untilTold(app, slow.id, 1);
    if (quick.shard !== slow.shard) {
      await report(quick.id, "delivered");
      await untilTold(app, quick.id, 1);
    }
    await hurry(app, slow.shard);
    expect(types(app.about(slow.id))).toEqual(["message.delivered"]);
    release();
    await untilTold(app, slow.id, 3);
    expect(types(app.about(slow.id))).toEqual(["message.delivered", "message.opened", "message.clicked"]);
  });

  it("that did not hear an event hears the later ones of that message after it", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    let up = false;
    app.answer = () => new Response(null, { status: up ? 200 : 500 });
    await report(id, "delivered");
    await untilTold(app, id, 1);
    await report(id, "opened");
    await expect.poll(async () => (await deliveriesOf(app)).map(({ tries }) => tries)).toEqual([0, 1]);
    const [opened, delivered] = await deliveriesOf(app);
    expect(opened).toMatchObject({ status: "pending", answers: [] });
    expect(opened!.nextTryAt).toBeUndefined();
    expect(delivered).toMatchObject({ type: "message.delivered", status: "pending", answers: [{ status: 500 }] });
    expect(Date.parse(delivered!.nextTryAt!) - Date.now()).toBeLessThan(6_000);
    up = true;
    await hurry(app, shard);
    await untilTold(app, id, 3);
    expect(types(app.about(id))).toEqual(["message.delivered", "message.delivered", "message.opened"]);
    const [first, second] = app.about(id);
    expect([second!.id, second!.body]).toEqual([first!.id, first!.body]);
    await expect
      .poll(async () => (await deliveriesOf(app)).map(({ status }) => status))
      .toEqual(["delivered", "delivered"]);
  });

  it("that asks for patience is left alone for so long", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    app.answer = () => new Response(null, { status: 429, headers: { "retry-after": "600" } });
    await report(id, "delivered");
    await expect.poll(async () => (await deliveriesOf(app))[0]?.tries).toBe(1);
    const [delivery] = await deliveriesOf(app);
    expect(Date.parse(delivery!.nextTryAt!) - Date.now()).toBeGreaterThan(590_000);
    const [lane] = await inShard(shard, (sql) =>
      sql.exec("SELECT free_at FROM listener WHERE endpoint = ?", app.id).toArray(),
    );
    expect(Number(lane!["free_at"]) - Date.now()).toBeGreaterThan(590_000);
  });

  it("has six requests at a time, and is told of all messages", async () => {
    const app = await listen(["message.delivered"]);
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const { messages } = await accept(
      email(
        Array.from({ length: 10 }, () => address()),
        { sendAt },
      ),
    );
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    app.answer = async () => {
      await held;
      return new Response(null, { status: 200 });
    };
    const { shard } = placeOf(messages[0]!.id);
    await inShard(shard, (_, __, ledger) =>
      ledger.ingest(
        messages.map(({ id }) => eventOf(id, "delivered")),
        Date.now(),
      ),
    );
    await expect.poll(() => app.told.length).toBe(6);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(app.told).toHaveLength(6);
    release();
    await expect.poll(() => app.told.length).toBe(10);
    expect(new Set(app.told.map(({ data }) => data.messageId))).toEqual(new Set(messages.map(({ id }) => id)));
    expect(app.mostAtOnce).toBe(6);
  });

  it("that never answers holds up neither messages nor other apps", async () => {
    const [hanging, other] = [await listen(), await listen()];
    hanging.answer = () => new Promise<Response>(() => undefined);
    const { messages } = await accept(email([address(), address(), address()], { providers: ["resend"] }));
    for (const { id } of messages) {
      await untilStatus(id, "delivered");
      await untilTold(other, id, 2);
      expect(types(hanging.about(id))).not.toContain("message.delivered");
    }
    expect(hanging.told.length).toBeGreaterThan(0);
  });

  it("gets ten tries over three days, then a dead letter that can be replayed", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    let up = false;
    app.answer = () => new Response(null, { status: up ? 200 : 500 });
    await report(id, "delivered");
    await report(id, "opened");
    const pauses: number[] = [];
    for (let tries = 1; tries <= 9; tries++) {
      await expect.poll(async () => (await deliveriesOf(app)).at(-1)?.tries).toBe(tries);
      pauses.push(Date.parse((await deliveriesOf(app)).at(-1)!.nextTryAt!) - Date.now());
      await hurry(app, shard);
    }
    const wanted = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (const [index, pause] of pauses.entries()) {
      expect(pause / 1000).toBeGreaterThan(wanted[index]! - 4);
      expect(pause / 1000).toBeLessThan(wanted[index]! * 1.1 + 1);
    }
    await expect.poll(async () => types(await deliveriesOf(app, "?status=dead"))).toEqual(["message.delivered"]);
    const [dead] = await deliveriesOf(app, "?status=dead");
    expect(dead).toMatchObject({ status: "dead", tries: 10 });
    expect(dead!.answers).toHaveLength(10);
    // What comes after it is not held up any longer.
    up = true;
    await hurry(app, shard);
    await expect.poll(() => types(app.about(id)).at(-1)).toBe("message.opened");

    const replay = (body: object): Promise<Response> => call("POST", `/v1/endpoints/${app.id}/replay`, { body });
    expect(await (await replay({ ids: [dead!.id] })).json()).toEqual({ replayed: 1 });
    await expect
      .poll(async () => (await deliveriesOf(app)).map(({ status }) => status))
      .toEqual(["delivered", "delivered"]);
    expect(app.told.at(-1)!.id).toBe(dead!.id);
    expect(await (await replay({ status: "dead" })).json()).toEqual({ replayed: 0 });
    // One that was heard can be told once more, too.
    expect(await (await replay({ ids: [dead!.id] })).json()).toEqual({ replayed: 1 });
    expect((await replay({ ids: ["evt_ff"] })).status).toBe(422);
    expect((await replay({})).status).toBe(422);
  });
});

describe("an endpoint is disabled", () => {
  it("at once when it answers 410, and told nothing from then on", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    app.answer = () => new Response(null, { status: 410 });
    await report(id, "delivered");
    const view = async (): Promise<Record<string, unknown>> => (await call("GET", `/v1/endpoints/${app.id}`)).json();
    await expect.poll(async () => (await view())["status"]).toBe("disabled");
    expect(await view()).toMatchObject({ disabledBecause: "gone", disabledAt: expect.any(String) as unknown });
    const listens = (): Promise<unknown> =>
      inShard(shard, (sql) => sql.exec("SELECT enabled FROM listener WHERE endpoint = ?", app.id).one()["enabled"]);
    await expect.poll(listens).toBe(0);
    await report(id, "opened");
    await hurry(app, shard);
    expect(app.about(id)).toHaveLength(1);
    expect(types(await deliveriesOf(app))).toEqual(["message.delivered"]);

    // What was not heard is told when it is enabled again.
    app.answer = () => new Response(null, { status: 200 });
    await call("PATCH", `/v1/endpoints/${app.id}`, { body: { enabled: true } });
    expect(await view()).toMatchObject({ status: "enabled" });
    await hurry(app, shard);
    await untilTold(app, id, 2);
    expect(types(app.about(id))).toEqual(["message.delivered", "message.delivered"]);
  });

  it("after five days of nothing but failure, which is said, and not a moment before", async () => {
    // The clock moves on for the messages, too: they are sent.
    const app = await listen(["message.opened"]);
    const [first, second, third] = [await waiting(), await waiting(), await waiting()];
    app.answer = () => new Response(null, { status: 503 });
    const view = async (): Promise<Record<string, unknown>> => (await call("GET", `/v1/endpoints/${app.id}`)).json();
    await report(first.id, "opened");
    await expect.poll(async () => (await view())["failingSince"]).toBeDefined();
    const since = Date.parse(String((await view())["failingSince"]));
    vi.setSystemTime(since + disabledAfterMs - 1_000);
    await hurry(app, first.shard);
    await expect.poll(async () => (await deliveriesOf(app))[0]?.tries).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await view()).toMatchObject({ status: "enabled", failingSince: new Date(since).toISOString() });
    vi.setSystemTime(since + disabledAfterMs + 1_000);
    await hurry(app, first.shard);
    await expect.poll(async () => (await view())["status"]).toBe("disabled");
    expect(await view()).toMatchObject({ disabledBecause: "failing" });
    const health = await (await call("GET", "/v1/health", { key: "" })).json<{ endpoints: object[] }>();
    expect(health.endpoints).toEqual([
      {
        id: app.id,
        disabledAt: expect.any(String) as unknown,
        disabledBecause: "failing",
        failingSince: new Date(since).toISOString(),
      },
    ]);
    expect(JSON.stringify(health)).not.toContain(app.url);
    vi.useRealTimers();
    await report(second.id, "opened");
    expect(app.about(second.id)).toEqual([]);

    // One success, and the five days begin anew.
    await call("PATCH", `/v1/endpoints/${app.id}`, { body: { enabled: true } });
    expect((await view())["failingSince"]).toBeUndefined();
    await report(third.id, "opened");
    // What was out when the clock was five days ahead has a lease from then.
    const failing = async (): Promise<unknown> => {
      await hurry(app);
      return (await view())["failingSince"];
    };
    await expect.poll(failing).toBeDefined();
    app.answer = () => new Response(null, { status: 200 });
    await hurry(app);
    await expect.poll(async () => (await view())["failingSince"]).toBeUndefined();
  });
});

describe("nothing is lost and nothing told of twice", () => {
  it("when the one who was to tell dies before it does", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    const lost = await inShard(shard, (sql, storage) =>
      storage.transactionSync(() => {
        ingest(sql, [eventOf(id, "delivered")], Date.now(), settingsOf(env));
        return claimDeliveries(sql, shard, Date.now());
      }),
    );
    expect(lost).toMatchObject([{ endpoint: app.id, deliveries: [{ type: "message.delivered" }] }]);
    await inShard(shard, (_, __, ledger) => ledger.alarm());
    expect(app.about(id)).toEqual([]);
    // The lease ends.
    await inShard(
      shard,
      (sql) => void sql.exec("UPDATE listener SET free_at = ? WHERE endpoint = ?", Date.now() - 1, app.id),
    );
    await inShard(shard, (_, __, ledger) => ledger.alarm());
    await untilTold(app, id, 1);
    await expect.poll(async () => (await deliveriesOf(app))[0]).toMatchObject({ status: "delivered", tries: 1 });
    // The dead one comes back: what it says changes nothing.
    const state = await everything();
    for (const ok of [true, false]) await shardStub(env, shard).settleDeliveries(settled(lost[0]!, ok));
    expect(await everything()).toBe(state);
    expect(app.about(id)).toHaveLength(1);
  });

  it("when the one who has told comes home late: what was heard counts, what was not is another's to say", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    const lost = await inShard(shard, (sql, storage) =>
      storage.transactionSync(() => {
        ingest(sql, [eventOf(id, "delivered")], Date.now(), settingsOf(env));
        return claimDeliveries(sql, shard, Date.now());
      }),
    );
    // The lease ended, and another has it.
    await inShard(shard, (sql) => void sql.exec("UPDATE listener SET token = 'another' WHERE endpoint = ?", app.id));
    await shardStub(env, shard).settleDeliveries(settled(lost[0]!, false));
    expect((await deliveriesOf(app))[0]).toMatchObject({ status: "pending", tries: 0 });
    await shardStub(env, shard).settleDeliveries(settled(lost[0]!, true));
    expect((await deliveriesOf(app))[0]).toMatchObject({ status: "delivered", tries: 1 });
  });

  it("when the alarm is lost: the sweep sets it", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    await inShard(shard, async (sql, storage) => {
      storage.transactionSync(() => ingest(sql, [eventOf(id, "delivered")], Date.now(), settingsOf(env)));
      await storage.deleteAlarm();
    });
    expect(app.about(id)).toEqual([]);
    await sweepShards(env);
    await untilTold(app, id, 1);
  });

  it("when a provider repeats its webhook", async () => {
    const app = await listen();
    const { id } = await waiting();
    await report(id, "delivered", "the-event");
    await untilTold(app, id, 1);
    await expect.poll(async () => (await deliveriesOf(app))[0]?.status).toBe("delivered");
    const state = await everything();
    for (let time = 0; time < 3; time++) await report(id, "delivered", "the-event");
    expect(await everything()).toBe(state);
    await hurry(app);
    expect(app.about(id)).toHaveLength(1);
  });

  it("by what becomes of the telling: it is no event itself", async () => {
    const app = await listen(["*"]);
    const { id, shard } = await waiting();
    app.answer = () => new Response(null, { status: 500 });
    await report(id, "delivered");
    for (let tries = 1; tries <= 10; tries++) {
      await expect.poll(async () => (await deliveriesOf(app))[0]?.tries).toBe(tries);
      await hurry(app, shard);
    }
    expect(types(await deliveriesOf(app))).toEqual(["message.delivered"]);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM directory_event").first("n")).toBe(0);
    expect((await message(id)).timeline).toHaveLength(1);
  });

  it("when a shard could not be told of an endpoint: the sweep tells it", async () => {
    const app = await listen();
    const { id, shard } = await waiting();
    await inShard(shard, (sql) => {
      sql.exec("DELETE FROM listener");
      sql.exec("DELETE FROM listener_revision");
    });
    await sweepShards(env);
    await report(id, "delivered");
    await untilTold(app, id, 1);
  });

  it("when an older list of endpoints comes after a newer one", async () => {
    const app = await listen();
    const shard = allShards(env)[0]!;
    await shardStub(env, shard).listen({ revision: 0, endpoints: [] });
    const found = await inShard(shard, (sql) => sql.exec("SELECT endpoint FROM listener WHERE enabled = 1").toArray());
    expect(found).toEqual([{ endpoint: app.id }]);
  });
});

function settled({ endpoint, token, deliveries }: TellJob, ok: boolean): SettleDeliveries {
  const at = Date.now();
  const answers = deliveries.map((one) => ({ ...one, at, durationMs: 1, ok, status: ok ? 200 : 500 }));
  return { endpoint, token, now: at, answers };
}

/** As the ingest hands it to a shard. */
function eventOf(id: string, type: "delivered"): IncomingEvent {
  return {
    uuid: placeOf(id).uuid,
    id: `own-${id}`,
    provider: "resend",
    type,
    occurredAt: Date.now(),
    providerMessageId: undefined,
    addressKey: undefined,
    providerType: `email.${type}`,
    reason: undefined,
    code: undefined,
    raw: null,
  };
}

describe("of suppressions and providers", () => {
  const about = (app: { told: readonly { type: string; data: object }[] }): [string, object][] =>
    app.told.map(({ type, data }) => [type, data]);

  it("an app is told once, whoever caused it", async () => {
    const app = await listen(["suppression.created", "suppression.removed"]);
    const to = address("bounced");
    const { messages } = await accept(email(to, { providers: ["resend"] }));
    await untilStatus(messages[0]!.id, "bounced");
    const body = { channel: "email", address: to };
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBe(1);
    expect((await call("DELETE", "/v1/suppressions", { body })).status).toBe(204);
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBe(2);
    expect((await call("PUT", "/v1/suppressions", { body })).status).toBe(200);
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBe(3);
    // It is there already.
    expect((await call("PUT", "/v1/suppressions", { body })).status).toBe(200);
    await sweepShards(env);
    await hurry(app);
    const label = messages[0]!.to[0];
    expect(about(app)).toEqual([
      [
        "suppression.created",
        { channel: "email", address: label, reason: "bounced", scope: "all", messageId: messages[0]!.id },
      ],
      ["suppression.removed", expect.objectContaining({ channel: "email", address: label })],
      ["suppression.created", expect.objectContaining({ channel: "email", address: label, reason: "manual" })],
    ]);
  });

  it("an app is told once of each that ends by itself, and of none that was removed before", async () => {
    const app = await listen(["suppression.removed"]);
    const ended = Date.now() - 1_000;
    const insert = (key: string, expiresAt: number): Promise<unknown> =>
      env.DB.prepare(
        `INSERT INTO suppression (channel, address_key, label, reason, caused_at, created_at, expires_at)
         VALUES ('email', ?1, ?1, 'soft-bounced', 1, ?2, ?3)`,
      )
        .bind(key, ended - 1_000, expiresAt)
        .run();
    await insert("over@example.com", ended);
    await insert("open@example.com", ended + 3_600_000);
    await insert("gone@example.com", ended + 3_600_000);
    const gone = { channel: "email", address: "gone@example.com" };
    expect((await call("DELETE", "/v1/suppressions", { body: gone })).status).toBe(204);
    for (let sweep = 0; sweep < 3; sweep++) await sweepShards(env);
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBe(2);
    await hurry(app);
    const data = { channel: "email", reason: "soft-bounced", scope: "all" };
    expect(about(app)).toEqual(
      expect.arrayContaining([
        ["suppression.removed", expect.objectContaining({ ...data, address: "gone@example.com" })],
        [
          "suppression.removed",
          expect.objectContaining({ ...data, address: "over@example.com", expiresAt: expect.anything() as unknown }),
        ],
      ]),
    );
    // It ends again, after it came back.
    const again = Date.now() - 1;
    await env.DB.prepare("UPDATE suppression SET expires_at = ?1 WHERE address_key = 'over@example.com'")
      .bind(again)
      .run();
    await sweepShards(env);
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBe(3);
    // What counts against the address is what it was: an end is no removal.
    const row = await env.DB.prepare(
      "SELECT removed_at, cleared_at FROM suppression WHERE address_key = 'over@example.com'",
    ).first();
    expect(row).toEqual({ removed_at: null, cleared_at: null });
  });

  it("nothing is lost between the directory and a shard, and nothing told twice", async () => {
    const app = await listen(["suppression.created"]);
    const yesterday = Date.now() - 86_400_000;
    await env.DB.prepare(
      `INSERT INTO suppression (channel, address_key, label, reason, caused_at, created_at)
       VALUES ('email', ?, 'x***@example.com', 'manual', 1, ?)`,
    )
      .bind(crypto.randomUUID(), yesterday)
      .run();
    const rows = await env.DB.prepare("SELECT * FROM directory_event").all();
    expect(rows.results).toHaveLength(1);
    await sweepShards(env);
    await expect.poll(() => app.told.length).toBe(1);
    expect(app.told[0]).toMatchObject({ createdAt: new Date(yesterday).toISOString() });
    // It died after it had told the shard, and before it could say so.
    await env.DB.prepare("INSERT INTO directory_event (id, type, at, data) VALUES (?, ?, ?, ?)")
      .bind(...["id", "type", "at", "data"].map((name) => rows.results[0]![name]))
      .run();
    await sweepShards(env);
    await hurry(app);
    expect(app.told).toHaveLength(1);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM directory_event").first("n")).toBe(0);
  });

  it("nothing is written down where nobody listens", async () => {
    const add = (): Promise<unknown> =>
      env.DB.prepare(
        `INSERT INTO suppression (channel, address_key, label, reason, caused_at, created_at)
         VALUES ('email', ?, 'x', 'manual', 1, 1)`,
      )
        .bind(crypto.randomUUID())
        .run();
    await add();
    const app = await listen();
    await call("PATCH", `/v1/endpoints/${app.id}`, { body: { enabled: false } });
    await add();
    expect(await env.DB.prepare("SELECT count(*) AS n FROM directory_event").first("n")).toBe(0);
  });

  it("an app is told of refused credentials, once an hour for all shards", async () => {
    const app = await listen(["provider.unauthorized"]);
    const refuse = (shard: number, uuid: string): Promise<void> =>
      inShard(shard, (_, __, ledger) =>
        ledger.record({
          chunk: "none",
          token: "none",
          lane: "resend:default",
          now: Date.now(),
          outcomes: [
            {
              uuid,
              kind: "attempt",
              report: {
                provider: "resend",
                account: "default",
                startedAt: new Date(),
                durationMs: 1,
                outcome: "failed",
                kind: "unauthorized",
                status: 401,
                requestKey: "k",
                batchSize: 1,
              },
            },
          ],
        }),
      );
    for (let time = 0; time < 4; time++) {
      const { shard, uuid } = await waiting();
      await refuse(shard, uuid);
    }
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await hurry(app);
    expect(about(app)).toEqual([
      ["provider.unauthorized", { provider: "resend", account: "default", httpStatus: 401 }],
    ]);
  });
});
