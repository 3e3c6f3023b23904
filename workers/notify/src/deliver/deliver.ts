import { createNotifier } from "carillon";
import type { AnyProvider, AttemptReport, ChannelId, SendResult } from "carillon";
import type { Blocks } from "../directory/suppressions.ts";
import { deliverForMs, maxConnections, requestTimeoutMs } from "../dispatch/limits.ts";
import type { Env } from "../env.ts";
import { stemOf } from "../ids.ts";
import type { ChunkJob } from "../ledger/claim.ts";
import { isToRest } from "../ledger/pauses.ts";
import type { MemberOutcome } from "../ledger/settle.ts";
import { shardStub } from "../ledger/shards.ts";
import { mustRefuse, settingsOf } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { blocksOf } from "../suppress/blocks.ts";
import { prepareAll, withoutSuppressed } from "./prepare.ts";
import type { Ready } from "./prepare.ts";

/** While the directory cannot be read, messages wait: a suppressed address must not be sent to. */
const directoryPauseMs = 30_000;

/** Sends the members of a chunk through its lane, and records what became of each. */
export async function deliverChunk(env: Env, job: ChunkJob): Promise<void> {
  const settings = settingsOf(env);
  const provider = mustRefuse(env, settings) ? undefined : providerOf(settings, job);
  const outcomes =
    provider === undefined
      ? postponeAll(job, "No request may be made on this lane.", directoryPauseMs)
      : await sendMembers(env, settings, provider, job);
  const command = { chunk: job.chunk, token: job.token, lane: job.lane, outcomes };
  // Without this record the lease ends as "unknown", so it is worth asking again.
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      await shardStub(env, job.shard).record({ ...command, now: Date.now() });
      return;
    } catch {
      console.error(JSON.stringify({ event: "record-failed", shard: job.shard, chunk: job.chunk, attempt }));
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}

async function sendMembers(
  env: Env,
  settings: Settings,
  provider: AnyProvider,
  job: ChunkJob,
): Promise<MemberOutcome[]> {
  const { ready, refused } = await prepareAll(settings, provider, job);
  let blocks: Blocks;
  try {
    blocks = await blocksOf(
      env,
      job.channel,
      ready.flatMap(({ addressKeys }) => addressKeys),
      { optOuts: ready.some(({ optOutCategory }) => optOutCategory !== undefined), now: Date.now() },
    );
  } catch {
    return postponeAll(job, "The suppressions could not be read.", directoryPauseMs);
  }
  const { wanted, outcomes: kept } = await withoutSuppressed(provider, job, ready, blocks);
  const outcomes = new Map([...refused, ...kept].map((outcome) => [outcome.uuid, outcome]));
  const startBefore = Math.min(Date.now() + deliverForMs, job.leaseUntil - 2 * requestTimeoutMs);
  // A batch that is refused is sent message by message: what of that has not begun by then is left for another turn.
  const signal = AbortSignal.timeout(Math.max(0, startBefore + requestTimeoutMs - Date.now()));
  const notifier = createNotifier({
    [job.channel]: [provider],
    attempts: 1,
    onUnknown: "hold",
    guard: settings.guard,
    timeoutMs: requestTimeoutMs,
    concurrency: maxConnections,
    fetch: settings.fetch,
    now: () => new Date(),
  } as Parameters<typeof createNotifier>[0]);
  let rests = false;
  for (const planned of slicesOf(wanted, provider)) {
    const now = Date.now();
    const slice = planned.filter(({ uuid }) => !isOver(job, uuid, now));
    for (const { uuid } of planned) if (isOver(job, uuid, now)) outcomes.set(uuid, { uuid, kind: "expired" });
    if (slice.length === 0) continue;
    const isAnother = isAnotherRequest(slice, job);
    if (isAnother && settings.onUnknown === "hold") {
      const reason = "It may have been sent, and the same request cannot be made again.";
      for (const { uuid } of slice) outcomes.set(uuid, { uuid, kind: "held", reason });
      continue;
    }
    if (rests || Date.now() >= startBefore) {
      for (const { uuid } of slice) outcomes.set(uuid, rests ? laneRests(uuid) : turnIsOver(uuid));
      continue;
    }
    const results = await notifier.sendBatch(slice.map(({ entry }) => entry) as never, { signal });
    for (const [index, one] of slice.entries()) {
      const result = results[index];
      if (result !== undefined) outcomes.set(one.uuid, outcomeOf(one, result, isAnother));
    }
    rests = isToRest(
      slice.flatMap(({ uuid }) => outcomes.get(uuid) ?? []),
      settings,
    );
  }
  return job.members.flatMap(({ uuid }) => outcomes.get(uuid) ?? []);
}

/** Whether a message's time is over: nothing is handed to a provider from then on. */
function isOver({ contents }: ChunkJob, uuid: string, now: number): boolean {
  return (contents.get(stemOf(uuid))?.expiresAt ?? Number.POSITIVE_INFINITY) <= now;
}

/**
 * Whether a request that may have arrived is repeated with other members: the provider does not recognise it. Messages
 * that travel alone have keys of their own.
 */
function isAnotherRequest(slice: readonly Ready[], { repeated }: ChunkJob): boolean {
  return repeated !== undefined && slice.some(({ batchable }) => batchable) && slice.length < repeated.members;
}

/**
 * What is sent between two looks at the clock: a whole batch request, or one round of single requests. So no request
 * starts that could outlast the lease.
 */
function slicesOf(ready: readonly Ready[], provider: AnyProvider): readonly (readonly Ready[])[] {
  const batchable = ready.filter((one) => one.batchable);
  const single = ready.filter((one) => !one.batchable);
  return [...cut(batchable, provider.batch?.maxMessages ?? 1), ...cut(single, maxConnections)];
}

function cut<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function outcomeOf({ uuid, dropped }: Ready, result: SendResult, isAnother: boolean): MemberOutcome {
  if (result.ok && result.outcome === "captured") return { uuid, kind: "captured", reason: result.reason };
  // The turn's end, before a request of its own had begun.
  if (!result.ok && result.kind === "aborted" && !result.mayHaveBeenSent) return turnIsOver(uuid);
  const report: AttemptReport | undefined = result.attempts.at(-1);
  if (report === undefined) {
    const { detail = "", field } = result.ok ? {} : result;
    return { uuid, kind: "refused", detail, field };
  }
  return {
    uuid,
    kind: "attempt",
    // What the end of the turn cut off is as unknown as what timed out.
    report: report.kind === "aborted" ? { ...report, kind: "timeout" } : report,
    possibleDuplicate: isAnother ? true : undefined,
    dropped: dropped.length > 0 ? dropped : undefined,
  };
}

function turnIsOver(uuid: string): MemberOutcome {
  return { uuid, kind: "postponed", reason: "The turn was over.", forMs: 0 };
}

/** What the shard has learned by then decides whether it waits, or goes by another lane. */
function laneRests(uuid: string): MemberOutcome {
  return { uuid, kind: "postponed", reason: "The provider must rest.", forMs: 0 };
}

function providerOf(settings: Settings, job: ChunkJob): AnyProvider | undefined {
  return settings.providers[job.channel as ChannelId]?.find(({ id, account }) => `${id}:${account}` === job.lane);
}

function postponeAll(job: ChunkJob, reason: string, forMs: number): MemberOutcome[] {
  return job.members.map(({ uuid }) => ({ uuid, kind: "postponed", reason, forMs }));
}
