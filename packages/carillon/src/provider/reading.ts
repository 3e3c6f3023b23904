/** The value as an object; an empty one for anything else, lists included, so that reading on never throws. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** The value as a text of at most `maxLength` characters; undefined when it is none, or empty. */
export function textOf(value: unknown, maxLength = 1000): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, maxLength) : undefined;
}

/** 2000-01-01 and 2100-01-01: outside of these a provider's clock or unit is wrong. */
const earliestMs = 946_684_800_000;
const latestMs = 4_102_444_800_000;

/**
 * The first of these times that can be one: ISO 8601 texts, or numbers (or their decimal texts) in seconds since 1970.
 * The epoch when none can, so that reading stays free of a clock and gives the same event for a repeated webhook.
 */
export function timeOf(...candidates: readonly unknown[]): Date {
  for (const candidate of candidates) {
    const isSeconds = typeof candidate === "number" || (typeof candidate === "string" && /^\d+$/.test(candidate));
    const ms = isSeconds
      ? Number(candidate) * 1000
      : typeof candidate === "string"
        ? Date.parse(candidate)
        : Number.NaN;
    if (ms >= earliestMs && ms < latestMs) return new Date(ms);
  }
  return new Date(0);
}

/** The enhanced status code (RFC 3463) in an SMTP reply, else the reply code: `5.1.1`, `550`. */
export function smtpCodeOf(reply: unknown): string | undefined {
  const text = textOf(reply);
  return text && (/\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(text) ?? /\b[245]\d\d\b/.exec(text))?.[0];
}
