import { Client } from "@upstash/qstash";
import type { Env } from "../env.ts";
import type { Wake } from "../ledger/wakes.ts";
import { shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import type { QueueSettings } from "./settings.ts";

/** QStash answers in tens of milliseconds; its client waits for ever. */
const answerWithinMs = 10_000;

/** Of a call that finds no service, a few seconds to half an hour later. Then the shard's own alarm has come long since. */
const callRetries = 3;

/** Asks QStash for a call, and tells the shard what it answered. */
export async function publishWake(env: Env, wake: Wake): Promise<void> {
  const { queue } = settingsOf(env).scheduler;
  // Switched off since it was planned: the next write of the shard arms its alarm.
  if (queue === undefined) return;
  const refused = await publish(queue, wake).then(() => undefined, reasonOf);
  if (refused !== undefined) {
    console.error(JSON.stringify({ event: "wake-not-published", shard: wake.shard, reason: refused }));
  }
  await shardStub(env, wake.shard).settleWake(wake, refused);
}

async function publish({ token, baseUrl, jobsUrl }: QueueSettings, { shard, at, generation }: Wake): Promise<void> {
  // `devMode: false`: a variable of the environment must not send it to another server.
  const client = new Client({ token, baseUrl, enableTelemetry: false, devMode: false, retry: { retries: 1 } });
  const published = client.publishJSON({
    url: jobsUrl,
    body: { shard, at, generation },
    deduplicationId: `${shard}:${at}:${generation}`,
    label: "carillon-wake",
    retries: callRetries,
    ...(at > Date.now() && { notBefore: Math.ceil(at / 1000) }),
  });
  // Should it fail once nobody waits any more, that is nobody's to handle.
  published.catch(() => undefined);
  await Promise.race([published, failsAfter(answerWithinMs)]);
}

function failsAfter(ms: number): Promise<never> {
  const signal = AbortSignal.timeout(ms);
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

/** What is told of a failure: never its text, which may quote what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "network";
  if ("status" in error && typeof error.status === "number") return `HTTP ${error.status}`;
  return error.name === "TimeoutError" ? "timeout" : "network";
}
