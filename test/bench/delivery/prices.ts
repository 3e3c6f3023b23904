import type { Usage } from "../../../workers/notify/test/bench/usage.ts";

/** When the pages below were read. */
export const readOn = "2026-11-24";

interface Price {
  readonly name: string;
  /** How much of it a scenario used. */
  readonly of: (usage: Usage) => number;
  /** US dollars a million, past what the plan includes. */
  readonly perMillion: number;
  /** What the Free plan carries a day. */
  readonly freeADay: number;
}

/**
 * List prices: https://developers.cloudflare.com/workers/platform/pricing (Workers Paid),
 * https://developers.cloudflare.com/durable-objects/platform/pricing, https://developers.cloudflare.com/d1/platform/pricing,
 * https://upstash.com/pricing/qstash (pay as you go).
 */
export const prices: readonly Price[] = [
  { name: "requests to the Worker", of: ({ workerRequests }) => workerRequests, perMillion: 0.3, freeADay: 100_000 },
  { name: "requests to objects", of: ({ objectRequests }) => objectRequests, perMillion: 0.15, freeADay: 100_000 },
  { name: "rows read, objects", of: ({ rowsRead }) => rowsRead, perMillion: 0.001, freeADay: 5_000_000 },
  { name: "rows written, objects", of: ({ rowsWritten }) => rowsWritten, perMillion: 1, freeADay: 100_000 },
  { name: "rows read, D1", of: ({ directoryRowsRead }) => directoryRowsRead, perMillion: 0.001, freeADay: 5_000_000 },
  {
    name: "rows written, D1",
    of: ({ directoryRowsWritten }) => directoryRowsWritten,
    perMillion: 1,
    freeADay: 100_000,
  },
  { name: "QStash messages", of: ({ wakes }) => wakes, perMillion: 10, freeADay: 1_000 },
];

export function dollarsOf(usage: Usage): number {
  return prices.reduce((sum, { of, perMillion }) => sum + (of(usage) * perMillion) / 1_000_000, 0);
}

/** How many messages the Free plans carry a day, and what is used up first. */
export function freeADay(usage: Usage, messages: number): { readonly messages: number; readonly limit: string } {
  const limits = prices.map(({ name, of, freeADay }) => ({
    limit: name,
    messages: of(usage) === 0 ? Infinity : Math.floor((freeADay * messages) / of(usage)),
  }));
  return limits.reduce((least, one) => (one.messages < least.messages ? one : least));
}
