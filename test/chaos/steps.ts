import type { Census } from "./disk.ts";

/** A place in the life of a message where the service can be killed. */
export interface Step {
  readonly phase: "accept" | "schedule" | "claim" | "send" | "record" | "ingest" | "effect";
  /** As `workers/notify/test/crash/worker.ts` tells it; absent: while nothing happens, because the message waits. */
  readonly at?: string;
  /** For the table: when exactly. */
  readonly when: string;
  /**
   * What must stand on the disk afterwards, of {@link messagesOfACell} messages: that is what shows where it was killed.
   * `some`: webhooks come side by side, so that others may have been stored as well.
   */
  readonly onDisk: Partial<Readonly<Record<keyof Census, number | "some">>>;
  /** Whether the provider had the messages. */
  readonly taken: boolean;
  /** Absent: of both. */
  readonly scheduler?: "qstash";
  /** The messages are for later, so that nothing else begins beside the step. */
  readonly later?: true;
  /** A provider without idempotency keys may be asked for them twice. */
  readonly window?: true;
}

/** Of each cell: one of them bounces. */
export const messagesOfACell = 3;

const nothing = { messages: 0, leases: 0, attempts: 0, events: 0 };
const waits = { messages: messagesOfACell, armed: 1, leases: 0, attempts: 0 };
const leased = { messages: messagesOfACell, leases: 1, attempts: 0, events: 0 };
const recorded = { messages: messagesOfACell, leases: 0, attempts: messagesOfACell, events: 0 };

export function stepsOf(scheduler: "alarm" | "qstash"): readonly Step[] {
  return steps.filter((step) => step.scheduler === undefined || step.scheduler === scheduler);
}

/** In the order in which a message comes by. */
const steps: readonly Step[] = [
  {
    phase: "accept",
    at: "accept: not begun",
    when: "the request is read, the shard not called",
    onDisk: nothing,
    taken: false,
    later: true,
  },
  {
    phase: "accept",
    at: "accept: written, alarm not set",
    when: "rows are written, the alarm is not set",
    onDisk: nothing,
    taken: false,
    later: true,
  },
  {
    phase: "schedule",
    at: "accept: written, not committed",
    when: "the alarm is set, nothing committed",
    onDisk: nothing,
    taken: false,
    later: true,
  },
  {
    phase: "accept",
    at: "accept: committed",
    when: "committed, the caller not answered",
    onDisk: waits,
    taken: false,
    later: true,
  },
  {
    phase: "schedule",
    when: "answered, waits for its moment, which passes meanwhile",
    onDisk: waits,
    taken: false,
    later: true,
  },
  {
    phase: "schedule",
    at: "publish: not begun",
    when: "QStash is to call, and has not been asked",
    onDisk: waits,
    taken: false,
    later: true,
    scheduler: "qstash",
  },
  {
    phase: "schedule",
    at: "settleWake: not begun",
    when: "QStash will call, the shard has not heard so",
    onDisk: waits,
    taken: false,
    later: true,
    scheduler: "qstash",
  },
  {
    phase: "claim",
    at: "claim: not begun",
    when: "the alarm fires, or QStash calls; nothing claimed",
    onDisk: waits,
    taken: false,
  },
  {
    phase: "claim",
    at: "claim: about to be written",
    when: "the lanes have given permits, nothing claimed",
    onDisk: waits,
    taken: false,
  },
  {
    phase: "claim",
    at: "claim: written, not committed",
    when: "leases are written, not committed",
    onDisk: waits,
    taken: false,
  },
  { phase: "claim", at: "claim: committed", when: "leases committed, handed to nobody", onDisk: leased, taken: false },
  { phase: "send", at: "send: no request made", when: "handed over, no request made", onDisk: leased, taken: false },
  {
    phase: "send",
    at: "send: taken, answer not read",
    when: "the provider has taken them, its answer is not read",
    onDisk: leased,
    taken: true,
    window: true,
  },
  {
    phase: "record",
    at: "record: not begun",
    when: "the answer is read, the shard not called",
    onDisk: leased,
    taken: true,
    window: true,
  },
  {
    phase: "record",
    at: "record: written, not committed",
    when: "the attempts are written, not committed",
    onDisk: leased,
    taken: true,
    window: true,
  },
  { phase: "record", at: "record: committed", when: "the attempts are committed", onDisk: recorded, taken: true },
  {
    phase: "ingest",
    at: "ingest: not begun",
    when: "a webhook is verified, the shard not called",
    onDisk: recorded,
    taken: true,
  },
  {
    phase: "ingest",
    at: "ingest: written, not committed",
    when: "its event is written, not committed",
    onDisk: recorded,
    taken: true,
  },
  {
    phase: "ingest",
    at: "ingest: committed",
    when: "committed, the provider not answered",
    onDisk: { ...recorded, events: "some" },
    taken: true,
  },
  {
    phase: "effect",
    at: "effect: not begun",
    when: "a bounce is stored, its address not suppressed",
    onDisk: { effects: 1, suppressions: 0 },
    taken: true,
  },
  {
    phase: "effect",
    at: "settle: not begun",
    when: "its address is suppressed, the shard does not know",
    onDisk: { effects: 1, suppressions: 1 },
    taken: true,
  },
  {
    phase: "effect",
    at: "settle: written, not committed",
    when: "the effect is struck out, not committed",
    onDisk: { effects: 1, suppressions: 1 },
    taken: true,
  },
  {
    phase: "effect",
    at: "settle: committed",
    when: "the effect is struck out",
    onDisk: { effects: 0, suppressions: 1 },
    taken: true,
  },
];
