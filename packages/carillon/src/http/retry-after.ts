/** What is asked for beyond a day is cut to a day: nobody waits that long on one answer's word. */
export const maxRetryAfterMs: number = 86_400_000;

const seconds = /^\d+(\.\d+)?$/;
const httpDate = /^[MTWFS][a-z]+,? [\w :-]+$/;

/**
 * `Retry-After` (RFC 9110, section 10.2.3) in milliseconds: seconds (fractions too, which some send) or any of the three
 * HTTP date forms. A date that is past is 0; what is neither, negative numbers included, is undefined.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (seconds.test(text)) return boundRetryAfterMs(Number(text) * 1000);
  if (!httpDate.test(text)) return undefined;
  // The asctime form names no zone; HTTP dates are always GMT.
  const atMs = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(atMs) ? undefined : boundRetryAfterMs(Math.max(0, atMs - nowMs));
}

/** Makes whole milliseconds between 0 and {@link maxRetryAfterMs} of it; undefined when it is no such wait at all. */
export function boundRetryAfterMs(ms: number | undefined): number | undefined {
  return ms === undefined || !(ms >= 0) ? undefined : Math.min(Math.ceil(ms), maxRetryAfterMs);
}
