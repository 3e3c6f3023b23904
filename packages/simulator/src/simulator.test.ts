import { describe, expect, test } from "vitest";
import { outcomeNames } from "./outcome.ts";
import { createSimulator } from "./simulator.ts";
import { credentials, get, post, receiver, send } from "./test/calls.ts";

const eventsOf = (simulator: ReturnType<typeof createSimulator>): string[] =>
  simulator.store
    .webhooks({}, 100)
    .items.map(({ event }) => event.type)
    .toReversed();

describe("routing", () => {
  test("knows a provider by host name, or by a path that begins with it", async () => {
    const simulator = createSimulator();
    const body = { from: "a@example.com", to: "b@example.com", subject: "Hi", text: "x" };
    for (const url of ["https://api.resend.com/emails", "http://127.0.0.1:9998/api.resend.com/emails"]) {
      expect((await post(simulator, url, credentials.resend, body)).status).toBe(200);
    }
    expect((await simulator.fetch("http://127.0.0.1:9998/api.unknown.com/emails")).status).toBe(404);
  });
});

describe("outcomes", () => {
  test.each([
    ["delivered@simulator.test", ["sent", "delivered"]],
    ["Bounced+label@Simulator.test", ["sent", "bounced"]],
    ["softbounced@simulator.test", ["sent", "soft_bounced"]],
    ["complained@simulator.test", ["sent", "delivered", "complained"]],
    ["deferred@simulator.test", ["sent", "deferred", "delivered"]],
    ["opened@simulator.test", ["sent", "delivered", "opened"]],
    ["clicked@simulator.test", ["sent", "delivered", "opened", "clicked"]],
    ["unsubscribed@simulator.test", ["sent", "delivered", "unsubscribed"]],
    ["suppressed@simulator.test", ["suppressed"]],
    ["dropped@simulator.test", ["dropped"]],
    ["failed@simulator.test", ["failed"]],
    ["constructor@simulator.test", ["sent", "delivered"]],
    ["bounced@example.com", ["sent", "delivered"]],
    ["bounced-x@example.com", ["sent", "delivered"]],
  ])("%s ends as %j", async (to, events) => {
    const simulator = createSimulator();
    expect((await send.sendgrid(simulator, to)).status).toBe(202);
    expect(eventsOf(simulator)).toEqual(events);
  });

  test("every outcome has a webhook at every provider, but for what the provider does not tell", async () => {
    const silent = ["resend unsubscribed", "postmark suppressed"];
    for (const provider of ["resend", "sendgrid", "postmark"] as const) {
      for (const name of outcomeNames) {
        const simulator = createSimulator();
        await send[provider](simulator, `${name}@simulator.test`);
        const told = eventsOf(simulator).some((type) => type.replace("_", "") === name);
        expect(told, `${provider} ${name}`).toBe(!silent.includes(`${provider} ${name}`));
      }
    }
  });
});

describe("faults", () => {
  test("answer as the provider does when it is asked too often or is down", async () => {
    const simulator = createSimulator();
    for (const provider of ["resend", "sendgrid", "postmark"] as const) {
      simulator.store.addFault({ kind: "rate-limit", retryAfterSeconds: 7, provider, times: 1 });
      simulator.store.addFault({ kind: "unavailable", provider, times: 1 });
      const limited = await send[provider](simulator, "a@example.com");
      expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "7"]);
      expect((await send[provider](simulator, "a@example.com")).status).toBe(503);
      expect((await send[provider](simulator, "a@example.com")).status).toBeLessThan(300);
    }
    expect(simulator.store.messages({}, 10).items).toHaveLength(3);
  });

  test("happen only to the recipients and as many times as they say", async () => {
    const simulator = createSimulator();
    const fault = { kind: "respond", status: 418, body: "no", recipient: "*@Tea.example", times: 2 };
    expect((await post(simulator, "http://localhost/api/faults", {}, fault)).status).toBe(201);
    const url = "https://api.resend.com/emails";
    const statuses: number[] = [];
    for (const to of ["a@tea.example", "a@teaXexample.com", "b@tea.example", "c@tea.example"]) {
      const body = JSON.stringify({ from: "a@example.com", to, subject: "Hi", text: "x" });
      const answer = await simulator.fetch(url, { method: "POST", headers: credentials.resend, body });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([418, 200, 418, 200]);
  });

  test("accept-then-cut keeps the message, and the idempotency key answers for it", async () => {
    const simulator = createSimulator();
    simulator.store.addFault({ kind: "accept-then-cut", times: 1 });
    await expect(send.resend(simulator, "a@example.com", { key: "k", messageId: "m" })).rejects.toThrow(TypeError);
    const [kept] = simulator.store.messages({}, 10).items;
    expect((await send.resend(simulator, "a@example.com", { key: "k", messageId: "m" })).json.id).toBe(
      kept?.providerMessageId,
    );
    expect(simulator.store.witness()).toMatchObject({ messages: 1, accepted: 1 });
  });

  test("accept-then-time-out keeps the message and never answers; the key is free again for a retry", async () => {
    const simulator = createSimulator();
    simulator.store.addFault({ kind: "accept-then-time-out", times: 1 });
    const controller = new AbortController();
    const first = send.resend(simulator, "a@example.com", { key: "k", signal: controller.signal });
    const settled = first.then(
      () => "answered",
      (error: Error) => error.name,
    );
    while (simulator.store.messages({}, 1).items.length === 0) await new Promise((resolve) => setTimeout(resolve));
    expect((await send.resend(simulator, "a@example.com", { key: "k" })).status).toBe(200);
    controller.abort();
    expect(await settled).toBe("AbortError");
    expect(simulator.store.messages({}, 10).items).toHaveLength(1);
  });

  test("slow waits, and may come on top of another", async () => {
    const slept: number[] = [];
    const simulator = createSimulator({ sleep: (ms) => (slept.push(ms), Promise.resolve()) });
    simulator.store.addFault({ kind: "slow", delayMs: 250 });
    simulator.store.addFault({ kind: "unavailable" });
    expect((await send.postmark(simulator, "a@example.com")).status).toBe(503);
    expect(slept).toEqual([250]);
  });

  test("are listed, refused when they make no sense, and deleted", async () => {
    const simulator = createSimulator();
    const url = "http://localhost/api/faults";
    expect((await post(simulator, url, {}, { kind: "slow" })).status).toBe(400);
    expect((await post(simulator, url, {}, { kind: "unavailable", tiems: 1 })).status).toBe(400);
    const { id } = (await post(simulator, url, {}, { kind: "unavailable" })).json;
    expect((await get(simulator, "/api/faults")).json.items).toHaveLength(1);
    expect((await simulator.fetch(`${url}/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await simulator.fetch(`${url}/${id}`, { method: "DELETE" })).status).toBe(404);
    expect((await send.resend(simulator, "a@example.com")).status).toBe(200);
  });
});

describe("webhooks", () => {
  test("are delivered late, twice and out of order when the settings say so", async () => {
    const { received, deliver } = receiver();
    let now = 1_700_000_000_000;
    const woken: number[] = [];
    const simulator = createSimulator({
      webhookTarget: "http://app",
      deliver,
      now: () => new Date(now),
      random: () => 0.999,
      wake: (atMs) => woken.push(atMs),
    });
    const settings = { delayMs: 5_000, providers: { resend: { duplicate: true, shuffle: true } } };
    const put = await simulator.fetch("http://localhost/api/settings", {
      method: "PUT",
      body: JSON.stringify(settings),
    });
    expect(put.status).toBe(200);
    await send.resend(simulator, "opened@simulator.test");
    expect(woken).toEqual([now + 5_000]);
    await simulator.flush();
    expect(received).toEqual([]);
    now += 5_100;
    await simulator.flush();
    const types = received.map(({ body }) => JSON.parse(body).type as string);
    const ids = received.map(({ headers }) => headers.get("svix-id"));
    expect(types).toHaveLength(6);
    expect(new Set(ids).size).toBe(3);
    const order = [...new Set(types)];
    expect(order).toHaveLength(3);
    expect(order).not.toEqual(["email.sent", "email.delivered", "email.opened"]);
  });

  test("are tried again after an error or no answer, under the same id, then given up", async () => {
    const { received, deliver } = receiver(500, "no answer", 302, 500);
    const simulator = createSimulator({ webhookTarget: "http://app", deliver });
    simulator.store.setSettings({ ...simulator.store.settings(), retryDelaysMs: [1, 1, 1] });
    await send.resend(simulator, "suppressed@simulator.test");
    await simulator.settle();
    expect(new Set(received.map(({ headers }) => headers.get("svix-id"))).size).toBe(1);
    const [webhook] = simulator.store.webhooks({}, 10).items;
    expect(webhook?.state).toBe("failed");
    expect(webhook?.attempts.map(({ status, error }) => status ?? error)).toEqual([500, "refused", 302, 500]);
  });

  test("stay undelivered without a target", async () => {
    const simulator = createSimulator({ deliver: () => Promise.reject(new Error("called")) });
    await send.resend(simulator, "delivered@simulator.test");
    expect(await simulator.settle()).toBe(0);
    expect(simulator.store.webhooks({}, 10).items.map(({ state }) => state)).toEqual(["no-target", "no-target"]);
  });

  test("are sent now when asked: a late bounce twice, and an old one again", async () => {
    const { received, deliver } = receiver();
    const simulator = createSimulator({ webhookTarget: "http://app", deliver });
    await send.resend(simulator, "delivered@simulator.test", { messageId: "msg_1" });
    await simulator.settle();
    const url = "http://localhost/api/webhooks/send";
    const late = await post(simulator, url, {}, { message: "msg_1", event: "bounced", copies: 2 });
    expect(late.json.items).toMatchObject([
      { state: "delivered", attempts: [{ status: 200 }] },
      { state: "delivered" },
    ]);
    expect(received.slice(2).map(({ body }) => JSON.parse(body).type)).toEqual(["email.bounced", "email.bounced"]);
    const first = received[0];
    const [oldest] = simulator.store.webhooks({}, 10).items.toReversed();
    await post(simulator, url, {}, { webhook: oldest?.id });
    expect(received[4]?.body).toBe(first?.body);
    expect(received[4]?.headers.get("svix-id")).toBe(first?.headers.get("svix-id"));
    expect((await post(simulator, url, {}, { message: "msg_2", event: "bounced" })).status).toBe(404);
    expect((await post(simulator, url, {}, { message: "msg_1", event: "exploded" })).status).toBe(400);
  });
});

describe("the control API", () => {
  test("lists messages newest first, by page, provider, recipient and id", async () => {
    const simulator = createSimulator();
    for (const index of [1, 2, 3]) await send.resend(simulator, `r${index}@example.com`, { messageId: `msg_${index}` });
    await send.postmark(simulator, "r1@example.com");
    const ids = async (query: string): Promise<string[]> =>
      (await get(simulator, `/api/messages${query}`)).json.items.map(({ id }: { id: string }) => id);
    expect(await ids("")).toEqual(["4", "3", "2", "1"]);
    const page = (await get(simulator, "/api/messages?limit=3")).json;
    expect(page.next).toBe("2");
    expect(await ids(`?cursor=${page.next}`)).toEqual(["1"]);
    expect(await ids("?recipient=R1@example.com")).toEqual(["4", "1"]);
    expect(await ids("?provider=postmark")).toEqual(["4"]);
    expect(await ids("?messageId=msg_2")).toEqual(["2"]);
  });

  test("shows a message with its request, secrets masked, and its webhooks", async () => {
    const simulator = createSimulator();
    await send.resend(simulator, "delivered@simulator.test");
    const { json, status } = await get(simulator, "/api/messages/1");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      content: { subject: "Hi", text: "x" },
      request: { method: "POST" },
      webhooks: [{}, {}],
    });
    expect(JSON.parse(json.request.body)).toMatchObject({ subject: "Hi" });
    expect(new Map(json.request.headers).get("authorization")).toBe("Bearer ••••••••");
    expect(JSON.stringify(json)).not.toContain("re_simulator");
    expect((await get(simulator, "/api/messages/2")).status).toBe(404);
  });

  test("forgets everything but faults and settings, and gives no id twice", async () => {
    const simulator = createSimulator();
    simulator.store.addFault({ kind: "slow", delayMs: 0 });
    await send.resend(simulator, "delivered@simulator.test", { messageId: "m", key: "k" });
    expect((await simulator.fetch("http://localhost/api/messages", { method: "DELETE" })).status).toBe(204);
    expect((await get(simulator, "/api/messages")).json.items).toEqual([]);
    expect((await get(simulator, "/api/webhooks")).json.items).toEqual([]);
    expect((await get(simulator, "/api/faults")).json.items).toHaveLength(1);
    await send.resend(simulator, "other@simulator.test", { messageId: "m", key: "k" });
    expect((await get(simulator, "/api/messages")).json.items).toMatchObject([{ id: "2" }]);
    expect((await get(simulator, "/api/witness")).json).toEqual({
      messages: 1,
      accepted: 1,
      duplicates: 0,
      duplicated: [],
    });
  });

  test("refuses settings that it does not know", async () => {
    const simulator = createSimulator();
    const put = await simulator.fetch("http://localhost/api/settings", { method: "PUT", body: `{"delay":1}` });
    expect(put.status).toBe(400);
  });

  test("is a witness: counts how often each message was accepted", async () => {
    const simulator = createSimulator();
    await send.postmark(simulator, "a@example.com", { messageId: "once" });
    await send.postmark(simulator, "a@example.com", { messageId: "twice" });
    await send.sendgrid(simulator, "a@example.com", { messageId: "twice" });
    expect((await get(simulator, "/api/witness")).json).toEqual({
      messages: 2,
      accepted: 3,
      duplicates: 1,
      duplicated: [{ messageId: "twice", accepted: 2 }],
    });
    expect((await get(simulator, "/api/witness?counts=true")).json.counts).toEqual({ once: 1, twice: 2 });
    expect((await get(simulator, "/api/witness?messageId=never")).json.counts).toEqual({});
  });
});
