import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { simulatorCredentials } from "@carillon/simulator";
import { afterEach, expect, test, vi } from "vitest";
import type { Env } from "../src/env.ts";

const { STORE } = env as unknown as Env;
const worker = (exports as unknown as { readonly default: { fetch: typeof fetch } }).default;
const object = (): DurableObjectStub => STORE.get(STORE.idFromName("simulator"));

interface Listed {
  readonly items: { readonly state: string; readonly attempts: { readonly status?: number }[] }[];
}

const api = async <T>(path: string, init?: RequestInit): Promise<T> => {
  const response = await worker.fetch(`http://localhost/api/${path}`, init);
  return (await response.json()) as T;
};
const setDelay = (delayMs: number): Promise<unknown> =>
  api("settings", { method: "PUT", body: JSON.stringify({ delayMs }) });
const send = (host: string, key: string): Promise<Response> =>
  worker.fetch(`${host}/emails`, {
    method: "POST",
    headers: { authorization: `Bearer ${simulatorCredentials.resend.apiKey}`, "idempotency-key": key },
    body: JSON.stringify({ from: "a@example.com", to: "delivered@simulator.test", subject: "Hi", text: "x" }),
  });

afterEach(async () => {
  await worker.fetch("http://localhost/api/messages", { method: "DELETE" });
});

test("the alarm delivers webhooks when they are due", async () => {
  await setDelay(0);
  expect((await send("https://api.resend.com", "k")).status).toBe(200);
  await vi.waitFor(async () => {
    const { items } = await api<Listed>("webhooks");
    expect(items.map(({ state }) => state)).toEqual(["delivered", "delivered"]);
  });
  expect(await runInDurableObject(object(), (_, state) => state.storage.getAlarm())).toBeNull();
});

test("messages, keys and waiting webhooks survive the end of the process, and the alarm goes on", async () => {
  await setDelay(3_600_000);
  const before: unknown = await (await send("http://127.0.0.1/api.resend.com", "k")).json();
  await abortAllDurableObjects();
  expect(await (await send("http://127.0.0.1/api.resend.com", "k")).json()).toEqual(before);
  expect((await api<Listed>("messages")).items).toHaveLength(1);
  expect((await api<Listed>("webhooks")).items.map(({ state }) => state)).toEqual(["waiting", "waiting"]);
  const armedAt = await runInDurableObject(object(), (_, state) => state.storage.getAlarm());
  expect(armedAt).toBeGreaterThan(Date.now() + 3_000_000);
});

test("an alarm that finds nothing due is set anew for what waits", async () => {
  await setDelay(3_600_000);
  await send("https://api.resend.com", "k");
  expect(await runDurableObjectAlarm(object())).toBe(true);
  expect((await api<Listed>("webhooks")).items[0]?.attempts).toEqual([]);
  expect(await runInDurableObject(object(), (_, state) => state.storage.getAlarm())).toBeGreaterThan(
    Date.now() + 3_000_000,
  );
});

test("a lost alarm is set again when the object starts", async () => {
  await setDelay(3_600_000);
  await send("https://api.resend.com", "k");
  await runInDurableObject(object(), (_, state) => state.storage.deleteAlarm());
  await abortAllDurableObjects();
  await api("webhooks");
  expect(await runInDurableObject(object(), (_, state) => state.storage.getAlarm())).not.toBeNull();
});

test("a cut connection fails the caller's fetch, or ends an answer before its body does", async () => {
  await setDelay(0);
  const cut = (): Promise<unknown> =>
    api("faults", { method: "POST", body: JSON.stringify({ kind: "accept-then-cut", times: 1 }) });
  await cut();
  await expect(send("https://api.resend.com", "a")).rejects.toThrow();
  await cut();
  const broken = await send("http://127.0.0.1/api.resend.com", "b");
  await expect(broken.text()).rejects.toThrow();
  expect((await api<Listed>("messages")).items).toHaveLength(2);
});

const publish = (headers: Record<string, string>): Promise<Response> =>
  worker.fetch("https://qstash.upstash.io/v2/publish/http://app.internal/jobs", {
    method: "POST",
    headers: { authorization: `Bearer ${simulatorCredentials.qstash.token}`, ...headers },
    body: "x",
  });
const queued = async (): Promise<readonly string[]> => {
  const headers = { authorization: `Bearer ${simulatorCredentials.qstash.token}` };
  const response = await worker.fetch("https://qstash.upstash.io/v2/events", { headers });
  const { events } = (await response.json()) as { readonly events: { readonly state: string }[] };
  return events.map(({ state }) => state);
};

test("the alarm delivers what was published to the queue", async () => {
  expect((await publish({})).status).toBe(200);
  await vi.waitFor(async () => expect(await queued()).toContain("DELIVERED"));
});

test("what waits in the queue survives the end of the process, and the alarm goes on", async () => {
  const published = (await (await publish({ "upstash-delay": "1h" })).json()) as { readonly messageId: string };
  await abortAllDurableObjects();
  const headers = { authorization: `Bearer ${simulatorCredentials.qstash.token}` };
  const url = `https://qstash.upstash.io/v2/messages/${published.messageId}`;
  expect((await worker.fetch(url, { headers })).status).toBe(200);
  expect(await runInDurableObject(object(), (_, state) => state.storage.getAlarm())).toBeGreaterThan(
    Date.now() + 3_000_000,
  );
});
