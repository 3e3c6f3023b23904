import { Cron } from "croner";

/** When a schedule runs. */
export interface CronPlan {
  /** The first time after a moment; undefined when there is none. */
  nextAfterMs(ms: number): number | undefined;
}

/**
 * Reads five fields, in UTC or in the zone of a prefix `CRON_TZ=America/New_York `. Answers what is wrong with others.
 * A time that the clocks skip is run at the moment that they go forward; one that they repeat runs the first time.
 */
export function parseCron(text: string): CronPlan | string {
  const [, timezone = "UTC", pattern = ""] = /^(?:(?:CRON_TZ|TZ)=(\S+)\s+)?(.*)$/.exec(text.trim()) ?? [];
  if (!isTimeZone(timezone)) return `unknown time zone ${timezone}`;
  if (pattern.trim().split(/\s+/).length !== 5) return "expected exactly 5 fields";
  try {
    const cron = new Cron(pattern, { timezone, paused: true, mode: "5-part" });
    return { nextAfterMs: (ms) => cron.nextRun(new Date(ms))?.getTime() };
  } catch {
    return `failed to parse ${pattern}`;
  }
}

function isTimeZone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    // An offset is no zone.
    return !/^[+-]/.test(timeZone);
  } catch {
    return false;
  }
}
