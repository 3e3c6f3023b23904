/** Durations and moments as QStash spells them, and as destinations do. */

const secondsOfUnit: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 };

/** `50s`, `1d10h30m`, in milliseconds; undefined when it is none. */
export function parseDelay(text: string): number | undefined {
  if (!/^(?:\d+[dhms])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit = ""] of text.matchAll(/(\d+)([dhms])/g))
    seconds += Number(count) * (secondsOfUnit[unit] ?? 0);
  return seconds * 1000;
}

const msOfUnit: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's spelling, `6m5s` or `1.5h`, in milliseconds; undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    ms += Number(count) * (msOfUnit[unit] ?? 0);
  }
  return ms;
}

/** Seconds, an HTTP date, or Go's spelling of a duration: how long from now, in milliseconds; undefined when it is none. */
export function parseWait(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim();
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000;
  const duration = parseGoDuration(trimmed);
  if (duration !== undefined) return duration;
  const dateMs = /[A-Za-z]{3}, \d/.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
