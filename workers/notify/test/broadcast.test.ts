import { describe, expect, it } from "vitest";
import { placeOf as hashPlaceOf } from "../src/broadcast/place.ts";
import { parseId, formatId } from "../src/ids.ts";
import { allShards } from "../src/ledger/shards.ts";
import { settingsOf } from "../src/settings.ts";
import { browser, olderKey, putSubscription, putToken, appToken } from "./devices.ts";
import { counted, finished, messagesOf, post, pushTo, read, reader, send, until } from "./broadcasts.ts";
import { fieldsOf, newRecipient, newRecipientId, tokenOf } from "./recipients.ts";
import { call, env, message } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";
import { member, newTopic } from "./topics.ts";

describe("a broadcast", () => {
  it("reaches each device of each member once, over the shards, and says how far it has come", async () => {
    const topic = await newTopic();
    for (const browsers of [1, 2, 3, 0]) await reader(topic, browsers);
    const accepted = await post(pushTo(topic));
    expect(accepted.status).toBe(202);
    const { id, ...view } = await accepted.json<{ id: string; topic: string; messages: unknown[] }>();
    expect(view).toMatchObject({ channel: "webpush", topic, messages: [] });
    const body = await until(id, finished);
    expect(body).toMatchObject({ count: 6, byStatus: { sent: 6 }, messages: [] });
    expect(body.broadcast).toEqual({
      topic,
      state: "complete",
      sent: 6,
      total: 6,
      members: { read: 4, unwanted: 0, unreachable: 1 },
    });
    const found = await messagesOf(id);
    expect(found).toHaveLength(6);
    expect(new Set(found.map(({ shard }) => shard)).size).toBeGreaterThan(1);
    for (const { shard, uuid } of found) {
      const messageId = formatId("msg", shard, uuid);
      expect(parseId("msg", messageId, settingsOf(env).shards)).toEqual({ shard, uuid });
      expect(await message(messageId)).toMatchObject({ id: messageId, status: "sent", channel: "webpush" });
    }
    // The cursor named somebody.
    const { shard, uuid } = placeOf(id);
    expect(
      await inShard(shard, (sql) => sql.exec("SELECT cursor, due_at FROM broadcast WHERE uuid = ?", uuid).one()),
    ).toEqual({
      cursor: null,
      due_at: null,
    });
  });

  it("is stored with its content once a shard, and found by the id of the shard that took it alone", async () => {
    const topic = await newTopic();
    for (let index = 0; index < 6; index++) await reader(topic, 2);
    const id = await send(pushTo(topic));
    await until(id, finished);
    const { shard: home, uuid } = placeOf(id);
    for (const shard of allShards(env)) {
      const rows = await inShard(shard, (sql) =>
        sql.exec("SELECT home, content FROM notification WHERE uuid = ?", uuid).toArray(),
      );
      const here = (await messagesOf(id)).some((one) => one.shard === shard);
      expect(rows).toHaveLength(here || shard === home ? 1 : 0);
      if (shard === home) continue;
      const elsewhere = formatId("ntf", shard, uuid);
      expect((await call("GET", `/v1/notifications/${elsewhere}`)).status).toBe(404);
      expect((await call("POST", `/v1/notifications/${elsewhere}/cancel`)).status).toBe(404);
    }
  });

  it("goes to a member once, who is there by name and by a device, and to one device alone", async () => {
    const topic = await newTopic();
    const [ada, bob] = [newRecipientId(), newRecipientId()];
    const devices: string[] = [];
    for (const whose of [ada, bob, bob]) {
      const { id } = await (await putSubscription(whose, await browser())).json<{ id: string }>();
      devices.push(id);
    }
    await member(topic, ada);
    await member(topic, ada, "PUT", { device: devices[0] });
    await member(topic, bob, "PUT", { device: devices[1] });
    const body = await until(await send(pushTo(topic)), finished);
    expect(body.broadcast).toMatchObject({ total: 2, members: { read: 3 } });
    expect((await messagesOf(body.id)).map(({ recipient }) => recipient).toSorted()).toEqual([ada, bob].toSorted());
  });

  it("goes by email to the preferred address, under the opt-outs, suppressions and preferences of each", async () => {
    const topic = await newTopic();
    const addresses = (name: string): object => ({
      addresses: { email: [`delivered+${name}@simulator.test`, `delivered+${name}2@simulator.test`] },
    });
    const [ada, bob, cleo, dan] = [
      await newRecipient(addresses("ada-b")),
      await newRecipient(addresses("bob-b")),
      await newRecipient(addresses("cleo-b")),
      await newRecipient(),
    ];
    for (const one of [ada, bob, cleo, dan]) await member(topic, one!);
    await call("PUT", "/v1/suppressions", { body: { channel: "email", address: "delivered+bob-b@simulator.test" } });
    await call("PUT", `/v1/recipients/${cleo}/preferences`, {
      key: await tokenOf(cleo),
      body: { preferences: { newsletter: { channels: { email: false } } } },
    });
    const content = { from: "app@example.org", subject: "News", text: "Hello" };
    const id = await send({ channel: "email", to: { topic }, category: "newsletter", content });
    const body = await until(
      id,
      (one) => counted(one) && (one.byStatus["delivered"] ?? 0) === 1 && one.byStatus["suppressed"] === 1,
    );
    expect(body.broadcast).toMatchObject({ sent: 1, total: 2, members: { read: 4, unwanted: 1, unreachable: 1 } });
    expect((await messagesOf(id)).map(({ recipient }) => recipient).toSorted()).toEqual([ada, bob].toSorted());
  });

  it("goes over FCM where it is said that the topic is ours, and to Firebase's own without that", async () => {
    const topic = await newTopic();
    const ada = newRecipientId();
    await putToken(ada, appToken());
    await member(topic, ada);
    const ours = await send({ channel: "fcm", to: { topic, keptBy: "carillon" }, content: { title: "x" } });
    expect((await until(ours, finished)).broadcast).toMatchObject({ total: 1, sent: 1 });
    const theirs = await send({ channel: "fcm", to: { topic: "news" }, content: { title: "x" } });
    expect(await read(theirs)).not.toHaveProperty("broadcast");
  });

  it("sends each device with its own VAPID key, and retires those that are gone", async () => {
    const topic = await newTopic();
    const ada = newRecipientId();
    await putSubscription(ada, await browser("delivered", { applicationServerKey: olderKey }));
    await putSubscription(ada, await browser("bounced"));
    await member(topic, ada);
    const body = await until(await send(pushTo(topic)), finished);
    expect(body.byStatus).toEqual({ sent: 1, suppressed: 1 });
    const again = await until(await send(pushTo(topic)), finished);
    expect(again.broadcast).toMatchObject({ total: 1, sent: 1 });
  });

  it("forgets a member who is erased, and goes on having its content for the others", async () => {
    const topic = await newTopic();
    const ada = await reader(topic);
    const body = await until(await send(pushTo(topic)), finished);
    const [mine] = await messagesOf(body.id);
    expect((await call("DELETE", `/v1/recipients/${ada}`)).status).toBe(202);
    const { shard, uuid } = mine!;
    const kept = (): Promise<object> =>
      inShard(shard, (sql) =>
        sql
          .exec(
            `SELECT m.recipient_id, m.member, n.content FROM message AS m
             JOIN notification AS n ON n.uuid = substr(m.uuid, 1, 24) || '00000000' WHERE m.uuid = ?`,
            uuid,
          )
          .one(),
      );
    await expect.poll(kept).toEqual({ recipient_id: null, member: null, content: '{"payload":"hello"}' });
    expect(await (await call("GET", `/v1/topics/${topic}`)).json()).toMatchObject({ members: 0 });
  });

  it("is one for one Idempotency-Key", async () => {
    const topic = await newTopic();
    await reader(topic);
    const headers = { "idempotency-key": topic };
    const first = await (await post(pushTo(topic), headers)).json<{ id: string }>();
    const second = await post(pushTo(topic), headers);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(await second.json()).toMatchObject({ id: first.id, topic });
    expect((await until(first.id, finished)).broadcast.total).toBe(1);
  });

  it("to nobody is complete", async () => {
    const body = await until(await send(pushTo(await newTopic())), ({ broadcast }) => broadcast.state === "complete");
    expect(body).toMatchObject({ count: 0, broadcast: { sent: 0, total: 0 } });
  });

  it("reads who is a member when it is due, not before", async () => {
    const topic = await newTopic();
    const gone = await reader(topic);
    const id = await send(pushTo(topic, { delay: "1h" }));
    expect((await read(id)).broadcast).toMatchObject({ state: "waiting", total: 0 });
    await member(topic, gone, "DELETE");
    await reader(topic, 2);
    const soon = new Date(Date.now() + 300).toISOString();
    const moved = await call("POST", `/v1/notifications/${id}/reschedule`, { body: { sendAt: soon } });
    expect(moved.status).toBe(200);
    expect((await until(id, finished)).broadcast).toMatchObject({ total: 2, sent: 2 });
    const late = await call("POST", `/v1/notifications/${id}/reschedule`, { body: { delay: "1h" } });
    expect(late.status).toBe(409);
    expect(await late.json()).toMatchObject({ type: "/problems/already-tried" });
  });

  it("whose time is over before it is due is not read", async () => {
    const topic = await newTopic();
    await reader(topic);
    const id = await send(pushTo(topic, { delay: "1h", ttl: "1h" }));
    const { shard, uuid } = placeOf(id);
    await inShard(shard, async (sql, storage) => {
      sql.exec("UPDATE notification SET expires_at = 1 WHERE uuid = ?", uuid);
      sql.exec("UPDATE broadcast SET due_at = 1 WHERE uuid = ?", uuid);
      await storage.setAlarm(Date.now());
    });
    await until(id, ({ broadcast }) => broadcast.state === "expired");
    expect(await messagesOf(id)).toEqual([]);
    expect((await call("POST", `/v1/notifications/${id}/cancel`)).status).toBe(409);
  });

  it.each<[string, (topic: string) => object, readonly string[]]>([
    ["an unknown topic", () => pushTo("nowhere"), ["to.topic"]],
    ["an impossible topic", () => pushTo("a/b"), ["to.topic"]],
    ["another keeper", (topic) => pushTo(topic, { to: { topic, keptBy: "me" } }), ["to.keptBy"]],
    ["a field beside the topic", (topic) => pushTo(topic, { to: { topic, color: "red" } }), ["to.color"]],
    ["an envelope", (topic) => pushTo(topic, { envelope: true }), ["envelope"]],
    ["no content", (topic) => pushTo(topic, { content: { payload: "x", ttlSeconds: -1 } }), ["content.ttlSeconds"]],
    [
      "a payload that is too large",
      (topic) => pushTo(topic, { content: { payload: "x".repeat(4_000) } }),
      ["content.payload"],
    ],
    ["an unknown category", (topic) => pushTo(topic, { category: "nonsense" }), ["category"]],
    ["a provider that is not there", (topic) => pushTo(topic, { providers: ["resend"] }), ["providers.0"]],
    [
      "a copy to somebody",
      (topic) => ({
        channel: "email",
        to: { topic },
        content: { from: "app@example.org", subject: "s", text: "t", cc: "a@simulator.test" },
      }),
      ["content.cc"],
    ],
  ])("with %s is refused", async (_, body, fields) => {
    expect(await fieldsOf(await post(body(await newTopic())))).toEqual(fields);
  });
});

describe("a message of a broadcast", () => {
  it("has an id that comes from the broadcast and from whom it is for", async () => {
    const stem = "0".repeat(24);
    const one = await hashPlaceOf(stem, "recipient ada", 16);
    expect(await hashPlaceOf(stem, "recipient ada", 16)).toEqual(one);
    expect(await hashPlaceOf(stem, "recipient bob", 16)).not.toEqual(one);
    expect(await hashPlaceOf(`1${stem.slice(1)}`, "recipient ada", 16)).not.toEqual(one);
    const many = await Promise.all(
      Array.from({ length: 200 }, (_, index) => hashPlaceOf(stem, `recipient ${index}`, 16)),
    );
    expect(new Set(many.map(({ shard }) => shard)).size).toBe(16);
    for (const { position } of many) {
      expect(position).toBeGreaterThan(0);
      expect(position).toBeLessThanOrEqual(0x7fffffff);
    }
  });

  it("whose place is taken by another stands beside it, and is found there when its page comes again", async () => {
    const id = await send(pushTo(await newTopic()));
    await until(id, ({ broadcast }) => broadcast.state === "complete");
    const { shard, uuid } = placeOf(id);
    const last = 0x7fffffff;
    const made = (member: string, position: number): object => ({
      position,
      member,
      recipient: "x",
      addresses: [],
      recipientId: member,
    });
    const receive = (messages: readonly object[]): Promise<unknown> =>
      inShard(shard, (_sql, _storage, ledger) =>
        ledger.receivePart({
          head: headOf(uuid, shard),
          content: undefined,
          messages: messages as never,
          now: Date.now() + 3_600_000,
        }),
      );
    const there = async (): Promise<Record<string, string>> =>
      Object.fromEntries((await messagesOf(id)).map((one) => [one.member, one.uuid.slice(24)]));
    const page = [made("a", 7), made("b", 7), made("c", 8), made("d", last), made("e", last)];
    await receive(page);
    const places = { a: "00000007", b: "00000009", c: "00000008", d: "7fffffff", e: "00000001" };
    expect(await there()).toEqual(places);
    await receive(page.toReversed());
    await receive([made("c", 8), made("f", 7)]);
    expect(await there()).toEqual({ ...places, f: "0000000a" });
  });
});

function headOf(uuid: string, home: number): never {
  return { uuid, home, channel: "webpush", priority: 2, acceptedAt: 1, sendAt: 1 } as never;
}
