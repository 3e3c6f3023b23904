import { createNotifier } from "carillon";
import type { AnyProvider, AttemptReport, BatchEntry, ChannelId, SendResult } from "carillon";
import { channelsById } from "carillon/channels";
import { findSuppressed } from "../directory/suppressions.ts";
import type { SuppressionReason } from "../directory/suppressions.ts";
import { deliverForMs, requestTimeoutMs } from "../dispatch/limits.ts";
import type { Env } from "../env.ts";
import { formatId, stemOf } from "../ids.ts";
import type { ChunkJob } from "../ledger/claim.ts";
import type { MemberOutcome } from "../ledger/record.ts";
import { shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import type { Settings } from "../settings.ts";

/** A message that is ready to be handed to the notifier. */
interface Ready {
  readonly uuid: string;
  readonly entry: BatchEntry<ChannelId>;
  readonly addressKeys: readonly string[];
  /** Whether it may share a request with others. */
  readonly batchable: boolean;
}

/** While the directory cannot be read, messages wait: a suppressed address must not be sent to. */
const directoryPauseMs = 30_000;

/** Sends the members of a chunk through its lane, and records what became of each. */
export async function deliverChunk(env: Env, job: ChunkJob): Promise<void> {
  const settings = settingsOf(env);
  const provider = providerOf(settings, job);
  const outcomes =
    provider === undefined
      ? postponeAll(job, "The lane is not configured.", directoryPauseMs)
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
  const ready: Ready[] = [];
  const outcomes = new Map<string, MemberOutcome>();
  for (const member of job.members) {
    const prepared = await prepare(settings, provider, job, member);
    if ("kind" in prepared) outcomes.set(member.uuid, prepared);
    else ready.push(prepared);
  }
  let suppressed: ReadonlyMap<string, SuppressionReason>;
  try {
    suppressed = await findSuppressed(
      env.DB,
      job.channel,
      ready.flatMap(({ addressKeys }) => addressKeys),
    );
  } catch {
    return postponeAll(job, "The suppressions could not be read.", directoryPauseMs);
  }
  const wanted = ready.filter(({ uuid, addressKeys }) => {
    const reason = addressKeys.map((key) => suppressed.get(key)).find((found) => found !== undefined);
    if (reason === undefined) return true;
    outcomes.set(uuid, { uuid, kind: "suppressed", reason });
    return false;
  });
  const notifier = createNotifier({
    [job.channel]: [provider],
    attempts: 1,
    onUnknown: "hold",
    guard: settings.guard,
    timeoutMs: requestTimeoutMs,
    fetch: settings.fetch,
    now: () => new Date(),
  } as Parameters<typeof createNotifier>[0]);
  const startBefore = Math.min(Date.now() + deliverForMs, job.leaseUntil - 2 * requestTimeoutMs);
  for (const slice of slicesOf(wanted, provider)) {
    if (Date.now() >= startBefore) {
      for (const { uuid } of slice)
        outcomes.set(uuid, { uuid, kind: "postponed", reason: "The turn was over.", forMs: 0 });
      continue;
    }
    const results = await notifier.sendBatch(slice.map(({ entry }) => entry) as never);
    for (const [index, result] of results.entries()) {
      const uuid = slice[index]?.uuid ?? "";
      outcomes.set(uuid, outcomeOf(uuid, result));
    }
  }
  return job.members.flatMap(({ uuid }) => outcomes.get(uuid) ?? []);
}

/** Makes the message of a member: the notification's content for its own address. */
async function prepare(
  settings: Settings,
  provider: AnyProvider,
  job: ChunkJob,
  { uuid, recipient }: ChunkJob["members"][number],
): Promise<Ready | MemberOutcome> {
  const stored = job.contents.get(stemOf(uuid));
  const content = JSON.parse(stored?.content ?? "{}") as { metadata?: Record<string, string> };
  const metadata = { ...content.metadata, "carillon-environment": settings.environment };
  const channel = channelsById[job.channel as ChannelId];
  const input = { ...content, metadata, channel: job.channel, to: recipient };
  const message = channel.normalise(input);
  if ("ok" in message) return { uuid, kind: "refused", detail: message.detail, field: message.field };
  const addresses = await channel.addresses(message as never);
  const messageId = formatId("msg", job.shard, uuid);
  return {
    uuid,
    entry: { message: input as never, messageId, idempotencyKey: messageId },
    addressKeys: addresses.map(({ key }) => key),
    batchable: provider.batch?.groupKey(message as never) !== undefined,
  };
}

/**
 * What is sent between two looks at the clock: a whole batch request, or one round of single requests. So no request
 * starts that could outlast the lease.
 */
function slicesOf(ready: readonly Ready[], provider: AnyProvider): readonly (readonly Ready[])[] {
  const batchable = ready.filter((one) => one.batchable);
  const single = ready.filter((one) => !one.batchable);
  return [...cut(batchable, provider.batch?.maxMessages ?? 1), ...cut(single, 6)];
}

function cut<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function outcomeOf(uuid: string, result: SendResult): MemberOutcome {
  if (result.ok && result.outcome === "captured") return { uuid, kind: "captured", reason: result.reason };
  const report: AttemptReport | undefined = result.attempts.at(-1);
  if (report !== undefined) return { uuid, kind: "attempt", report };
  const { detail = "", field } = result.ok ? {} : result;
  return { uuid, kind: "refused", detail, field };
}

function providerOf(settings: Settings, job: ChunkJob): AnyProvider | undefined {
  return settings.providers[job.channel as ChannelId]?.find(({ id, account }) => `${id}:${account}` === job.lane);
}

function postponeAll(job: ChunkJob, reason: string, forMs: number): MemberOutcome[] {
  return job.members.map(({ uuid }) => ({ uuid, kind: "postponed", reason, forMs }));
}
