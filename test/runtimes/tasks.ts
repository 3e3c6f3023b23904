import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSimulator, fakeBrowser, type Simulator, simulatorCredentials } from "@carillon/simulator";
import { createNotifier } from "carillon";
import { settingsOf, variablesOf } from "../../scripts/provider-table.ts";
import type { Task, Webhook } from "./program.ts";

/** A simulator on the loopback interface, in the place of every provider. */
export interface Bench {
  readonly url: string;
  readonly simulator: Simulator;
  /** What the providers have called back with, by provider. */
  readonly webhooks: Map<string, Webhook>;
  close(): void;
}

export async function startSimulator(): Promise<Bench> {
  const webhooks = new Map<string, Webhook>();
  const simulator = createSimulator({
    webhookTarget: "https://app.example",
    async deliver(url, init) {
      const request = new Request(url, init);
      const id = new URL(url).pathname.split("/")[3] ?? "";
      const body = Buffer.from(await request.arrayBuffer()).toString("base64");
      if (!webhooks.has(id)) webhooks.set(id, { url, headers: Object.fromEntries(request.headers), body });
      return new Response(null, { status: 200 });
    },
  });
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const answer = await simulator.fetch(`http://127.0.0.1${incoming.url}`, {
        method: incoming.method ?? "GET",
        headers: incoming.headers as Record<string, string>,
        ...(body.length > 0 && { body }),
      });
      outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
      outgoing.end(Buffer.from(await answer.arrayBuffer()));
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, simulator, webhooks, close: () => server.close() };
}

/** A message for each channel, to somebody who gets it. */
const contents: Readonly<Record<string, object>> = {
  sms: { to: "+15005550010", text: "Your bell is ready." },
  slack: { to: "C0FOUNDRY", text: "Casting 118 is done" },
  discord: { to: { webhookUrl: simulatorCredentials.discord.webhookUrl }, text: "A new peal" },
  webpush: { to: await fakeBrowser.subscribe(), payload: { title: "Practice starts in an hour" } },
  fcm: { to: { token: "delivered-1" }, title: "Your order has left" },
  email: {
    from: "shop@example.com",
    to: "ada@example.com",
    subject: "Receipt",
    html: "<p>Thanks, <b>Ada</b> &amp; co.</p>",
    attachments: [{ filename: "a.txt", contentType: "text/plain", content: "QQ==" }],
  },
};

/** What a provider is told beside its credentials. */
const more: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  twilio: { TWILIO_STATUS_CALLBACK: "https://app.example/v1/webhooks/twilio" },
};

/** Discord reports nothing of messages: what it does report is that somebody took an authorisation back. */
async function unsubscribe({ simulator }: Bench): Promise<void> {
  const message = simulator.store.messages({ provider: "discord" }, 1).items[0]?.id;
  const body = JSON.stringify({ message, event: "unsubscribed" });
  const answer = await simulator.fetch("http://simulator/api/webhooks/send", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (!answer.ok) throw new Error(`The simulator answered ${answer.status}`);
}

/** One message for every provider, and one webhook from each that sends any: made by a first send, from here. */
export async function makeTasks(ids: readonly string[], bench: Bench): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  for (const id of ids) {
    const { channel, send } = await settingsOf(id);
    const variables = { ...(await variablesOf(id)), ...more[id] };
    const message = contents[channel];
    if (!message) throw new Error(`There is no message for the channel ${channel} of ${id}`);
    const notifier = createNotifier({
      [channel]: [send.create(variables)],
      fetch: (url: string, init: RequestInit) => bench.simulator.fetch(url, init),
    } as never);
    await notifier.send({ channel, ...message } as never);
    await bench.simulator.settle();
    if (id === "discord") await unsubscribe(bench);
    tasks.push({ id, channel, variables, message, webhook: bench.webhooks.get(id) });
  }
  return tasks;
}
