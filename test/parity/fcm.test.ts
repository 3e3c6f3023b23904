import { simulatorCredentials } from "@carillon/simulator";
import { createNotifier, type Input } from "carillon";
import { fcm, subscribeToTopic, unsubscribeFromTopic } from "carillon/providers/fcm";
import { cert, deleteApp, initializeApp } from "firebase-admin/app";
import { getMessaging, type Message } from "firebase-admin/messaging";
import { afterAll, describe, expect, test } from "vitest";
import { createParity } from "./harness.ts";

const { serviceAccount } = simulatorCredentials.fcm;
const now = new Date();
const { rig, same, unused } = createParity({
  // Each side gets its access token when it first needs one; these requests are compared below.
  ignore: ({ url }) => url.host === "oauth2.googleapis.com",
  allowed: [
    {
      field: "body.message.data.carillon_message_id",
      reason: "Carillon adds its id of the message, for the app to report",
    },
    { field: "header.authorization", reason: "each side has an access token of its own, for scopes of its own" },
    { field: /^header\.x-(firebase|goog)/, reason: "the SDK names itself and its versions" },
    {
      field: "header.access_token_auth",
      reason: "the SDK says of every request that it carries an access token; the topics' API alone asks for it",
    },
    {
      field: /^body\.message\.(fcmOptions\.analyticsLabel|fcm_options\.analytics_label)$/,
      reason: "the API reads camelCase and snake_case; the SDK writes both, Carillon its own fields in snake_case",
    },
  ],
});

const { project_id: projectId, client_email: clientEmail, private_key: privateKey } = serviceAccount;
const app = initializeApp({ credential: cert({ projectId, clientEmail, privateKey }) });
const official = getMessaging(app);
// The rig sees HTTP/1.1; over HTTP/2 the SDK says the same.
official.enableLegacyHttpTransport();
const provider = fcm({ serviceAccount });
const notifier = createNotifier({ fcm: [provider], fetch: rig.fetch, attempts: 1, now: () => now });

const token = "delivered-parity";
const expiration = String(Math.floor(now.getTime() / 1000) + 3600);

interface Pair {
  readonly name: string;
  readonly theirs: Message;
  readonly ours: Omit<Input<"fcm">, "channel">;
}

const pairs: readonly Pair[] = [
  {
    name: "a notification for a token",
    theirs: { token, notification: { title: "Grüße 🎉", body: "B", imageUrl: "https://example.com/image.png" } },
    ours: { to: { token }, title: "Grüße 🎉", body: "B", imageUrl: "https://example.com/image.png" },
  },
  {
    name: "data for a topic",
    theirs: { topic: "news", data: { k1: "v1", k2: "v2" } },
    ours: { to: { topic: "news" }, data: { k1: "v1", k2: "v2" } },
  },
  {
    name: "a condition, with a label",
    theirs: {
      condition: "'a' in topics && ('b' in topics || 'c' in topics)",
      notification: { title: "T" },
      fcmOptions: { analyticsLabel: "spring" },
    },
    ours: { to: { condition: "'a' in topics && ('b' in topics || 'c' in topics)" }, title: "T", tags: ["spring"] },
  },
  {
    name: "Android's own",
    theirs: {
      token,
      data: { k: "v" },
      android: {
        collapseKey: "key",
        priority: "high",
        ttl: 3_600_000,
        restrictedPackageName: "test.package",
        directBootOk: true,
        notification: {
          color: "#aabbcc",
          clickAction: "act",
          titleLocKey: "title",
          titleLocArgs: ["a", "b"],
          channelId: "channel",
          eventTimestamp: new Date("2019-10-20T18:30:00Z"),
          localOnly: true,
          priority: "high",
          vibrateTimingsMillis: [100, 50],
          visibility: "private",
          notificationCount: 1,
          lightSettings: { color: "#aabbcc", lightOnDurationMillis: 200, lightOffDurationMillis: 300 },
        },
      },
    },
    ours: {
      to: { token },
      data: { k: "v" },
      android: {
        collapse_key: "key",
        priority: "high",
        ttl: "3600s",
        restricted_package_name: "test.package",
        direct_boot_ok: true,
        notification: {
          color: "#aabbcc",
          click_action: "act",
          title_loc_key: "title",
          title_loc_args: ["a", "b"],
          channel_id: "channel",
          event_time: "2019-10-20T18:30:00.000Z",
          local_only: true,
          notification_priority: "PRIORITY_HIGH",
          vibrate_timings: ["0.100000000s", "0.050000000s"],
          visibility: "PRIVATE",
          notification_count: 1,
          light_settings: {
            color: { red: 0xaa / 0xff, green: 0xbb / 0xff, blue: 0xcc / 0xff, alpha: 1 },
            light_on_duration: "0.200000000s",
            light_off_duration: "0.300000000s",
          },
        },
      },
    },
  },
  {
    name: "APNs' own",
    theirs: {
      token,
      notification: { title: "T" },
      apns: {
        headers: { "apns-priority": "10" },
        payload: {
          aps: {
            alert: { title: "T", locKey: "key", locArgs: ["a"] },
            badge: 42,
            contentAvailable: true,
            threadId: "t",
          },
          custom: "v",
        },
        fcmOptions: { imageUrl: "https://example.com/image.png" },
      },
    },
    ours: {
      to: { token },
      title: "T",
      apns: {
        headers: { "apns-priority": "10" },
        payload: {
          aps: {
            alert: { title: "T", "loc-key": "key", "loc-args": ["a"] },
            badge: 42,
            "content-available": 1,
            "thread-id": "t",
          },
          custom: "v",
        },
        fcmOptions: { image: "https://example.com/image.png" },
      },
    },
  },
  {
    name: "web push's own",
    theirs: {
      token,
      webpush: {
        headers: { TTL: "60", Urgency: "high" },
        notification: { title: "T", actions: [{ action: "a", title: "A" }] },
        fcmOptions: { link: "https://example.com" },
      },
    },
    ours: {
      to: { token },
      webpush: {
        headers: { TTL: "60", Urgency: "high" },
        notification: { title: "T", actions: [{ action: "a", title: "A" }] },
        fcmOptions: { link: "https://example.com" },
      },
    },
  },
  {
    name: "what holds for all platforms, said once, against what the SDK needs said for each",
    theirs: {
      token,
      notification: { title: "T" },
      android: { collapseKey: "score", ttl: 3_600_000, priority: "high" },
      apns: { headers: { "apns-collapse-id": "score", "apns-expiration": expiration, "apns-priority": "10" } },
      webpush: { headers: { TTL: "3600", Urgency: "high", Topic: "score" } },
    },
    ours: { to: { token }, title: "T", collapseKey: "score", ttlSeconds: 3600, priority: "high" },
  },
];

// The first, so that either side still needs an access token.
test("the assertion for an access token says the same, but for the scopes", async () => {
  const claims = (assertion: string): unknown =>
    JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString());
  await rig.official(() => official.send({ token, data: { a: "b" } }));
  await notifier.send({ channel: "fcm", to: { token }, title: "T" });
  const asked = rig.arrived().filter(({ url }) => url.host === "oauth2.googleapis.com");
  const [theirs, ours] = asked.map(({ body }) => new URLSearchParams(Buffer.from(body).toString()));
  expect(asked.map(({ status }) => status)).toEqual([200, 200]);
  expect(ours?.get("grant_type")).toBe(theirs?.get("grant_type"));
  const scope = "https://www.googleapis.com/auth/firebase.messaging";
  const time = expect.any(Number) as number;
  const common = { iss: serviceAccount.client_email, aud: "https://oauth2.googleapis.com/token", iat: time, exp: time };
  expect(claims(ours?.get("assertion") ?? "")).toEqual({ ...common, scope });
  expect(claims(theirs?.get("assertion") ?? "")).toEqual({
    ...common,
    scope: expect.stringContaining(scope) as string,
  });
});

test.each(pairs)("$name", async ({ theirs, ours }) => {
  await same(
    () => official.send(theirs),
    () => notifier.send({ channel: "fcm", ...ours }),
  );
});

test("a dry run", async () => {
  const message = { channel: "fcm", to: { token }, title: "T" } as const;
  await same(
    () => official.send({ token, notification: { title: "T" } }, true),
    () => notifier.send({ ...message, providerOptions: { fcm: { validateOnly: true } } }),
  );
});

test("many at a time are as many requests", async () => {
  const topics = ["a", "b", "c"];
  await same(
    () => official.sendEach(topics.map((topic) => ({ topic, data: { topic } }))),
    () => notifier.sendBatch(topics.map((topic) => ({ message: { channel: "fcm", to: { topic }, data: { topic } } }))),
  );
});

test("topics: what the SDK calls legacy, which takes many tokens at once", async () => {
  const tokens = ["delivered-1", "unregistered-1", "toomany-1"];
  await same(
    () => official.subscribeToTopicLegacy(tokens, "news"),
    () => notifier.call(subscribeToTopic(provider, { topic: "news", tokens })),
  );
  await same(
    () => official.unsubscribeFromTopicLegacy(tokens, "/topics/news"),
    () => notifier.call(unsubscribeFromTopic(provider, { topic: "news", tokens })),
  );
});

describe("the official SDK understands the simulator", () => {
  const data = { a: "b" };

  test("success", async () => {
    const name = await rig.official(() => official.send({ token, data }));
    expect(name).toMatch(/^projects\/carillon-simulator\/messages\/0:/);
    expect(rig.simulator.store.messages({}, 1).items[0]?.providerMessageId).toBe(name);
  });

  test.each([
    ["unregistered", "registration-token-not-registered", "recipient-gone"],
    ["invalid", "invalid-argument", "invalid-message"],
    ["mismatched", "mismatched-credential", "rejected"],
    ["unauthenticated", "third-party-auth-error", "rejected"],
    ["toomany", "message-rate-exceeded", "rate-limited"],
    ["internal", "internal-error", "unavailable"],
  ])("%s-...: messaging/%s, and %s", async (name, code, kind) => {
    const to = { token: `${name}-1` };
    const theirs = rig.official(() => official.send({ ...to, data }));
    await expect(theirs).rejects.toMatchObject({ code: `messaging/${code}` });
    expect(await notifier.send({ channel: "fcm", to, data })).toMatchObject({ ok: false, kind });
  });

  test("a message that does not fit", async () => {
    const apns = { headers: { "apns-priority": 5 as unknown as string } };
    const refused = rig.official(() => official.send({ token, data: { a: "x".repeat(5000) } }));
    await expect(refused).rejects.toMatchObject({ code: "messaging/invalid-argument" });
    expect(await notifier.send({ channel: "fcm", to: { token }, data: { a: "x".repeat(5000) } })).toMatchObject({
      kind: "invalid-message",
      field: "data",
    });
    expect(await notifier.send({ channel: "fcm", to: { token }, data, apns })).toMatchObject({
      kind: "invalid-message",
      field: "apns.headers.apns-priority",
    });
  });

  test("tokens that a topic cannot have", async () => {
    const tokens = ["delivered-1", "unregistered-1", "invalid-1", "toomany-1"];
    const theirs = await rig.official(() => official.subscribeToTopicLegacy(tokens, "news"));
    expect(theirs).toMatchObject({ successCount: 1, failureCount: 3 });
    expect(theirs.errors.map(({ index, error }) => [index, error.code])).toEqual([
      [1, "messaging/registration-token-not-registered"],
      [2, "messaging/invalid-registration-token"],
      [3, "messaging/too-many-topics"],
    ]);
    expect(await notifier.call(subscribeToTopic(provider, { topic: "news", tokens }))).toMatchObject({
      value: [{ ok: true }, { kind: "recipient-gone" }, { kind: "recipient-gone" }, { kind: "rejected" }],
    });
  });

  test("another service account, and an access token that is none", async () => {
    const stranger = "other@carillon-simulator.iam.gserviceaccount.com";
    const other = { ...serviceAccount, client_email: stranger };
    const unknown = initializeApp({ credential: cert({ projectId, clientEmail: stranger, privateKey }) }, "unknown");
    const refused = rig.official(() => getMessaging(unknown).send({ token, data }));
    await expect(refused).rejects.toMatchObject({ code: "app/invalid-credential" });
    const without = createNotifier({ fcm: [fcm({ serviceAccount: other })], fetch: rig.fetch });
    expect(await without.send({ channel: "fcm", to: { token }, data })).toMatchObject({ kind: "unauthorized" });
    const getAccessToken = async () => ({ access_token: "ya29.none", expires_in: 3600 });
    const forged = initializeApp({ credential: { getAccessToken }, projectId }, "forged");
    const denied = rig.official(() => getMessaging(forged).send({ token, data }));
    await expect(denied).rejects.toMatchObject({ code: "messaging/third-party-auth-error" });
    await Promise.all([deleteApp(unknown), deleteApp(forged)]);
  });
});

afterAll(async () => {
  expect(unused()).toEqual([]);
  await deleteApp(app);
});
