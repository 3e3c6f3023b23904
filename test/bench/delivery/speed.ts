import { Agent } from "node:http";
import { fire, perSecond } from "../load.ts";
import { acceptShot, startBench, untilTaken, withoutWebhooks, type Bench } from "./service.ts";

const main = "workers/notify/src/index.ts";

export interface Latency {
  readonly name: string;
  readonly messages: number;
  /** From the due moment to the provider having the request, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly last: number;
}

/** How late messages are that are due at one moment. */
export async function measureLatency(messages: number): Promise<readonly Latency[]> {
  const found: Latency[] = [];
  for (const [name, recipients] of [
    ["a request each, over all shards", 1],
    ["one request for all, on one shard", messages],
  ] as const) {
    const bench = await startBench(main, {});
    try {
      withoutWebhooks(bench);
      const dueAt = await acceptAhead(bench, messages, recipients, "resend");
      await untilTaken(bench, messages, 60_000);
      const late = lateness(bench, messages, dueAt);
      const at = (share: number): number => late[Math.ceil(messages * share) - 1] ?? Number.NaN;
      found.push({ name, messages, p50: at(0.5), p99: at(0.99), last: at(1) });
    } finally {
      await bench.stop();
    }
  }
  return found;
}

/** Accepts messages that are due later, and answers when. */
async function acceptAhead(bench: Bench, messages: number, recipients: number, provider: string): Promise<number> {
  const requests = messages / recipients;
  const dueAt = Date.now() + 3_000 + requests * 10;
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const shots = Array.from({ length: requests }, () => acceptShot(recipients, dueAt, provider));
  const worker = async (): Promise<void> => {
    for (let shot = shots.pop(); shot !== undefined; shot = shots.pop()) {
      const status = await fire(bench.url, shot, agent);
      if (status !== 202) throw new Error(`not accepted: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  agent.destroy();
  if (Date.now() >= dueAt) throw new Error("accepting took longer than the time until they are due");
  return dueAt;
}

function lateness({ simulator: { store } }: Bench, messages: number, dueAt: number): readonly number[] {
  const late: number[] = [];
  for (let cursor: string | undefined, page; late.length < messages; cursor = page.next) {
    page = store.messages({}, 500, cursor);
    late.push(...page.items.map(({ receivedAtMs }) => receivedAtMs - dueAt));
    if (page.next === undefined) break;
  }
  return late.toSorted((a, b) => a - b);
}

export interface Throughput {
  readonly shards: number;
  /** Of one recipient. */
  readonly requests: number;
  /** Of 100 recipients a request. */
  readonly accepted: number;
  readonly delivered: number;
}

const deliveredMessages = 3_000;

/** Messages a second that are accepted, and that are sent once they are due. */
export async function measureThroughput(shards: number, forMs: number): Promise<Throughput> {
  const bench = await startBench(main, { SHARDS: String(shards) });
  try {
    withoutWebhooks(bench);
    const dueAt = await acceptAhead(bench, deliveredMessages, 100, "sendgrid");
    await new Promise((resolve) => setTimeout(resolve, dueAt - Date.now()));
    await untilTaken(bench, deliveredMessages, 60_000);
    const delivered = (deliveredMessages * 1_000) / (Date.now() - dueAt);
    const inAnHour = (): number => Date.now() + 3_600_000;
    const load = { inFlight: 32, forMs, status: 202 };
    const requests = await perSecond(bench.url, () => acceptShot(1, inAnHour(), "sendgrid"), load);
    const batches = await perSecond(bench.url, () => acceptShot(100, inAnHour(), "sendgrid"), load);
    return { shards, requests, accepted: batches * 100, delivered };
  } finally {
    await bench.stop();
  }
}
