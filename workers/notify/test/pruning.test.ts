import { describe, expect, it } from "vitest";
import { retireDevices } from "../src/directory/devices.ts";
import { readSuppressions } from "../src/directory/suppression-list.ts";
import type { SuppressionEffect } from "../src/ledger/outbox.ts";
import { applySuppressions } from "../src/outbox/suppress.ts";
import { addressOf } from "../src/accept/address.ts";
import { listen, useApps } from "./apps.ts";
import { appToken, browser, olderKey, putSubscription, putToken, stored, subscriptionsOf } from "./devices.ts";
import type { Subscription } from "./devices.ts";
import { newRecipientId } from "./recipients.ts";
import { attempt, claimed, only, told } from "./steps.ts";
import { accept, call, env, fault, message, runAlarms, until, untilStatus } from "./service.ts";
import { inShard, placeOf } from "./shards.ts";

useApps();

async function push(subscription: unknown): Promise<string> {
  const { messages } = await accept({ channel: "webpush", to: subscription, content: { payload: "x" } });
  return messages[0]!.id;
}

async function toToken(token: string): Promise<string> {
  const { messages } = await accept({ channel: "fcm", to: { token }, content: { title: "x" } });
  return messages[0]!.id;
}

async function suppressed(channel: string, to: unknown): Promise<readonly string[]> {
  const address = await addressOf(channel as "webpush", to);
  const all = await readSuppressions(env.DB, { channel, addressKey: address!.key }, Date.now());
  return all.map(({ reason }) => reason);
}

async function retired(subscription: Subscription): Promise<boolean> {
  return (await stored("webpush", subscription))!.retiredAt !== undefined;
}

async function effectOf(subscription: Subscription, causedAt: number): Promise<SuppressionEffect> {
  const { key: addressKey, label } = (await addressOf("webpush", subscription))!;
  return { id: "x", kind: "retire", channel: "webpush", addressKey, label, causedAt };
}

describe("a device", () => {
  it.each(["bounced", "expired"])("that is gone (%s) is retired, not suppressed, and sent to no more", async (fate) => {
    const [ada, subscription] = [newRecipientId(), await browser(fate)];
    await putSubscription(ada, subscription);
    const first = await untilStatus(await push(subscription), "suppressed");
    expect(first.timeline.at(-1)).toMatchObject({ kind: "attempt", failure: "recipient-gone" });
    await expect.poll(() => retired(subscription)).toBe(true);
    expect(await suppressed("webpush", subscription)).toEqual([]);
    expect(await subscriptionsOf(ada)).toEqual([]);
    const next = await untilStatus(await push(subscription), "suppressed");
    expect(next.timeline).toMatchObject([{ kind: "decision", rule: "suppression", reason: "device-retired" }]);
    expect(next.tries).toBe(0);
    // It comes back, and is asked again.
    await putSubscription(ada, subscription);
    expect(await retired(subscription)).toBe(false);
    expect((await untilStatus(await push(subscription), "suppressed")).tries).toBe(1);
  });

  it("that is somebody else's by now does not get what waited for who had it", async () => {
    const [ada, bob, subscription] = [newRecipientId(), newRecipientId(), await browser("internal")];
    await putSubscription(ada, subscription);
    const to = async (recipient: string): Promise<string> => {
      const { messages } = await accept({ channel: "webpush", to: { recipient }, content: { payload: "x" } });
      return messages[0]!.id;
    };
    const hers = await to(ada);
    await until(hers, ({ tries, status }) => tries === 1 && status === "queued");
    await putSubscription(bob, subscription);
    const his = await to(bob);
    const { shard, uuid } = placeOf(hers);
    await inShard(shard, (sql) => sql.exec("UPDATE message SET due_at = 1 WHERE uuid = ?", uuid));
    await runAlarms();
    const ended = await untilStatus(hers, "suppressed");
    expect(ended.timeline.at(-1)).toMatchObject({ kind: "decision", rule: "suppression", reason: "device-moved" });
    expect(JSON.stringify(ended)).not.toContain(bob);
    await until(his, ({ tries }) => tries > 0);
  });

  it("that has unregistered at FCM is retired", async () => {
    const token = appToken("unregistered");
    await putToken(newRecipientId(), token);
    await untilStatus(await toToken(token), "suppressed");
    await expect.poll(async () => (await stored("fcm", { token }))!.retiredAt).toBeTypeOf("number");
    expect(await suppressed("fcm", { token })).toEqual([]);
  });

  it.each([["mismatched"], ["unauthenticated"]])(
    "of another project, or behind credentials that fail (%s), stays",
    async (fate) => {
      const token = appToken(fate);
      await putToken(newRecipientId(), token);
      await untilStatus(await toToken(token), "failed");
      await settled(token);
      expect((await stored("fcm", { token }))!.retiredAt).toBeUndefined();
      expect(await suppressed("fcm", { token })).toEqual([]);
    },
  );

  async function settled(token: string): Promise<void> {
    const id = await toToken(token);
    await untilStatus(id, "failed");
    const { shard } = placeOf(id);
    await expect.poll(() => inShard(shard, (sql) => sql.exec("SELECT id FROM outbox").toArray())).toEqual([]);
  }

  it("whose push service refuses our key stays, whatever that does to the message", async () => {
    // Made with the older key, and said to have been made with the current one: 403, as with a wrong VAPID pair.
    const { applicationServerKey: _, ...silent } = await browser("delivered", { applicationServerKey: olderKey });
    const subscription = { ...silent, applicationServerKey: (await browser()).applicationServerKey };
    await putSubscription(newRecipientId(), subscription);
    const id = await push(subscription);
    await expect.poll(async () => (await message(id)).timeline.at(-1)).toMatchObject({ failure: "unauthorized" });
    const { shard } = placeOf(id);
    await expect.poll(() => inShard(shard, (sql) => sql.exec("SELECT id FROM outbox").toArray())).toEqual([]);
    expect(await retired(subscription as Subscription)).toBe(false);
    expect(await suppressed("webpush", subscription)).toEqual([]);
  });

  it("is sent to with its own key, the older one too", async () => {
    const subscription = await browser("delivered", { applicationServerKey: olderKey });
    await putSubscription(newRecipientId(), subscription);
    await untilStatus(await push(JSON.parse((await stored("webpush", subscription))!.address)), "sent");
  });

  it("that nobody registered is suppressed, until somebody does", async () => {
    const subscription = await browser("bounced");
    await untilStatus(await push(subscription), "suppressed");
    await expect.poll(() => suppressed("webpush", subscription)).toEqual(["recipient-gone"]);
    await untilStatus(await push(subscription), "suppressed");
    await putSubscription(newRecipientId(), subscription);
    expect(await suppressed("webpush", subscription)).toEqual([]);
  });

  it("that somebody suppressed by hand stays suppressed, though it registers", async () => {
    const subscription = await browser();
    await call("PUT", "/v1/suppressions", { body: { channel: "webpush", address: subscription } });
    await putSubscription(newRecipientId(), subscription);
    await untilStatus(await push(subscription), "suppressed");
  });

  it("is not retired by an answer that is older than its registration, and a repetition changes nothing", async () => {
    const [ada, subscription] = [newRecipientId(), await browser()];
    const before = Date.now() - 1_000;
    await putSubscription(ada, subscription);
    await applySuppressions(env.DB, 0, [await effectOf(subscription, before)], Date.now());
    expect(await retired(subscription)).toBe(false);
    expect(await suppressed("webpush", subscription)).toEqual([]);
    const later = await effectOf(subscription, Date.now() + 1_000);
    await applySuppressions(env.DB, 0, [later], 7_000);
    await applySuppressions(env.DB, 0, [later, later], 8_000);
    expect((await stored("webpush", subscription))!.retiredAt).toBe(7_000);
  });

  it("is retired by what stands in the outbox, written with the answer: who dies in between loses nothing", async () => {
    const [ada, subscription] = [newRecipientId(), await browser("bounced")];
    await putSubscription(ada, subscription);
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const accepted = await accept({ channel: "webpush", to: subscription, content: { payload: "x" }, sendAt });
    const { shard, uuid } = placeOf(accepted.messages[0]!.id);
    await inShard(shard, (sql) => void sql.exec("UPDATE message SET due_at = 1 WHERE uuid = ?", uuid));
    const gone = attempt(uuid, { provider: "webpush", outcome: "failed", kind: "recipient-gone", status: 410 });
    const job = only(await claimed(shard));
    await told(job, [gone]);
    await told(job, [gone]);
    const outbox = await inShard(shard, (sql) => sql.exec<{ payload: string }>("SELECT payload FROM outbox").toArray());
    expect(outbox.map(({ payload }) => JSON.parse(payload) as object)).toMatchObject([
      { kind: "retire", sourceMessage: uuid },
    ]);
    expect(await retired(subscription)).toBe(false);
    await inShard(shard, (_sql, storage) => storage.setAlarm(Date.now()));
    await expect.poll(() => retired(subscription)).toBe(true);
  });

  it("is told to apps when it is retired, by whom and why", async () => {
    const app = await listen(["device.retired"]);
    const [ada, subscription] = [newRecipientId(), await browser("bounced")];
    const { id } = await (await putSubscription(ada, subscription)).json<{ id: string }>();
    await untilStatus(await push(subscription), "suppressed");
    await expect.poll(() => app.told.length, { timeout: 10_000 }).toBe(1);
    const [event] = app.told;
    expect(event).toMatchObject({
      type: "device.retired",
      data: { deviceId: id, recipient: ada, channel: "webpush", because: "gone" },
    });
    expect(JSON.stringify(event)).not.toContain(subscription.keys.auth);
  });

  it("of a push service that is down is not retired", async () => {
    const subscription = await browser();
    await putSubscription(newRecipientId(), subscription);
    await fault({ provider: "webpush", kind: "unavailable", times: 1 });
    const id = await push(subscription);
    await expect.poll(async () => (await message(id)).timeline.length).toBeGreaterThan(0);
    expect(await retired(subscription)).toBe(false);
  });
});

it("a thousand devices are retired with two statements", () => {
  const gone = Array.from({ length: 1_000 }, (_, index) => ({
    channel: "webpush",
    addressKey: `key-${index}`,
    label: "l",
    sourceMessage: undefined,
    causedAt: 1,
  }));
  expect(retireDevices(env.DB, gone, 1)).toHaveLength(2);
});
