import type { AnyProvider, BatchEntry, ChannelId } from "carillon";
import { channelsById } from "carillon/channels";
import { addressOf } from "../accept/address.ts";
import type { Block, Blocks } from "../directory/suppressions.ts";
import { formatId, stemOf } from "../ids.ts";
import type { ChunkJob } from "../ledger/claim.ts";
import type { MemberOutcome } from "../ledger/settle.ts";
import { receiptContent } from "../receipts/payload.ts";
import type { Settings } from "../settings.ts";
import { everyCategory, optionalCategory } from "../suppress/category.ts";
import { oneClickHeaders } from "../unsubscribe/link.ts";

/** A message that is ready to be handed to the notifier. */
export interface Ready {
  readonly uuid: string;
  readonly entry: BatchEntry<ChannelId>;
  readonly addressKeys: readonly string[];
  /** The recipient whose address it is, where one was named. */
  readonly whose: string | undefined;
  /** Set when it heeds opt-outs. */
  readonly optOutCategory: string | undefined;
  /** Whether it may share a request with others. */
  readonly batchable: boolean;
  /** Keys of its addresses that are suppressed and left out. */
  readonly dropped: readonly string[];
}

export interface Prepared {
  readonly ready: readonly Ready[];
  /** Those that can never become a message. */
  readonly refused: readonly MemberOutcome[];
}

type Content = Readonly<Record<string, unknown>> & { readonly metadata?: Readonly<Record<string, string>> };

/** Makes the messages of a chunk: each member's notification's content for its own address. */
export async function prepareAll(settings: Settings, provider: AnyProvider, job: ChunkJob): Promise<Prepared> {
  const ready: Ready[] = [];
  const refused: MemberOutcome[] = [];
  const contents = new Map(
    Array.from(job.contents, ([stem, { content, category }]) => {
      const optOutCategory = optionalCategory(settings.categories, category);
      return [stem, { content: JSON.parse(content) as Content, optOutCategory }] as const;
    }),
  );
  for (const { uuid, recipient, whose } of job.members) {
    const { content, optOutCategory } = contents.get(stemOf(uuid)) ?? { content: {} as Content };
    const metadata = { ...content.metadata, "carillon-environment": settings.environment };
    const headers = await oneClickHeaders(settings, job, { uuid, recipient, content, optOutCategory });
    const receipt = await receiptContent(settings, job, { uuid, content });
    const input = { ...content, ...headers, ...receipt, metadata, channel: job.channel, to: recipient };
    const made = await make(provider, job, { uuid, whose, optOutCategory }, input, []);
    if ("kind" in made) refused.push(made);
    else ready.push(made);
  }
  return { ready, refused };
}

async function make(
  provider: AnyProvider,
  job: ChunkJob,
  { uuid, whose, optOutCategory }: Pick<Ready, "uuid" | "whose" | "optOutCategory">,
  input: object,
  dropped: readonly string[],
): Promise<Ready | MemberOutcome> {
  const channel = channelsById[job.channel as ChannelId];
  const message = channel.normalise(input);
  if ("ok" in message) return { uuid, kind: "refused", detail: message.detail, field: message.field };
  const addresses = await channel.addresses(message as never);
  const messageId = formatId("msg", job.shard, uuid);
  return {
    uuid,
    entry: { message: input as never, messageId, idempotencyKey: messageId },
    addressKeys: addresses.map(({ key }) => key),
    whose,
    optOutCategory,
    batchable: provider.batch?.groupKey(message as never) !== undefined,
    dropped,
  };
}

/**
 * Leaves out the suppressed addresses. A message whose every address in `to` is suppressed is not sent at all: whoever is
 * in copy was to see what those got. What the provider has taken, and will recognise by its key, stays as it was: without
 * it the request would be another one, and the others of it would be sent again.
 */
export async function withoutSuppressed(
  provider: AnyProvider,
  job: ChunkJob,
  ready: readonly Ready[],
  blocks: Blocks,
): Promise<{ wanted: readonly Ready[]; outcomes: readonly MemberOutcome[] }> {
  const wanted: Ready[] = [];
  const outcomes: MemberOutcome[] = [];
  const isRecognised = provider.idempotency !== undefined;
  const taken = new Set(job.members.filter((member) => isRecognised && member.taken === true).map(({ uuid }) => uuid));
  for (const one of ready) {
    const blockOf = (key: string): Block | undefined => blocks.get(key)?.find((block) => holds(block, one));
    const dropped = one.addressKeys.filter((key) => blockOf(key) !== undefined);
    const [first] = dropped;
    if (first === undefined || taken.has(one.uuid)) {
      wanted.push(one);
      continue;
    }
    const input: Record<string, unknown> = { ...(one.entry.message as object) };
    for (const field of ["to", "cc", "bcc"]) {
      if (input[field] === undefined) continue;
      const kept: unknown[] = [];
      for (const address of [input[field]].flat()) {
        const known = await addressOf(job.channel as ChannelId, address);
        if (known === undefined || blockOf(known.key) === undefined) kept.push(address);
      }
      input[field] = kept;
    }
    if ((input["to"] as unknown[]).length === 0) {
      // Not of whom the device is by now.
      const { unlessFor: _, ...block }: Block = blockOf(first) ?? { reason: "manual", scope: "all" };
      outcomes.push({ uuid: one.uuid, kind: "suppressed", ...block });
      continue;
    }
    const made = await make(provider, job, one, input, dropped);
    if ("kind" in made) outcomes.push(made);
    else wanted.push(made);
  }
  return { wanted, outcomes };
}

/** Nothing passes a suppression of everything; an opt-out holds for its own category, or for all that can be left. */
function holds({ scope, category = everyCategory, unlessFor }: Block, { whose, optOutCategory }: Ready): boolean {
  if (unlessFor !== undefined) return whose !== undefined && whose !== unlessFor;
  return (
    scope === "all" || (optOutCategory !== undefined && (category === everyCategory || category === optOutCategory))
  );
}
