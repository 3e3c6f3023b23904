import { findEndpoint, noteFailure, noteSuccess } from "../directory/endpoints.ts";
import type { Endpoint } from "../directory/endpoints.ts";
import { maxConnections } from "../dispatch/limits.ts";
import type { Env } from "../env.ts";
import type { DeliveryAnswer, TellJob } from "../ledger/deliveries.ts";
import { shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import { payloadOf } from "./payload.ts";
import { postWebhook } from "./post.ts";
import { pushListeners } from "./listeners.ts";
import type { UrlPolicy } from "./url.ts";

/** Requests begin for so long: an invocation lives 30 seconds after its answer, and the last one needs its time-out. */
const beginForMs = 10_000;

/** While the directory cannot be read, or says that a shard has yet to learn of a change. */
const directoryPauseMs = 30_000;

/** An endpoint that answers nothing but failure for so long is disabled. */
export const disabledAfterMs: number = 5 * 86_400_000;

/**
 * Tells one endpoint what a shard has for it, six requests in flight, and brings the answers home. When everything of a
 * round failed, the rest waits for another turn.
 */
export async function tellEndpoint(env: Env, job: TellJob): Promise<void> {
  let endpoint: Endpoint | undefined;
  try {
    endpoint = await findEndpoint(env.DB, job.endpoint);
  } catch {
    return settle(env, job, [], directoryPauseMs);
  }
  if (endpoint === undefined || endpoint.disabledAt !== undefined) return settle(env, job, [], directoryPauseMs);
  const answers = await postAll(endpoint, job, settingsOf(env).endpointUrls);
  await settle(env, job, answers, 0);
  await note(env, endpoint, answers);
}

async function postAll(endpoint: Endpoint, job: TellJob, policy: UrlPolicy): Promise<readonly DeliveryAnswer[]> {
  const answers: DeliveryAnswer[] = [];
  const until = Date.now() + beginForMs;
  for (let index = 0; index < job.deliveries.length && Date.now() < until; index += maxConnections) {
    const round = await Promise.all(
      job.deliveries.slice(index, index + maxConnections).map(async (delivery): Promise<DeliveryAnswer> => {
        const payload = payloadOf(job.shard, delivery);
        const answer = await postWebhook(endpoint, { id: payload.id, body: JSON.stringify(payload) }, policy);
        return { ...answer, subject: delivery.subject, sequence: delivery.sequence };
      }),
    );
    answers.push(...round);
    if (!round.some(({ ok }) => ok) || round.some(({ status }) => status === 429)) break;
  }
  return answers;
}

/** Without this the lease ends and everything is told once more, so it is worth asking again. */
async function settle(env: Env, job: TellJob, answers: readonly DeliveryAnswer[], pauseMs: number): Promise<void> {
  const { shard, endpoint, token } = job;
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      return await shardStub(env, shard).settleDeliveries({ endpoint, token, now: Date.now(), answers, pauseMs });
    } catch {
      console.error(JSON.stringify({ event: "deliveries-not-settled", shard, endpoint, attempt }));
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}

/** What the answers say of the endpoint itself. They raise no events: who is not reached cannot be told. */
async function note(env: Env, endpoint: Endpoint, answers: readonly DeliveryAnswer[]): Promise<void> {
  const { id, failingSince } = endpoint;
  const gone = answers.some(({ status }) => status === 410);
  const succeeded = answers.some(({ ok }) => ok);
  const now = Date.now();
  try {
    if (succeeded && !gone && failingSince !== undefined) await noteSuccess(env.DB, id);
    if (!gone && (succeeded || answers.length === 0)) return;
    const before = now - disabledAfterMs;
    // Once it is known to fail there is nothing to write until it has failed for long enough.
    if (!gone && failingSince !== undefined && failingSince > before) return;
    if (await noteFailure(env.DB, endpoint, { gone, before, now })) {
      console.error(JSON.stringify({ event: "endpoint-disabled", endpoint: id, because: gone ? "gone" : "failing" }));
      await pushListeners(env);
    }
  } catch {
    console.error(JSON.stringify({ event: "endpoint-not-noted", endpoint: id }));
  }
}
