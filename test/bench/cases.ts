import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { simulatorCredentials } from "@carillon/simulator";
import { apiKey } from "./host.ts";
import type { Host } from "./host.ts";
import { fire, perSecond } from "./load.ts";
import type { Shot } from "./load.ts";

const content = {
  from: "shop@example.org",
  subject: "Your receipt",
  html: "<h1>Thanks</h1><p>Your order is on its way.</p>",
};
const json = { "content-type": "application/json" };
const authorized = { ...json, authorization: `Bearer ${apiKey}` };

/** A number of the service beside what the same work costs without it. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly rival: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

export interface Case {
  readonly name: string;
  readonly unit: string;
  readonly rival: string;
  ours(host: Host): Promise<number>;
  theirs(host: Host): Promise<number>;
}

const load = { inFlight: 32, forMs: 3_000 };

export const cases: readonly Case[] = [
  {
    name: "accept, 1 recipient a request",
    unit: "requests/s",
    rival: "Hono handler that only validates",
    ours: ({ service }) => perSecond(service, () => accept(1, 3_600_000), { ...load, status: 202 }),
    theirs: ({ rival }) => perSecond(rival, () => validate(1), { ...load, status: 202 }),
  },
  {
    name: "accept, 100 recipients a request",
    unit: "requests/s",
    rival: "Hono handler that only validates",
    ours: ({ service }) => perSecond(service, () => accept(100, 3_600_000), { ...load, status: 202 }),
    theirs: ({ rival }) => perSecond(rival, () => validate(100), { ...load, status: 202 }),
  },
  {
    name: "deliver, from due to sent",
    unit: "messages/s",
    rival: "SDK alone, nothing saved",
    ours: deliverOurs,
    theirs: deliverTheirs,
  },
  {
    name: "ingest, 1 event a request",
    unit: "events/s",
    rival: "`receiveWebhook` alone, nothing saved",
    ours: async ({ service }) => {
      const ids = await known(service);
      return perSecond(service, () => events(1, "/v1/webhooks/sendgrid", ids), { ...load, status: 200 });
    },
    theirs: ({ rival }) => perSecond(rival, () => events(1, "/verify"), { ...load, status: 200 }),
  },
  {
    name: "ingest, 1,000 events a request",
    unit: "events/s",
    rival: "`receiveWebhook` alone, nothing saved",
    ours: async ({ service }) => {
      const ids = await known(service);
      const shots = () => events(1_000, "/v1/webhooks/sendgrid", ids);
      return 1_000 * (await perSecond(service, shots, { ...load, inFlight: 4, status: 200 }));
    },
    theirs: async ({ rival }) =>
      1_000 * (await perSecond(rival, () => events(1_000, "/verify"), { ...load, inFlight: 4, status: 200 })),
  },
  {
    name: "ingest, 1,000 events a request",
    unit: "events/s",
    rival: "saved row by row: a call to a shard for each event",
    ours: async ({ service }) => {
      const ids = await known(service);
      const shots = () => events(1_000, "/v1/webhooks/sendgrid", ids);
      return 1_000 * (await perSecond(service, shots, { ...load, inFlight: 4, status: 200 }));
    },
    theirs: async ({ service, rival }) => {
      const ids = await known(service);
      const shots = () => events(1_000, "/rows", ids);
      return 1_000 * (await perSecond(rival, shots, { ...load, inFlight: 4, status: 200 }));
    },
  },
];

function addresses(count: number): string[] {
  return Array.from({ length: count }, () => `delivered+${randomUUID().slice(0, 8)}@simulator.test`);
}

function shot(path: string, headers: Readonly<Record<string, string>>, body: unknown): Shot {
  return { path, headers, body: Buffer.from(JSON.stringify(body)) };
}

function accept(recipients: number, dueInMs: number): Shot {
  const sendAt = new Date(Date.now() + dueInMs).toISOString();
  return shot("/v1/notifications", authorized, { channel: "email", to: addresses(recipients), content, sendAt });
}

function validate(recipients: number): Shot {
  return shot("/validate", json, { channel: "email", to: addresses(recipients), content });
}

const messagesToDeliver = 3_000;

/** All are accepted before the first is due; the clock runs from the due moment to the last message at the provider. */
async function deliverOurs({ service, simulator }: Host): Promise<number> {
  const before = simulator.store.witness().accepted;
  const dueAt = Date.now() + 4_000;
  for (let index = 0; index < messagesToDeliver / 500; index++) {
    if ((await fire(service, accept(500, dueAt - Date.now()))) !== 202) throw new Error("not accepted");
  }
  if (Date.now() >= dueAt) throw new Error("accepting took longer than the time until they are due");
  await new Promise((resolve) => setTimeout(resolve, dueAt - Date.now()));
  while (simulator.store.witness().accepted - before < messagesToDeliver) {
    if (Date.now() - dueAt > 60_000) throw new Error("not all messages were sent within a minute");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return (messagesToDeliver * 1000) / (Date.now() - dueAt);
}

async function deliverTheirs({ rival }: Host): Promise<number> {
  const start = performance.now();
  await Promise.all(
    Array.from({ length: messagesToDeliver / 500 }, () =>
      fire(rival, shot("/send", json, { to: addresses(500), content })),
    ),
  );
  return (messagesToDeliver * 1000) / (performance.now() - start);
}

const signingKey = createPrivateKey({
  key: Buffer.from(simulatorCredentials.sendgrid.webhookPrivateKey, "base64"),
  format: "der",
  type: "pkcs8",
});

/** Accepts messages over all shards, for a later day, and gives back their ids: what the events are about. */
async function known(service: URL): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let index = 0; index < 48; index++) {
    const { path, headers, body } = accept(250, 86_400_000);
    const answer = await fetch(new URL(path, service), { method: "POST", headers, body: new Uint8Array(body) });
    const accepted = (await answer.json()) as { messages: { id: string }[] };
    ids.push(...accepted.messages.map(({ id }) => id));
  }
  return ids;
}

function events(count: number, path: string, ids: readonly string[] = []): Shot {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const list = Array.from({ length: count }, () => ({
    email: "delivered@simulator.test",
    timestamp: Number(timestamp),
    event: "delivered",
    sg_event_id: randomUUID(),
    sg_message_id: `${randomUUID()}.filterdrecv`,
    carillon_message_id: ids[Math.floor(Math.random() * ids.length)] ?? `msg_00${randomUUID().replaceAll("-", "")}`,
    response: "250 OK",
  }));
  const body = Buffer.from(`${JSON.stringify(list)}\r\n`);
  const signature = sign("sha256", Buffer.concat([Buffer.from(timestamp), body]), signingKey).toString("base64");
  const headers = {
    ...json,
    "x-twilio-email-event-webhook-signature": signature,
    "x-twilio-email-event-webhook-timestamp": timestamp,
  };
  return { path, headers, body };
}
