const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/**
 * Pauses after each try that failed: the schedule that Standard Webhooks gives, 10 tries over 75 hours.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
 */
export const retryPausesMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** So much of a pause, at most, is added to it by chance: what failed together does not come back together. */
const jitter = 0.1;

/**
 * When a delivery is tried again of which `tries` have failed; undefined when it is a dead letter. What the endpoint asks
 * for (`Retry-After`) is waited out, but does not make a pause shorter.
 */
export function retryAt(
  tries: number,
  now: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number | undefined {
  const pause = retryPausesMs[tries - 1];
  if (pause === undefined) return undefined;
  return now + Math.max(Math.round(pause * (1 + jitter * random())), retryAfterMs ?? 0);
}

const laneBaseMs = 5 * second;
const laneCapMs = 2 * minute;

/** How long an endpoint is left alone that failed with everything it was told, so many turns in a row. */
export function lanePauseMs(failedTurns: number, random: () => number): number {
  return Math.round(Math.min(laneCapMs, laneBaseMs * 2 ** (failedTurns - 1)) * (1 + jitter * random()));
}
