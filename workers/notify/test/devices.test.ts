import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { app } from "../src/app.ts";
import { maxDevices, retiredKeptMs, trimDevices } from "../src/directory/devices.ts";
import {
  appToken,
  browser,
  currentKey,
  olderKey,
  putSubscription,
  putToken,
  stored,
  subscriptionsOf,
} from "./devices.ts";
import type { DeviceView } from "./devices.ts";
import { allowedOrigin, fieldsOf, keyWith, newRecipientId, tokenOf } from "./recipients.ts";
import { call, env } from "./service.ts";

const dayMs = 86_400_000;

async function setSeen(id: string, at: number): Promise<void> {
  await env.DB.prepare("UPDATE device SET seen_at = ?2 WHERE id = ?1").bind(id, at).run();
}

describe("a browser's subscription", () => {
  it("is registered, known, listed and removed, and never shown whole", async () => {
    const ada = newRecipientId();
    const subscription = await browser();
    const headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };
    const first = await putSubscription(ada, subscription, headers);
    expect(first.status).toBe(201);
    const device: DeviceView = await first.json();
    expect(device).toMatchObject({
      id: expect.stringMatching(/^dev_[0-9a-f]{32}$/),
      channel: "webpush",
      address: expect.stringMatching(/^fcm\.googleapis\.com#[0-9a-f]{8}$/),
      applicationServerKey: currentKey,
      userAgent: "firefox",
    });
    const again = await putSubscription(ada, subscription);
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(device);
    expect(await subscriptionsOf(ada)).toEqual([device]);
    expect(JSON.stringify(await subscriptionsOf(ada))).not.toContain(subscription.keys.auth);

    const remove = (): Promise<Response> =>
      call("DELETE", `/v1/recipients/${ada}/push-subscriptions`, { body: { endpoint: subscription.endpoint } });
    expect((await remove()).status).toBe(204);
    expect(await subscriptionsOf(ada)).toEqual([]);
    // What it was sent to with is gone; asked again, nothing is to be done.
    expect(await stored("webpush", subscription)).toMatchObject({ address: "{}" });
    expect((await remove()).status).toBe(204);
  });

  it("is taken with whatever else a browser says of it", async () => {
    const { keys, ...rest } = await browser();
    const told = { ...rest, keys: { ...keys, future: "x" }, contentEncoding: "aes128gcm" };
    expect((await putSubscription(newRecipientId(), told)).status).toBe(201);
  });

  it("is seen once a day, and costs nothing in between", async () => {
    const subscription = await browser();
    const ada = newRecipientId();
    const { id }: DeviceView = await (await putSubscription(ada, subscription)).json();
    const anHourAgo = Date.now() - 3_600_000;
    await setSeen(id, anHourAgo);
    await putSubscription(ada, subscription);
    expect((await stored("webpush", subscription))!.seenAt).toBe(anHourAgo);
    await setSeen(id, Date.now() - dayMs - 1);
    expect((await putSubscription(ada, subscription)).status).toBe(200);
    expect((await stored("webpush", subscription))!.seenAt).toBeGreaterThan(anHourAgo);
  });

  it("moves to who registers it last, as a device of its own", async () => {
    const [ada, bob, subscription] = [newRecipientId(), newRecipientId(), await browser()];
    const hers: DeviceView = await (await putSubscription(ada, subscription)).json();
    const moved = await putSubscription(bob, subscription);
    expect(moved.status).toBe(201);
    const his: DeviceView = await moved.json();
    expect(his.id).not.toBe(hers.id);
    expect(await subscriptionsOf(ada)).toEqual([]);
    expect(await subscriptionsOf(bob)).toEqual([his]);
    // Who had it cannot take it away.
    await call("DELETE", `/v1/recipients/${ada}/push-subscriptions`, { body: { endpoint: subscription.endpoint } });
    expect(await subscriptionsOf(bob)).toEqual([his]);
  });

  it("comes back when it is registered again", async () => {
    const [ada, subscription] = [newRecipientId(), await browser()];
    const before: DeviceView = await (await putSubscription(ada, subscription)).json();
    await call("DELETE", `/v1/recipients/${ada}/push-subscriptions`, { body: { endpoint: subscription.endpoint } });
    const back = await putSubscription(ada, subscription);
    expect(back.status).toBe(200);
    expect((await subscriptionsOf(ada)).map(({ id }) => id)).toEqual([before.id]);
    expect(JSON.parse((await stored("webpush", subscription))!.address)).toEqual(subscription);
  });

  it("stands on the key that it was made with, and on the current one when it says none", async () => {
    const ada = newRecipientId();
    const [current, older] = [await browser(), await browser("delivered", { applicationServerKey: olderKey })];
    const { applicationServerKey: _, ...silent } = current;
    await putSubscription(ada, silent);
    await putSubscription(ada, older);
    const keys = async (): Promise<unknown[]> =>
      (await subscriptionsOf(ada)).map((one) => one.applicationServerKey).toSorted();
    expect(await keys()).toEqual([currentKey, olderKey].toSorted());
    // One that is silent later goes on with the key that it had.
    const { applicationServerKey: __, ...silentOlder } = older;
    await putSubscription(ada, silentOlder);
    expect(await keys()).toEqual([currentKey, olderKey].toSorted());
  });

  const foreign = "https://push.example.net/x";
  it.each<[string, (good: Record<string, unknown>) => unknown, string]>([
    ["a foreign endpoint", (good) => ({ ...good, endpoint: foreign }), "endpoint"],
    ["a loopback endpoint", (good) => ({ ...good, endpoint: "https://127.0.0.1/push" }), "endpoint"],
    ["a private endpoint", (good) => ({ ...good, endpoint: "https://192.168.0.7/push" }), "endpoint"],
    ["a private endpoint in IPv6", (good) => ({ ...good, endpoint: "https://[::1]/push" }), "endpoint"],
    ["a local name", (good) => ({ ...good, endpoint: "https://localhost/push" }), "endpoint"],
    ["http", (good) => ({ ...good, endpoint: "http://fcm.googleapis.com/fcm/send/x" }), "endpoint"],
    ["an endpoint that is no text", (good) => ({ ...good, endpoint: 7 }), "endpoint"],
    ["no endpoint", ({ endpoint: _, ...rest }) => rest, "endpoint"],
    ["no keys", ({ keys: _, ...rest }) => rest, "keys"],
    ["a key of 33 bytes", (good) => withKeys(good, { p256dh: `A${"g".repeat(43)}` }), "keys.p256dh"],
    ["a key that is no point of the curve", (good) => withKeys(good, { p256dh: `B${"A".repeat(86)}` }), "keys.p256dh"],
    ["a secret of 15 bytes", (good) => withKeys(good, { auth: "A".repeat(20) }), "keys.auth"],
    [
      "another sender's key",
      (good) => ({ ...good, applicationServerKey: (good["keys"] as { p256dh: string }).p256dh }),
      "applicationServerKey",
    ],
    ["an end that is no number", (good) => ({ ...good, expirationTime: "soon" }), "expirationTime"],
  ])("with %s is refused", async (_, spoil, field) => {
    const ada = newRecipientId();
    const response = await putSubscription(ada, spoil({ ...(await browser()) }));
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
    expect(await subscriptionsOf(ada)).toEqual([]);
  });

  it("may be at a host that the deployment allows", async () => {
    const request = new Request(`https://carillon.test/v1/recipients/${newRecipientId()}/push-subscriptions`, {
      method: "PUT",
      headers: { authorization: `Bearer ${env.ADMIN_API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ ...(await browser()), endpoint: foreign }),
    });
    const allowing = { ...env, WEBPUSH_ALLOWED_HOSTS: "push.example.net" };
    expect((await app.fetch(request, allowing, createExecutionContext())).status).toBe(201);
  });

  it("of somebody without a possible id is refused", async () => {
    expect(await fieldsOf(await putSubscription("a%20b", await browser()))).toEqual(["id"]);
  });

  it("is registered by its owner's own token from an allowed page, and by nobody else's", async () => {
    const [ada, bob, subscription] = [newRecipientId(), newRecipientId(), await browser()];
    const path = `/v1/recipients/${ada}/push-subscriptions`;
    const asked = async (method: string, whose: string, body?: unknown): Promise<Response> =>
      call(method, path, { key: await tokenOf(whose), headers: { origin: allowedOrigin }, body });
    const put = await asked("PUT", ada, subscription);
    expect(put.status).toBe(201);
    expect(put.headers.get("access-control-allow-origin")).toBe(allowedOrigin);
    expect((await asked("GET", ada)).status).toBe(200);
    expect((await call("GET", `/v1/recipients/${ada}`)).status).toBe(200);
    for (const [method, body] of [["PUT", subscription], ["GET"], ["DELETE", subscription]] as const) {
      expect((await asked(method, bob, body)).status).toBe(403);
    }
    const preflight = await call("OPTIONS", path, {
      key: "",
      headers: { origin: allowedOrigin, "access-control-request-method": "DELETE" },
    });
    expect(preflight.headers.get("access-control-allow-methods")).toContain("DELETE");
    expect((await asked("DELETE", ada, { endpoint: subscription.endpoint })).status).toBe(204);
    expect((await call("PUT", path, { key: await keyWith("read"), body: subscription })).status).toBe(403);
  });

  it("is not taken of somebody who is being erased", async () => {
    const ada = newRecipientId();
    await env.DB.prepare("INSERT INTO erasure (id, recipient, addresses, requested_at) VALUES (?1, ?1, '[]', 1)")
      .bind(ada)
      .run();
    const response = await putSubscription(ada, await browser());
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ type: "/problems/being-erased" });
    expect(await subscriptionsOf(ada)).toEqual([]);
  });

  it("is refused where nothing could be sent to it", async () => {
    const request = new Request(`https://carillon.test/v1/recipients/${newRecipientId()}/push-subscriptions`, {
      method: "PUT",
      headers: { authorization: `Bearer ${env.ADMIN_API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify(await browser()),
    });
    const response = await app.fetch(request, { ...env, PROVIDERS: "resend" });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ type: "/problems/not-configured" });
  });

  it("that is too large is not read", async () => {
    const response = await putSubscription(newRecipientId(), { ...(await browser()), more: "x".repeat(20_000) });
    expect(response.status).toBe(413);
  });
});

function withKeys(good: Readonly<Record<string, unknown>>, keys: object): unknown {
  return { ...good, keys: { ...(good["keys"] as object), ...keys } };
}

describe("an app's token", () => {
  it("is registered, listed and removed", async () => {
    const [ada, token] = [newRecipientId(), appToken()];
    expect((await putToken(ada, token)).status).toBe(201);
    expect((await putToken(ada, token)).status).toBe(200);
    const list = async (): Promise<readonly DeviceView[]> => {
      const answer: { devices: readonly DeviceView[] } = await (
        await call("GET", `/v1/recipients/${ada}/devices`)
      ).json();
      return answer.devices;
    };
    expect(await list()).toMatchObject([{ channel: "fcm", address: expect.stringMatching(/^token#/) }]);
    expect(await subscriptionsOf(ada)).toEqual([]);
    expect((await call("DELETE", `/v1/recipients/${ada}/devices`, { body: { token } })).status).toBe(204);
    expect(await list()).toEqual([]);
  });

  it("moves when its owner changes", async () => {
    const [ada, bob, token] = [newRecipientId(), newRecipientId(), appToken()];
    await putToken(ada, token);
    expect((await putToken(bob, token)).status).toBe(201);
    expect((await stored("fcm", { token }))!.recipient).toBe(bob);
  });

  it.each([
    ["that is none", { token: "a b" }, "token"],
    ["that is no text", { token: 7 }, "token"],
    ["that is missing", {}, "token"],
    ["beside a topic", { token: "x", topic: "news" }, "topic"],
  ])("%s is refused", async (_, body, field) => {
    const response = await call("PUT", `/v1/recipients/${newRecipientId()}/devices`, { body });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
  });
});

describe("the directory", () => {
  it("keeps a thousand devices of one person: of more, the one unseen for the longest goes", async () => {
    const ada = newRecipientId();
    await env.DB.prepare(
      `INSERT INTO device (id, channel, address_key, recipient, address, label, created_at, seen_at)
       SELECT ?1 || value, 'fcm', ?1 || value, ?1, '{"token":"x"}', 'l', 1, 1000 + value FROM json_each(?2)`,
    )
      .bind(ada, JSON.stringify(Array.from({ length: maxDevices }, (_, index) => index)))
      .run();
    const subscription = await browser();
    await putSubscription(ada, subscription);
    const { results } = await env.DB.prepare(
      "SELECT id, retired_because FROM device WHERE recipient = ? AND retired_at IS NOT NULL",
    )
      .bind(ada)
      .all();
    expect(results).toEqual([{ id: `${ada}0`, retired_because: "crowded" }]);
    expect(await subscriptionsOf(ada)).toHaveLength(1);
  });

  it("remembers a thousand retired ones of one person, so that whoever registers ever new ones fills nothing", async () => {
    const ada = newRecipientId();
    await env.DB.prepare(
      `INSERT INTO device (id, channel, address_key, recipient, address, label, created_at, seen_at, retired_at)
       SELECT ?1 || value, 'fcm', ?1 || value, ?1, '{}', 'l', 1, 1, ?3 + value FROM json_each(?2)`,
    )
      .bind(ada, JSON.stringify(Array.from({ length: maxDevices + 2 }, (_, index) => index)), Date.now() - 10_000)
      .run();
    await putSubscription(ada, await browser());
    const { results } = await env.DB.prepare(
      "SELECT count(*) AS devices, sum(id IN (?1 || 0, ?1 || 1)) AS oldest FROM device WHERE recipient = ?1 AND retired_at > 0",
    )
      .bind(ada)
      .all();
    await env.DB.prepare("DELETE FROM device WHERE recipient = ?1 AND retired_at > 0").bind(ada).run();
    expect(results).toEqual([{ devices: maxDevices, oldest: 0 }]);
    expect(await subscriptionsOf(ada)).toHaveLength(1);
  });

  it("forgets retired devices after a month", async () => {
    const [ada, token] = [newRecipientId(), appToken()];
    await putToken(ada, token);
    await call("DELETE", `/v1/recipients/${ada}/devices`, { body: { token } });
    await trimDevices(env.DB, Date.now());
    expect(await stored("fcm", { token })).toBeDefined();
    await trimDevices(env.DB, Date.now() + retiredKeptMs + 1);
    expect(await stored("fcm", { token })).toBeUndefined();
  });
});

describe("the VAPID keys", () => {
  it("are told to any page: the current one", async () => {
    const response = await call("GET", "/v1/push/config", { key: "" });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ publicKey: currentKey });
    const other = await app.fetch(new Request("https://carillon.test/v1/push/config"), { ...env, PROVIDERS: "resend" });
    expect(other.status).toBe(404);
  });

  it("are counted by the devices that are left on them, lost ones too", async () => {
    const keys = async (): Promise<Record<string, { state: string; devices: number }>> => {
      const response = await call("GET", "/v1/push/keys");
      const body: { keys: { publicKey: string; state: string; devices: number }[] } = await response.json();
      return Object.fromEntries(body.keys.map(({ publicKey, ...rest }) => [publicKey, rest]));
    };
    const before = await keys();
    const ada = newRecipientId();
    const subscription = await browser("delivered", { applicationServerKey: olderKey });
    await putSubscription(ada, subscription);
    await putSubscription(ada, await browser());
    const [lostId, lostKey] = [`${ada}_lost`, "B-lost"];
    await env.DB.prepare(
      `INSERT INTO device (id, channel, address_key, recipient, address, label, vapid_key, created_at, seen_at)
       VALUES (?1, 'webpush', ?1, ?2, '{}', 'l', ?3, 1, 1)`,
    )
      .bind(lostId, ada, lostKey)
      .run();
    const after = await keys();
    expect(after[currentKey]).toEqual({ state: "current", devices: (before[currentKey]?.devices ?? 0) + 1 });
    expect(after[olderKey]).toEqual({ state: "older", devices: (before[olderKey]?.devices ?? 0) + 1 });
    expect(after[lostKey]).toEqual({ state: "lost", devices: 1 });
    await call("DELETE", `/v1/recipients/${ada}/push-subscriptions`, { body: { endpoint: subscription.endpoint } });
    expect((await keys())[olderKey]!.devices).toBe(before[olderKey]?.devices ?? 0);
    expect((await call("GET", "/v1/push/keys", { key: "" })).status).toBe(401);
  });
});
