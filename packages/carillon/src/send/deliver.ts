import type { Provider, ProviderFailure } from "../provider/contract.ts";
import { attempt } from "./attempt.ts";
import { failure } from "./exchange.ts";
import { isKeyOpen, requestKeyOf } from "./idempotency.ts";
import { fail, type Journey, record, succeed } from "./journey.ts";
import type { Core } from "./options.ts";
import { backoffMs, type NextStep, nextStep } from "./retry-policy.ts";

/** What one call of `send` or `sendBatch` works with. */
export interface Run {
  readonly core: Core;
  readonly signal: AbortSignal | undefined;
  /** Bounds how many requests are in flight at once. */
  readonly gate: <T>(task: () => Promise<T>) => Promise<T>;
}

/** Messages of one channel that share a request. Never empty; a single message is a group of one. */
type Group = readonly Journey[];

/** Brings the messages of the groups to their results, from the provider at `place` on. See {@link deliverGroup}. */
export function deliver(run: Run, groups: readonly Group[], place = 0, tries = 1, sinceMs?: number): Promise<unknown> {
  return Promise.all(groups.map((group) => deliverGroup(run, group, place, tries, sinceMs)));
}

/** What the provider at `place` takes together: by `groupKey`, in order, at most `maxMessages` each; a message that has no key is alone. */
export function groupsOf(journeys: readonly Journey[], place = 0): readonly Group[] {
  const groups: Journey[][] = [];
  const open = new Map<string, Journey[]>();
  for (const journey of journeys) {
    const { batch } = journey.providers[place] as Provider;
    let key: string | undefined;
    try {
      key = batch?.groupKey(journey.message);
    } catch {
      // What cannot be grouped goes alone.
    }
    const name = `${journey.channel.id} ${key}`;
    const group = key === undefined ? undefined : open.get(name);
    if (group && group.length < batch!.maxMessages) {
      group.push(journey);
    } else {
      const begun = [journey];
      groups.push(begun);
      if (key !== undefined) open.set(name, begun);
    }
  }
  return groups;
}

/**
 * Tries once at the provider at `place`, and carries on with what has no result yet. `tries` counts this one; `sinceMs` is
 * when that provider was first sent the key that the request will carry.
 */
export async function deliverGroup(run: Run, group: Group, place = 0, tries = 1, sinceMs?: number): Promise<void> {
  const { core, signal } = run;
  const provider = (group[0] as Journey).providers[place] as Provider;
  const requestKey = await requestKeyOf(provider, group);
  const attempted = await run.gate(async () =>
    signal?.aborted ? undefined : attempt(core, provider, group, requestKey, signal),
  );
  if (!attempted) return group.forEach((journey) => fail(journey, failure("aborted", "Aborted by the caller")));

  const { outcomes, isWhole, base } = attempted;
  const isUnknown = isWhole && group.some(({ unknown }) => unknown);
  // Not a retry: it finds out which of them was meant.
  const isSplit =
    isWhole &&
    group.length > 1 &&
    blamesAMessage(outcomes[0] as ProviderFailure, base.status) &&
    (!isUnknown || core.onUnknown === "resend");
  // What is tried again out of a group is another group and has another key, which protects nothing sent before.
  const keySinceMs = isWhole && !isSplit ? (sinceMs ?? base.startedAt.getTime()) : undefined;
  let backoff: number | undefined;
  const again: Journey[] = [];
  const next: Journey[] = [];
  let waitMs = 0;
  for (const [index, journey] of group.entries()) {
    const outcome = outcomes[index]!;
    const earlierUnknown = isUnknown || journey.unknown;
    record(core, journey, base, outcome);
    if (outcome.ok) {
      succeed(journey);
      continue;
    }
    const delayMs = isSplit ? 0 : (outcome.retryAfterMs ?? (backoff ??= backoffOf(core, tries)));
    const step: NextStep = isSplit
      ? { action: "retry", afterMs: delayMs, possibleDuplicate: earlierUnknown }
      : nextStep({
          failure: outcome,
          // What never left us says that it was not accepted.
          inFlight: true,
          keyOpen: isKeyOpen(provider, keySinceMs, core.now().getTime() + delayMs),
          // A wait beyond what we are allowed is the same as no try left: the next provider, or the caller, is the better place.
          attemptsLeft: tries < core.attempts && delayMs <= core.maxWaitMs,
          onUnknown: core.onUnknown,
          earlierUnknown,
        });
    if (step.action !== "stop") journey.duplicate ||= step.possibleDuplicate;
    if (step.action === "retry") {
      again.push(journey);
      waitMs = Math.max(waitMs, delayMs);
    } else if (step.action === "next" && place + 1 < journey.providers.length) {
      next.push(journey);
    } else {
      fail(journey, outcome);
    }
  }
  const retry = async (): Promise<void> => {
    await pause(run, waitMs);
    const groups = isSplit ? again.map((journey) => [journey]) : isWhole ? [again] : groupsOf(again, place);
    await deliver(run, groups, place, isSplit ? 1 : tries + 1, keySinceMs);
  };
  if (next.length + again.length === 0) return;
  await Promise.all([
    next.length > 0 && deliver(run, groupsOf(next, place + 1), place + 1),
    again.length > 0 && retry(),
  ]);
}

/** Refused as a whole, for what one of the messages is: the others may be fine. */
function blamesAMessage({ kind, tryNext }: ProviderFailure, status = 0): boolean {
  return (
    (kind === "invalid-message" || kind === "recipient-gone" || (kind === "rejected" && !tryNext)) &&
    ![401, 403, 429].includes(status)
  );
}

function backoffOf(core: Core, attempt: number): number {
  // Two bytes as a fraction.
  const random = (): number => core.random(2).reduce((sum, byte) => (sum + byte) / 256, 0);
  return backoffMs({ attempt, baseMs: 500, capMs: Math.min(8000, core.maxWaitMs), random });
}

/** Waits before a retry; the caller's abort ends the wait. */
async function pause({ core, signal }: Run, ms: number): Promise<void> {
  try {
    if (ms > 0) await core.sleep(ms, signal);
  } catch {
    // A given sleep may reject on abort; that is seen at the next try.
  }
}
