import type { BatchItem, Outcome, ProviderBatch, ProviderFailure } from "../provider/contract.ts";
import { failure, isFailure } from "./attempt.ts";
import {
  aborted,
  deliver,
  end,
  firstStanding,
  nextLane,
  pause,
  plan,
  type Run,
  type Standing,
  tried,
  tryOnce,
} from "./failover.ts";
import { batchKey } from "./idempotency.ts";
import { type Journey, record, redactorOf, sent } from "./journey.ts";
import type { Lane } from "./lane.ts";

/** Carries many messages of one channel: in batches where the provider takes them, the others singly. */
export async function deliverAll(
  run: Run,
  journeys: readonly Journey[],
  standing: Standing = firstStanding,
): Promise<void> {
  const lane = run.lanes[standing.laneIndex] as Lane;
  const { batch } = lane.provider;
  await Promise.all(
    chunks(batch, journeys).map((chunk) =>
      batch && chunk.length > 1
        ? deliverBatch(run, lane, batch, chunk, standing)
        : Promise.all(chunk.map((journey) => deliver(run, journey, standing))),
    ),
  );
}

/** By `groupKey`, in order, at most `maxMessages` each; a message that has no key is alone. */
function chunks(batch: ProviderBatch | undefined, journeys: readonly Journey[]): readonly (readonly Journey[])[] {
  if (!batch) return [journeys];
  const all: Journey[][] = [];
  const open = new Map<string, Journey[]>();
  for (const journey of journeys) {
    const key = groupKeyOf(batch, journey);
    let chunk = key === undefined ? undefined : open.get(key);
    if (!chunk || chunk.length >= batch.maxMessages) {
      all.push((chunk = []));
      if (key !== undefined) open.set(key, chunk);
    }
    chunk.push(journey);
  }
  return all;
}

function groupKeyOf(batch: ProviderBatch, journey: Journey): string | undefined {
  try {
    return batch.groupKey(journey.message);
  } catch {
    return undefined;
  }
}

/** Carries a batch until each of its messages has a result. The same members keep the same key at every try. */
async function deliverBatch(
  run: Run,
  lane: Lane,
  batch: ProviderBatch,
  journeys: readonly Journey[],
  from: Standing,
): Promise<void> {
  const keys = journeys.map((journey) => journey.idempotencyKey);
  const requestKey = await batchKey(keys, lane.provider);
  const items: readonly BatchItem[] = journeys.map(({ message, messageId }) => ({ message, messageId }));
  let standing = from;
  for (;;) {
    const attempted = await tryOnce<readonly Outcome[]>(run, lane, {
      // A batch has no message id of its own; its key names it as well.
      messageId: requestKey,
      requestKey,
      build: (context) => batch.buildRequest(items, context),
      read: (response) => batch.readResponse(response, items),
    });
    if (!attempted) return journeys.forEach((journey) => end(journey, aborted));
    const redact = redactorOf(attempted.secrets, journeys);
    const request = { requestKey, batchSize: journeys.length };
    const outcomes = perItem(attempted.result, journeys.length);
    const earlierUnknown = journeys.map((journey) => journey.unknown);
    const recorded: Outcome[] = [];
    for (const [index, journey] of journeys.entries()) {
      recorded.push(await record(run.core, journey, lane, attempted, outcomes[index] as Outcome, request, redact));
    }
    standing = tried(standing, attempted.startedAt);

    const { result, inFlight, status } = attempted;
    if (!isFailure(result)) {
      // Whatever is tried again now is another set of messages and has another key, which protects nothing sent before.
      const anew = { ...standing, keySinceMs: undefined };
      return branch(run, journeys, anew, (index) => {
        const outcome = recorded[index] as Outcome;
        return outcome.ok ? outcome : [outcome, plan(run, anew, outcome, inFlight, earlierUnknown[index] as boolean)];
      });
    }

    const whole = recorded[0] as ProviderFailure;
    const isUnknown = earlierUnknown.includes(true);
    if (blamesAMessage(whole, status) && (!isUnknown || run.core.onUnknown === "resend")) {
      if (isUnknown) for (const journey of journeys) journey.duplicate = true;
      // Not a retry: it finds out which of them was meant.
      const alone: Standing = { ...standing, tries: 0, keySinceMs: undefined };
      await Promise.all(journeys.map((journey) => deliver(run, journey, alone)));
      return;
    }
    const step = plan(run, standing, whole, inFlight, isUnknown);
    if (step.action !== "retry") return branch(run, journeys, standing, () => [whole, step]);
    if (step.possibleDuplicate) for (const journey of journeys) journey.duplicate = true;
    await pause(run, step.afterMs);
  }
}

/** Ends what is at its end, and carries on with the others in two sets: at the same provider, and at the next. */
async function branch(
  run: Run,
  journeys: readonly Journey[],
  standing: Standing,
  stepOf: (
    index: number,
  ) => Extract<Outcome, { readonly ok: true }> | readonly [ProviderFailure, ReturnType<typeof plan>],
): Promise<void> {
  const again: Journey[] = [];
  const next: Journey[] = [];
  let afterMs = 0;
  for (const [index, journey] of journeys.entries()) {
    const decided = stepOf(index);
    if ("ok" in decided) {
      journey.result = sent(journey);
      continue;
    }
    const [outcome, step] = decided;
    if (step.action === "stop") {
      end(journey, outcome);
      continue;
    }
    if (step.possibleDuplicate) journey.duplicate = true;
    if (step.action === "next") {
      next.push(journey);
    } else {
      again.push(journey);
      afterMs = Math.max(afterMs, step.afterMs);
    }
  }
  await Promise.all([
    next.length > 0 && deliverAll(run, next, nextLane(standing)),
    again.length > 0 && pause(run, afterMs).then(() => deliverAll(run, again, standing)),
  ]);
}

/** One outcome for each message. An answer that does not tell them apart tells nothing of any. */
function perItem(result: readonly Outcome[] | ProviderFailure, count: number): readonly Outcome[] {
  if (isFailure(result)) return Array.from({ length: count }, () => result);
  return result.length === count && result.every((outcome) => typeof outcome?.ok === "boolean")
    ? result
    : Array.from({ length: count }, () =>
        failure("unexpected-response", `The answer to a batch of ${count} did not tell what became of each`),
      );
}

/** Refused as a whole, for what one of the messages is: the others may be fine. */
function blamesAMessage({ kind, tryNext }: ProviderFailure, status: number | undefined): boolean {
  return (
    (kind === "invalid-message" || kind === "recipient-gone" || (kind === "rejected" && !tryNext)) &&
    status !== 401 &&
    status !== 403 &&
    status !== 429
  );
}
