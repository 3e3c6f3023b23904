import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { simulatorCredentials } from "@carillon/simulator";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { allRuntimes, type Runtime } from "./runtimes.ts";
import type { Webhook } from "./program.ts";
import { type Bench, startSimulator } from "./tasks.ts";

/**
 * What an application does in each runtime, with the packages as they are installed: it enqueues, and its handler, mounted in
 * Hono, is called with what QStash made of that. Between the two, the runtime may have ended.
 */
const program = `
import { createHandler, createQueue } from "@carillon/qstash";
import { createNotifier } from "carillon";
import { resend } from "carillon/providers/resend";
import { Hono } from "hono";

const url = "https://app.example/jobs";
const to = (simulator) => (url, init) => {
  const { host, pathname, search } = new URL(url);
  return fetch(simulator + "/" + host + pathname + search, init);
};

export async function run({ simulator, credentials, delivery }) {
  const { token, currentSigningKey, nextSigningKey } = credentials.qstash;
  if (!delivery) {
    const queue = createQueue({ token, baseUrl: simulator + "/qstash.upstash.io", url });
    const [kept, cancelled] = await queue.enqueueBatch([
      { message: { ...credentials.message, attachments: [attachment] } },
      { message: credentials.message, delay: "1h" },
    ]);
    return { kept: kept.ok, cancelled: await queue.cancel(cancelled.jobId), again: await queue.cancel(cancelled.jobId) };
  }
  const notifier = createNotifier({ email: [resend({ apiKey: credentials.resend.apiKey })], fetch: to(simulator), attempts: 1 });
  const app = new Hono();
  const handle = createHandler({ notifier, url, currentSigningKey, nextSigningKey });
  app.post("/jobs", (c) => handle(c.req.raw));
  const body = Uint8Array.from(atob(delivery.body), (character) => character.charCodeAt(0));
  const ask = async (body) => {
    const response = await app.request(delivery.url, { method: "POST", headers: delivery.headers, body });
    return response.status;
  };
  return { sent: await ask(body), changed: await ask(body.map((byte, index) => (index === 40 ? byte ^ 1 : byte))) };
}

const attachment = {
  filename: "a.bin",
  contentType: "application/octet-stream",
  content: Uint8Array.from({ length: 256 }, (_, index) => index),
};
`;

const message = {
  channel: "email",
  from: "shop@example.com",
  to: "ada@example.com",
  subject: "Quittung",
  text: "Grüße",
};

const folder = join(inject("consumer").folder, "qstash");
const runtimes = await allRuntimes();
let bench: Bench;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "program.mjs"), program);
  bench = await startSimulator();
});

afterAll(() => bench.close());

async function runIn(runtime: Runtime, delivery?: Webhook): Promise<unknown> {
  const { qstash, resend } = simulatorCredentials;
  const credentials = { qstash, resend, message };
  return runtime.run(folder, { simulator: bench.url, credentials, delivery } as never);
}

it.each(runtimes)("$name $version enqueues, and sends what QStash brings", async (runtime) => {
  bench.webhooks.clear();
  expect(await runIn(runtime)).toEqual({ kept: true, cancelled: true, again: false });
  await bench.simulator.settle();
  const delivery = [...bench.webhooks.values()].find(({ url }) => url === "https://app.example/jobs");
  expect(await runIn(runtime, delivery)).toEqual({ sent: 200, changed: 401 });
  const [{ id } = { id: "" }] = bench.simulator.store.messages({}, 1).items;
  const content = bench.simulator.store.message(id)?.content;
  const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index));
  expect(content).toMatchObject({ text: "Grüße", attachments: [{ base64: bytes.toString("base64") }] });
  expect(bench.simulator.store.witness().duplicates).toBe(0);
});
