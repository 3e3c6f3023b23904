import { expect, test } from "vitest";
import { createNotifier } from "carillon";
import { channelsById } from "carillon/channels";
import { fakeFetch, fakeProvider } from "./fake-provider.ts";

const message = { channel: "sms", to: "+447911123456", text: "hi" } as const;
const sleep = async (): Promise<void> => {};

test("goes through the notifier, and records what it was handed", async () => {
  const fake = fakeProvider({ channel: channelsById.sms });
  const notifier = createNotifier({ sms: [fake], fetch: fake.fetch });
  const result = await notifier.send(message, { messageId: "msg_1", idempotencyKey: "receipt-42" });
  expect(result).toMatchObject({ ok: true, outcome: "sent", provider: "fake", providerMessageId: "fake-1" });
  expect(fake.received).toMatchObject([{ messageId: "msg_1", batchSize: 1, message: { text: "hi", to: message.to } }]);
});

test("follows its script, one outcome a request", async () => {
  const fake = fakeProvider({
    channel: channelsById.sms,
    outcomes: [
      { ok: false, kind: "rate-limited", detail: "Slow down" },
      { ok: true, providerMessageId: "mine" },
      { ok: false, kind: "invalid-message", detail: "No such number" },
    ],
  });
  const notifier = createNotifier({ sms: [fake], fetch: fake.fetch, sleep });
  expect(await notifier.send(message)).toMatchObject({ ok: true, providerMessageId: "mine" });
  expect(await notifier.send(message)).toMatchObject({ ok: false, kind: "invalid-message", status: 422 });
  expect(fake.received).toHaveLength(3);
});

test("breaks connections and never answers", async () => {
  const fake = fakeProvider({
    channel: channelsById.sms,
    outcomes: [
      { ok: false, kind: "network", detail: "" },
      { ok: false, kind: "timeout", detail: "" },
    ],
  });
  const notifier = createNotifier({ sms: [fake], fetch: fake.fetch, attempts: 1, timeoutMs: 20 });
  expect(await notifier.send(message)).toMatchObject({ ok: false, kind: "network", mayHaveBeenSent: true });
  expect(await notifier.send(message)).toMatchObject({ ok: false, kind: "timeout", mayHaveBeenSent: true });
});

test("stands beside other fakes, and takes batches when told so", async () => {
  const down = fakeProvider({
    channel: channelsById.sms,
    id: "down",
    outcomes: [{ ok: false, kind: "unauthorized", detail: "No" }],
  });
  const up = fakeProvider({ channel: channelsById.sms, id: "up", maxBatch: 10 });
  const notifier = createNotifier({ sms: [down, up], fetch: fakeFetch(down, up) });
  expect(await notifier.send(message)).toMatchObject({ ok: true, provider: "up" });
  const alone = createNotifier({ sms: [up], fetch: fakeFetch(up) });
  const results = await alone.sendBatch([{ message }, { message: { ...message, text: "ho" } }]);
  expect(results.map(({ ok }) => ok)).toEqual([true, true]);
  expect(up.received.map(({ batchSize }) => batchSize)).toEqual([1, 2, 2]);
  await expect(fakeFetch(up)("https://example.com/", {})).rejects.toThrow(/No fake provider/);
});
