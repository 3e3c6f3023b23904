import type { ApiRequest, Route } from "../route.ts";

/** Windows that are remembered; those that ended are cleared out when there are more. */
const maxWindows = 10_000;

/**
 * Counts requests against the rates that routes declare, in windows that begin with their first request. Answers how long a
 * request is too early (milliseconds; 0: it may pass). Not durable: a restart begins anew.
 */
export function createRateLimit(): (route: Route, request: ApiRequest) => number {
  const windows = new Map<string, { readonly endsAtMs: number; count: number }>();

  return ({ id, rate }, request) => {
    const counted = rate?.of(request);
    if (!rate || counted === undefined) return 0;
    const { nowMs } = request;
    const key = `${id} ${counted}`;
    const open = windows.get(key);
    if (!open || open.endsAtMs <= nowMs) {
      if (windows.size >= maxWindows) {
        for (const [name, { endsAtMs }] of windows) if (endsAtMs <= nowMs) windows.delete(name);
      }
      windows.set(key, { endsAtMs: nowMs + rate.windowMs, count: 1 });
      return 0;
    }
    open.count += 1;
    return open.count > rate.limit ? open.endsAtMs - nowMs : 0;
  };
}
