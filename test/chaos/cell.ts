import { letTimePass, takeCensus, type Census } from "./disk.ts";
import type { Sender } from "./matrix.ts";
import { pause, until } from "./rig.ts";
import type { Scheduler, StepRig } from "./step-rig.ts";
import { messagesOfACell, type Step } from "./steps.ts";

/** What became of the messages of one cell of the matrix. */
export interface Cell {
  /** What the crash left on the disk, beyond what had been there before. */
  readonly onDisk: Census;
  /** Messages that the provider had when the service was killed. */
  readonly takenBefore: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** Of {@link twice}, those that say so. */
  readonly marked: readonly string[];
  readonly statuses: Readonly<Record<string, number>>;
  /** Events in the timelines, at the end; and those that the provider told of, each counted once. */
  readonly events: number;
  readonly told: number;
  readonly suppressions: number;
}

/** When messages are due that are for later. */
const laterMs = 3_000;

/** Webhooks that come only when they are called: what a provider tells meanwhile would spare it a second request. */
const heldBackMs = 600_000;

/** Webhooks that come when the answer to the request has long been recorded. */
const orderlyMs = 600;

const endsWithinMs = 200_000;

/** A lease of a minute, and a moment. */
const leaseIsOverMs = 61_000;

/** What a call of QStash's opens a shard for. */
const openForMs = 31_000;

/** A shard looks after two minutes why QStash does not call. */
const callIsOverMs = 121_000;

let cells = 0;

/**
 * Has one notification accepted, kills the service at the step, starts it again, and waits for the end. `waitsFor` says how
 * the end of a lost lease is come by: by waiting, or by a disk on which that minute is over.
 */
export async function runCell(
  rig: StepRig,
  step: Step,
  { provider, tells }: Sender,
  scheduler: Scheduler,
  waitsFor: "leases" | "nothing",
): Promise<Cell> {
  const { simulator, service } = rig;
  await rig.start();
  if (scheduler === "qstash") await closeShard(rig);
  cells += 1;
  const label = `${provider}-${cells}`;
  const to = Array.from({ length: messagesOfACell - 1 }, (_, index) => `delivered+${label}-${index}@simulator.test`);
  const reported = tells || step.phase === "ingest" || step.phase === "effect";
  await delayWebhooks(rig, reported ? orderlyMs : heldBackMs);
  const before = takeCensus(rig.ledgers, rig.directory);
  const acceptedBefore = simulator.store.witness().accepted;

  const kill = step.at === undefined ? undefined : await rig.killAt(step.at);
  const post = (): ReturnType<StepRig["service"]["post"]> =>
    service.post(
      {
        channel: "email",
        to: [`bounced+${label}@simulator.test`, ...to],
        content: { from: "ringer@example.com", subject: "Practice", text: "Tonight at seven." },
        providers: [provider],
        ...(step.later === true ? { sendAt } : {}),
      },
      label,
    );
  const sendAt = new Date(Date.now() + laterMs).toISOString();
  const first = post().catch(() => undefined);
  if (kill === undefined) {
    await first;
    await rig.kill();
  } else await kill.done;
  const answered = await first;
  const onDisk = difference(takeCensus(rig.ledgers, rig.directory), before);
  const takenBefore = simulator.store.witness().accepted - acceptedBefore;

  // QStash does not look at the service's disk.
  const isWaitedFor = step.later === true && (waitsFor === "leases" || scheduler === "qstash");
  if (isWaitedFor) await pause(Math.max(0, Date.parse(sendAt) - Date.now()));
  if (waitsFor === "nothing") letTimePass(rig.ledgers, scheduler === "qstash" ? callIsOverMs : leaseIsOverMs);
  await rig.start();
  // So long has it been for QStash, too: a call that was not answered is made again.
  if (waitsFor === "nothing" && !step.taken && step.onDisk.leases === 0) {
    await simulator.settle();
  }
  // Who has no answer asks again, with the key of before.
  const { id, messages } = answered ?? (await post());
  const ids = messages.map((message) => message.id);
  const unfinished = ["scheduled", "queued"];
  await until(
    () => service.notification(id),
    ({ byStatus }) => Object.keys(byStatus).every((status) => !unfinished.includes(status)),
    endsWithinMs,
  );
  await simulator.settle();
  const atTheEnd = await until(
    () => Promise.resolve(difference(takeCensus(rig.ledgers, rig.directory), before)),
    ({ effects, leases }) => effects === 0 && leases === 0,
    endsWithinMs,
  );
  const { byStatus } = await service.notification(id);
  const times = new Map(ids.flatMap((message) => [...simulator.store.witnessCounts(message)]));
  const twice = ids.filter((message) => (times.get(message) ?? 0) > 1);
  const views = await Promise.all(twice.map((message) => service.message(message)));
  return {
    onDisk,
    takenBefore,
    lost: ids.filter((message) => !times.has(message)),
    twice,
    marked: views.filter(({ possibleDuplicate }) => possibleDuplicate).map((view) => view.id),
    statuses: byStatus,
    events: atTheEnd.events,
    told: ids.reduce((sum, message) => sum + toldOf(rig, message), 0),
    suppressions: atTheEnd.suppressions,
  };
}

/** How many events the provider has told of a message. */
function toldOf({ simulator: { store } }: StepRig, messageId: string): number {
  const accepted = store.messages({ messageId }, 10).items.map(({ id }) => id);
  const events = store.webhooksOf(accepted).map(({ event }) => event.id);
  return new Set(events).size;
}

/** A call of QStash's opens a shard for half a minute, in which it needs no other: it would sleep through the step. */
async function closeShard(rig: StepRig): Promise<void> {
  await rig.kill();
  letTimePass(rig.ledgers, openForMs);
  await rig.start();
}

async function delayWebhooks({ simulator }: StepRig, delayMs: number): Promise<void> {
  const headers = { "content-type": "application/json" };
  const init = { method: "PUT", headers, body: JSON.stringify({ delayMs }) };
  const response = await simulator.fetch("http://simulator/api/settings", init);
  if (!response.ok) throw new Error(await response.text());
}

function difference(after: Census, before: Census): Census {
  const entries = Object.entries(after).map(([name, count]) => [name, count - before[name as keyof Census]]);
  return Object.fromEntries(entries) as unknown as Census;
}
