/** A Unix time in seconds as headers carry it: ten digits, which is any time from 2001 to 2286. */
export function secondsOf(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{9}$/.test(text) ? Number(text) : undefined;
}
