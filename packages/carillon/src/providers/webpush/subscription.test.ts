import { describe, expect, test } from "vitest";
import { vapid } from "./fixtures/keys.ts";
import { makeReceiver } from "./fixtures/receiver.ts";
import { settings } from "./index.ts";

const { publicKey: p256dh, authSecret: auth } = await makeReceiver();
const variables = {
  WEBPUSH_VAPID_SUBJECT: vapid.current.subject,
  WEBPUSH_VAPID_PUBLIC_KEY: vapid.current.publicKey,
  WEBPUSH_VAPID_PRIVATE_KEY: vapid.current.privateKey,
  WEBPUSH_VAPID_PREVIOUS_PUBLIC_KEY: vapid.older.publicKey,
  WEBPUSH_VAPID_PREVIOUS_PRIVATE_KEY: vapid.older.privateKey,
  WEBPUSH_ALLOWED_HOSTS: "push.example.net",
};
const registrar = settings.register!.create(variables);
const subscription = { endpoint: "https://fcm.googleapis.com/fcm/send/abc", keys: { p256dh, auth } };

describe("what a deployment tells and asks of subscriptions", () => {
  test("its keys, the current one first", () => {
    expect(registrar.publicKeys).toEqual([vapid.current.publicKey, vapid.older.publicKey]);
  });

  test.each([
    ["names no key", {}],
    ["was made with the current key", { applicationServerKey: vapid.current.publicKey }],
    ["was made with the older key", { applicationServerKey: vapid.older.publicKey }],
    ["is at an allowed host", { endpoint: "https://push.example.net/x" }],
  ])("one that %s can be sent to", async (_, change) => {
    expect(await registrar.check({ ...subscription, ...change })).toEqual([]);
  });

  test.each([
    ["another key", { applicationServerKey: p256dh }, "to.applicationServerKey"],
    ["a foreign host", { endpoint: "https://push.example.com/x" }, "to.endpoint"],
    ["a private address", { endpoint: "https://10.0.0.1/x" }, "to.endpoint"],
    ["a point that is not on the curve", { keys: { p256dh: `BAAA${"A".repeat(83)}`, auth } }, "to.keys.p256dh"],
  ])("one of %s cannot", async (_, change, field) => {
    const problems = await registrar.check({ ...subscription, ...change });
    expect(problems.map(([at]) => at)).toEqual([field]);
  });
});
