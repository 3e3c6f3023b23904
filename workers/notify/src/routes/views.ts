import { formatId, notificationOf } from "../ids.ts";
import { defaultCategory } from "../suppress/category.ts";
import type { PersonDetail } from "../ledger/read-route.ts";
import type { MessageDetail, MessageSummary, TimelineEntry } from "../ledger/read.ts";

/** A message as the API shows it: labels for addresses, ISO 8601 for times. */
export function messageView(shard: number, message: MessageSummary): Record<string, unknown> {
  const {
    uuid,
    channel,
    category = defaultCategory,
    status,
    recipient,
    to,
    acceptedAt,
    sendAt,
    expiresAt,
    provider,
    possibleDuplicate,
  } = message;
  return {
    id: formatId("msg", shard, uuid),
    notification: formatId("ntf", shard, notificationOf(uuid)),
    channel,
    category,
    status,
    recipient,
    to,
    provider,
    possibleDuplicate,
    acceptedAt: iso(acceptedAt),
    sendAt: iso(sendAt),
    expiresAt: expiresAt === undefined ? undefined : iso(expiresAt),
  };
}

/** The same with all that is known: milestones, the timeline of attempts and events, and why it was or was not sent. */
export function messageDetailView(shard: number, message: MessageDetail): Record<string, unknown> {
  const { providerMessageId, tries, nextTryAt, milestones, timeline, subject, replayOf, replayedAs, schedule } =
    message;
  return {
    ...messageView(shard, message),
    subject,
    schedule,
    replayOf: replayOf && formatId("msg", shard, replayOf),
    replayedAs: replayedAs && formatId("msg", shard, replayedAs),
    providerMessageId,
    tries,
    nextTryAt: nextTryAt === undefined ? undefined : iso(nextTryAt),
    milestones: Object.fromEntries(Object.entries(milestones).map(([name, at]) => [name, iso(at)])),
    timeline: timeline.map(entryView),
  };
}

/** Where one person is on a route; steps count from 1. */
export function personView(shard: number, { step, steps, canceledAt }: PersonDetail): Record<string, unknown> {
  return {
    step: step + 1,
    canceledAt: canceledAt === undefined ? undefined : iso(canceledAt),
    steps: steps.map(({ state, at, because, reason, messages }, index) => ({
      step: index + 1,
      state,
      at: at === undefined ? undefined : iso(at),
      because,
      reason,
      messages: messages.map((uuid) => formatId("msg", shard, uuid)),
    })),
  };
}

export function entryView({ seq, at, kind, provider, data }: TimelineEntry): Record<string, unknown> {
  // What the provider sent stays in the ledger: it repeats the address.
  const { raw: _, then, until, claimedAt, ...rest } = data;
  return {
    seq,
    at: iso(at),
    kind,
    provider,
    ...rest,
    then: typeof then === "object" && then !== null ? withIso(then, "at") : then,
    ...withIso({ until }, "until"),
    ...withIso({ claimedAt }, "claimedAt"),
  };
}

/** The same with a moment of the ledger as the API spells moments. */
function withIso(data: object, name: string): Record<string, unknown> {
  const at: unknown = (data as Record<string, unknown>)[name];
  return { ...data, ...(typeof at === "number" ? { [name]: iso(at) } : {}) };
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}
