import { failure } from "../http/perform.ts";
import type { Provider, ProviderFailure } from "../provider/contract.ts";
import { attempt } from "./attempt.ts";
import { conclude, type Group, type Journey, type Run } from "./journey.ts";
import type { Core } from "./options.ts";
import { backoffMs, failureTable, nextStep } from "./retry-policy.ts";

/** What the provider at `place` takes together: by `groupKey`, in order, at most `maxMessages` each; a message that has no key is alone. */
export function groupsOf(journeys: Group, place = 0): readonly Group[] {
  const groups: Journey[][] = [];
  const open = new Map<unknown, Journey[]>();
  for (const journey of journeys) {
    const { batch } = journey.providers[place] as Provider;
    let name: unknown = journey;
    try {
      const key = batch?.groupKey(journey.message);
      if (key !== undefined) name = `${journey.channel.id} ${key}`;
    } catch {
      // What cannot be grouped goes alone.
    }
    let group = open.get(name);
    if (!group || group.length >= batch!.maxMessages) {
      groups.push((group = []));
      open.set(name, group);
    }
    group.push(journey);
  }
  return groups;
}

/**
 * Brings the messages of the groups to their results: tries once at the provider at `place`, and carries on with what has
 * no result yet. `tries` counts this one; `sinceMs` is when that provider was first sent the key that the request will
 * carry.
 */
export async function deliver(
  run: Run,
  groups: readonly Group[],
  place = 0,
  tries = 1,
  sinceMs?: number,
): Promise<void> {
  await Promise.all(groups.map((group) => deliverGroup(run, group, place, tries, sinceMs)));
}

async function deliverGroup(run: Run, group: Group, place: number, tries: number, sinceMs?: number): Promise<void> {
  const { core, signal, gate } = run;
  const provider = (group[0] as Journey).providers[place] as Provider;
  // A little early rather than late: the provider counts from when the request comes.
  const startedMs = sinceMs ?? core.now().getTime();
  const attempted = await gate(async () => (signal?.aborted ? undefined : attempt(run, provider, group)));
  if (!attempted) return group.forEach((journey) => conclude(journey, failure("aborted", "Aborted by the caller")));

  const { outcomes, isWhole } = attempted;
  const isUnknown = isWhole && group.some(({ unknown }) => unknown);
  if (
    isWhole &&
    group.length > 1 &&
    blamesAMessage(outcomes[0] as ProviderFailure) &&
    (!isUnknown || core.onUnknown === "resend")
  ) {
    // Not a retry: it finds out which of them was meant.
    for (const journey of group) journey.duplicate ||= isUnknown;
    const singles = group.map((journey) => [journey]);
    return deliver(run, singles, place);
  }

  // What is tried again out of a group is another group and has another key, which protects nothing sent before.
  const keySinceMs = isWhole ? startedMs : undefined;
  const windowMs = (provider.idempotency?.windowSeconds ?? 0) * 1000;
  let backoff: number | undefined;
  const again: Journey[] = [];
  const next: Journey[] = [];
  let waitMs = 0;
  for (const [index, journey] of group.entries()) {
    const outcome = outcomes[index]!;
    if (outcome.ok) continue;
    const delayMs = outcome.retryAfterMs ?? (backoff ??= backoffOf(core, tries));
    const step = nextStep({
      failure: outcome,
      // What never left us says that it was not accepted.
      inFlight: true,
      keyOpen: isWhole && core.now().getTime() + delayMs - startedMs < windowMs,
      // A wait beyond what we are allowed is the same as no try left: the next provider, or the caller, is the better place.
      attemptsLeft: tries < core.attempts && delayMs <= core.maxWaitMs,
      onUnknown: core.onUnknown,
      earlierUnknown: isUnknown || journey.unknown,
    });
    if (step.action === "stop") continue;
    journey.duplicate ||= step.possibleDuplicate;
    if (step.action === "retry") {
      again.push(journey);
      waitMs = Math.max(waitMs, delayMs);
    } else if (journey.providers[place + 1]) {
      next.push(journey);
    }
  }
  const elsewhere = next[0] && deliver(run, groupsOf(next, place + 1), place + 1);
  if (again.length > 0) {
    try {
      await core.sleep(waitMs, signal);
    } catch {
      // A given sleep may reject on abort; that is seen at the next try.
    }
    await deliver(run, isWhole ? [again] : groupsOf(again, place), place, tries + 1, keySinceMs);
  }
  await elsewhere;
}

/** Refused as a whole, for what one of the messages is: the others may be fine. */
function blamesAMessage({ kind, tryNext }: ProviderFailure): boolean {
  const { next, mayHaveBeenSent } = failureTable[kind];
  return mayHaveBeenSent === "no" && next !== "yes" && !tryNext;
}

function backoffOf(core: Core, attempt: number): number {
  // Two bytes as a fraction.
  const random = (): number => core.random(2).reduce((sum, byte) => (sum + byte) / 256, 0);
  return backoffMs({ attempt, baseMs: 500, capMs: Math.min(8000, core.maxWaitMs), random });
}
