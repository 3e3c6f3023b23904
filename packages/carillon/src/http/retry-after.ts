/** What is asked for beyond a day is cut to a day: nobody waits that long on one answer's word. */
export const maxRetryAfterMs: number = 86_400_000;

/**
 * `Retry-After` (RFC 9110, section 10.2.3) in milliseconds: seconds (fractions too, which some send) or any of the three
 * HTTP date forms. A date that is past is 0; what is neither, negative numbers included, is undefined.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return boundRetryAfterMs(Number(text) * 1000);
  if (!/^[MTWFS][a-z]+,? [\w :-]+$/.test(text)) return undefined;
  // The asctime form names no zone; HTTP dates are always GMT.
  return boundRetryAfterMs(Math.max(0, Date.parse(text.replace(/( GMT)?$/, " GMT")) - nowMs));
}

/** Makes whole milliseconds between 0 and {@link maxRetryAfterMs} of it; undefined when it is no such wait at all. */
export function boundRetryAfterMs(ms: number = Number.NaN): number | undefined {
  return ms >= 0 ? Math.min(Math.ceil(ms), maxRetryAfterMs) : undefined;
}
