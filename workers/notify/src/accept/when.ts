import * as v from "valibot";
import type { FieldError } from "../problem.ts";

/** A moment that has just passed is meant as "now": clocks differ. */
export const graceMs = 60_000;

/** The longest that anything may be put off. */
export const maxAheadDays = 366;

const maxAheadMs = maxAheadDays * 86_400_000;

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span as the API spells it: a whole number and a unit, `"90s"`, `"10m"`, `"1h"`, `"7d"`. In milliseconds; undefined
 * for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const unit = unitMs[match?.[2] ?? ""];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** The span as {@link parseDuration} reads it. */
export function formatDuration(ms: number): string {
  const [unit = "s", size = 1_000] = Object.entries(unitMs).findLast(([, each]) => ms % each === 0) ?? [];
  return `${ms / size}${unit}`;
}

/** A span; the output is in milliseconds. */
export const duration: v.GenericSchema<string, number> = v.pipe(
  v.string('expected a duration: "90s", "10m", "1h", "7d"'),
  v.check((text) => parseDuration(text) !== undefined, 'expected a duration: "90s", "10m", "1h", "7d"'),
  v.check((text) => (parseDuration(text) ?? 0) <= maxAheadMs, `expected at most ${maxAheadDays} days`),
  v.transform((text) => parseDuration(text) ?? 0),
);

/** RFC 3339 with an offset. */
export const moment: v.GenericSchema<string, string> = v.pipe(
  v.string("expected a time"),
  v.regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/,
    "expected an RFC 3339 time with an offset: 2026-01-31T08:00:00Z",
  ),
  v.check(exists, "expected a time that exists"),
);

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function exists(text: string): boolean {
  const day = text.slice(0, 10);
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(Date.parse(text)) && parsed.toISOString().startsWith(day);
}

/** When a caller wants something sent: from then, or after a while; and until then, or for so long. */
export interface WhenRequest {
  readonly sendAt?: string | undefined;
  readonly delay?: number | undefined;
  readonly expiresAt?: string | undefined;
  readonly ttl?: number | undefined;
}

export interface When {
  /** Milliseconds. */
  readonly sendAt: number;
  readonly expiresAt: number | undefined;
  /** What was not taken as it was written. */
  readonly notices: readonly FieldError[];
}

/** Makes moments of it; what is wrong is told to `reject`, and the moments mean nothing then. */
export function readWhen(request: WhenRequest, now: Date, reject: (field: string, detail: string) => void): When {
  const { delay, ttl } = request;
  const clock = now.getTime();
  const notices: FieldError[] = [];
  let sendAt = clock + (delay ?? 0);
  if (request.sendAt !== undefined) {
    if (delay !== undefined) reject("delay", "expected `delay` or `sendAt`, not both");
    const asked = Date.parse(request.sendAt);
    if (asked < clock - graceMs) reject("sendAt", "expected a time in the future; at most a minute ago means now");
    if (asked > clock + maxAheadMs) reject("sendAt", `expected a time within ${maxAheadDays} days`);
    sendAt = Math.max(asked, clock);
    if (asked < clock) {
      notices.push({ field: "sendAt", detail: `was ${Math.ceil((clock - asked) / 1000)} s in the past: sent now` });
    }
  }
  let expiresAt = ttl === undefined ? undefined : sendAt + ttl;
  if (ttl === 0) reject("ttl", "expected more than zero: nothing could be sent in that time");
  if (request.expiresAt !== undefined) {
    if (ttl !== undefined) reject("ttl", "expected `ttl` or `expiresAt`, not both");
    expiresAt = Date.parse(request.expiresAt);
    if (expiresAt <= clock) reject("expiresAt", "expected a time in the future");
    else if (expiresAt <= sendAt) reject("expiresAt", "expected a time after the message is due");
  }
  return { sendAt, expiresAt, notices };
}
