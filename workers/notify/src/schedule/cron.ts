import { Cron } from "croner";
import type { FieldError } from "../problem.ts";

/**
 * Cron expressions of five fields (minute, hour, day of month, month, day of week) in an IANA time zone. Where both days
 * are given either will do, as in Vixie cron.
 *
 * When clocks change: a time that does not exist runs at the first moment after the gap, once; a time that comes twice
 * runs the first time. What has `*` or a step for minute or hour runs at every real moment that fits, so hourly stays hourly.
 */
export interface CronTime {
  readonly cron: string;
  /** IANA: `Europe/Berlin`. */
  readonly zone: string;
}

const nicknames = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"]);

const expected = "expected five fields, minute hour day month weekday: 0 9 * * 1-5";

/** What is wrong with it; empty when it will run. */
export function checkCron({ cron, zone }: CronTime, now: number): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!isZone(zone)) errors.push({ field: "zone", detail: "expected an IANA time zone: Europe/Berlin" });
  // The library would also take a date, which is no schedule.
  if (!nicknames.has(cron) && cron.trim().split(/\s+/).length !== 5) {
    return [{ field: "cron", detail: expected }, ...errors];
  }
  try {
    const inZone = errors.length > 0 ? "UTC" : zone;
    if (nextRuns({ cron, zone: inZone }, now, 1).length === 0) {
      errors.push({ field: "cron", detail: "expected a time that comes: there is no such date" });
    }
  } catch (error) {
    // Its message quotes what it got; only the name of the part is ours to repeat.
    const part = error instanceof Error ? /\b(minute|hour|dayOfWeek|day|month)\b/.exec(error.message)?.[1] : undefined;
    errors.push({
      field: "cron",
      detail: part === undefined ? expected : `${expected}; the ${parts[part]} is not valid`,
    });
  }
  return errors;
}

const parts: Readonly<Record<string, string>> = {
  minute: "minute",
  hour: "hour",
  day: "day",
  month: "month",
  dayOfWeek: "weekday",
};

/** The next moments that it stands for, in milliseconds, all later than `after`. */
export function nextRuns({ cron, zone }: CronTime, after: number, count: number): readonly number[] {
  const job = new Cron(cron, { timezone: zone, mode: "5-part", fixedTimeRule: "no-wildcard", paused: true });
  return job.nextRuns(count, new Date(after)).map((run) => run.getTime());
}

export function isZone(zone: string): boolean {
  // An offset such as "+02:00" is taken by some engines, and knows nothing of summer time.
  if (!/^[A-Za-z][\w+/-]{1,63}$/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
