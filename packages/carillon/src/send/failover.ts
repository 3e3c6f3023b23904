import type { Outcome, ProviderFailure } from "../provider/contract.ts";
import { attempt, type Attempted, type Exchange } from "./attempt.ts";
import { fitKey, isKeyOpen } from "./idempotency.ts";
import { failed, type Journey, record, redactorOf, sent } from "./journey.ts";
import type { Lane } from "./lane.ts";
import type { Core } from "./options.ts";
import { backoffMs, nextStep } from "./retry-policy.ts";

const backoffBaseMs = 500;
const backoffCapMs = 8000;

/** What one call of `send` or `sendBatch` works with, for one channel. */
export interface Run {
  readonly core: Core;
  /** The channel's providers, in the order in which they are asked. Never empty. */
  readonly lanes: readonly Lane[];
  readonly signal: AbortSignal | undefined;
  /** Bounds how many requests are in flight at once. */
  readonly gate: <T>(task: () => Promise<T>) => Promise<T>;
}

/** Where a message, or a batch of them, stands among the providers. */
export interface Standing {
  readonly laneIndex: number;
  /** Tries made there. */
  readonly tries: number;
  /** When the provider was first sent the present key. */
  readonly keySinceMs: number | undefined;
}

export const firstStanding: Standing = { laneIndex: 0, tries: 0, keySinceMs: undefined };

export type Plan =
  | { readonly action: "retry"; readonly afterMs: number; readonly possibleDuplicate: boolean }
  | { readonly action: "next"; readonly possibleDuplicate: boolean }
  | { readonly action: "stop" };

/** The retry policy's next step, here: with this call's waits, and only where there is a next provider. */
export function plan(
  run: Run,
  standing: Standing,
  failed: ProviderFailure,
  inFlight: boolean,
  earlierUnknown: boolean,
): Plan {
  const { core, lanes } = run;
  const { laneIndex, tries, keySinceMs } = standing;
  const delayMs = failed.retryAfterMs ?? backoff(core, tries);
  const atMs = core.now().getTime() + delayMs;
  const step = nextStep({
    failure: failed,
    inFlight,
    keyOpen: isKeyOpen((lanes[laneIndex] as Lane).provider, keySinceMs, atMs),
    // A wait beyond what we are allowed is the same as no try left: the next provider, or the caller, is the better place.
    attemptsLeft: tries < core.attempts && delayMs <= core.maxWaitMs,
    onUnknown: core.onUnknown,
    earlierUnknown,
  });
  if (step.action === "retry") return { ...step, afterMs: delayMs };
  return step.action === "next" && laneIndex + 1 >= lanes.length ? { action: "stop" } : step;
}

function backoff(core: Core, attempt: number): number {
  const random = (): number => {
    const [high = 0, low = 0] = core.random(2);
    return (high * 256 + low) / 65_536;
  };
  return backoffMs({ attempt, baseMs: backoffBaseMs, capMs: Math.min(backoffCapMs, core.maxWaitMs), random });
}

/** Carries one message from where it stands to its result. */
export async function deliver(run: Run, journey: Journey, from: Standing = firstStanding): Promise<void> {
  let standing = from;
  for (;;) {
    const lane = run.lanes[standing.laneIndex] as Lane;
    const requestKey = await fitKey(journey.idempotencyKey, lane.provider);
    const { message, messageId } = journey;
    const attempted = await tryOnce<Outcome>(run, lane, {
      messageId,
      requestKey,
      build: (context) => lane.provider.buildRequest(message, context),
      read: (response) => lane.provider.readResponse(response, message),
    });
    if (!attempted) return end(journey, aborted);
    const earlierUnknown = journey.unknown;
    const redact = redactorOf(attempted.secrets, [journey]);
    const outcome = await record(
      run.core,
      journey,
      lane,
      attempted,
      attempted.result,
      { requestKey, batchSize: 1 },
      redact,
    );
    if (outcome.ok) {
      journey.result = sent(journey);
      return;
    }
    standing = tried(standing, attempted.startedAt);
    const step = plan(run, standing, outcome, attempted.inFlight, earlierUnknown);
    if (step.action === "stop") return end(journey, outcome);
    if (step.possibleDuplicate) journey.duplicate = true;
    if (step.action === "retry") await pause(run, step.afterMs);
    else standing = nextLane(standing);
  }
}

/** Nothing was started, or nothing more. */
export const aborted: ProviderFailure = { ok: false, kind: "aborted", detail: "Aborted by the caller" };

/** The attempt, when its turn comes; undefined when the caller has aborted by then. */
export function tryOnce<T extends object>(
  run: Run,
  lane: Lane,
  exchange: Exchange<T>,
): Promise<Attempted<T> | undefined> {
  const { core, signal } = run;
  return run.gate(async () => (signal?.aborted ? undefined : attempt(core, lane, exchange, signal)));
}

export function end(journey: Journey, outcome: ProviderFailure): void {
  journey.result = failed(journey, outcome);
}

/** One more try was made where it stands. */
export function tried(standing: Standing, startedAt: Date): Standing {
  const { laneIndex, tries, keySinceMs = startedAt.getTime() } = standing;
  return { laneIndex, tries: tries + 1, keySinceMs };
}

export function nextLane(standing: Standing): Standing {
  return { laneIndex: standing.laneIndex + 1, tries: 0, keySinceMs: undefined };
}

/** Waits before a retry; the caller's abort ends the wait. */
export async function pause(run: Run, ms: number): Promise<void> {
  if (ms <= 0) return;
  try {
    await run.core.sleep(ms, run.signal);
  } catch {
    // A given sleep may reject on abort; that is seen at the next try.
  }
}
