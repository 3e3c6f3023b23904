import { Agent } from "node:http";
import type { Usage } from "../../../workers/notify/test/bench/usage.ts";
import { fire } from "../load.ts";
import { acceptShot, startBench, untilTaken, type Bench } from "./service.ts";

const main = "workers/notify/test/bench/worker.ts";

export interface Scenario {
  readonly name: string;
  readonly messages: number;
  /** Of one request. */
  readonly recipients: number;
  readonly provider: string;
  readonly variables: Readonly<Record<string, string>>;
}

export interface Cost {
  readonly scenario: Scenario;
  readonly usage: Usage;
  /** Requests to the provider, and of its webhooks. */
  readonly sends: number;
  readonly seconds: number;
}

/** Everything that so many messages use, from the request until each is known to be delivered. */
export async function measureCost(scenario: Scenario): Promise<Cost> {
  const { messages, recipients, provider, variables } = scenario;
  const bench = await startBench(main, variables);
  try {
    await usageOf(bench);
    const startedAt = Date.now();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const shots = Array.from({ length: messages / recipients }, () => recipients);
    const worker = async (): Promise<void> => {
      for (let next = shots.pop(); next !== undefined; next = shots.pop()) {
        const status = await fire(bench.url, acceptShot(next, Date.now(), provider), agent);
        if (status !== 202) throw new Error(`not accepted: ${status}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    agent.destroy();
    await untilTaken(bench, messages, 1_200_000);
    await untilTold(bench, 1_200_000);
    return {
      scenario,
      usage: await usageOf(bench),
      sends: providerRequests(bench, messages),
      seconds: (Date.now() - startedAt) / 1_000,
    };
  } finally {
    await bench.stop();
  }
}

/** All webhooks are delivered, and the shards have written what follows. */
async function untilTold({ simulator }: Bench, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (simulator.store.nextDueMs() !== undefined) {
    if (Date.now() > deadline) throw new Error("not all webhooks were taken");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
}

function providerRequests({ simulator: { store } }: Bench, messages: number): number {
  const requests = new Set<unknown>();
  for (let id = 1; id <= messages; id++) requests.add(store.message(String(id))?.request.id);
  return requests.size;
}

async function usageOf({ url }: Bench): Promise<Usage> {
  const response = await fetch(new URL("/bench/meter", url));
  return (await response.json()) as Usage;
}
