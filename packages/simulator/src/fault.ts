import * as v from "valibot";
import { headerName } from "./wire/check.ts";

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(600_000));

const scope = {
  /** A provider's id; absent: any. */
  provider: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** An address, `*` standing for anything; holds when one recipient of the request matches. Absent: any request. */
  recipient: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** How many requests it happens to; absent: until it is deleted. */
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** How much of the requests that it is meant for it happens to, by chance: 0.1 is one of ten. Absent: all. */
  share: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
};

/**
 * `rate-limit` answers the provider's 429 with Retry-After, `unavailable` its 503, `respond` any status and body.
 * `accept-then-time-out` takes the messages and never answers, `accept-then-cut` takes them and drops the connection.
 * `slow` waits before the request is handled, and may come on top of another fault.
 */
export const faultSchema: v.GenericSchema<unknown, FaultInput> = v.variant("kind", [
  v.strictObject({
    kind: v.literal("rate-limit"),
    ...scope,
    retryAfterSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
  v.strictObject({ kind: v.literal("unavailable"), ...scope }),
  v.strictObject({ kind: v.literal("accept-then-time-out"), ...scope }),
  v.strictObject({ kind: v.literal("accept-then-cut"), ...scope }),
  v.strictObject({ kind: v.literal("slow"), ...scope, delayMs: milliseconds }),
  v.strictObject({
    kind: v.literal("respond"),
    ...scope,
    status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
    /** A string goes out as it is, anything else as JSON. */
    body: v.optional(v.unknown()),
    headers: v.optional(
      v.record(v.pipe(v.string(), v.regex(headerName)), v.pipe(v.string(), v.regex(/^[\t\x20-\x7e\x80-\xff]*$/))),
    ),
  }),
]);

interface FaultScope {
  readonly provider?: string | undefined;
  readonly recipient?: string | undefined;
  readonly times?: number | undefined;
  readonly share?: number | undefined;
}

export type FaultInput = FaultScope &
  (
    | { readonly kind: "rate-limit"; readonly retryAfterSeconds?: number | undefined }
    | { readonly kind: "unavailable" | "accept-then-time-out" | "accept-then-cut" }
    | { readonly kind: "slow"; readonly delayMs: number }
    | {
        readonly kind: "respond";
        readonly status: number;
        readonly body?: unknown;
        readonly headers?: Readonly<Record<string, string>> | undefined;
      }
  );

/** `remaining` counts `times` down; absent where there is no limit. */
export type Fault = FaultInput & { readonly id: string; readonly remaining?: number | undefined };

/** Whether a fault is meant for a request of this provider to these recipients (none when it was refused). */
export function faultMatches(fault: Fault, provider: string, recipients: readonly string[]): boolean {
  if (fault.provider !== undefined && fault.provider !== provider) return false;
  if (fault.recipient === undefined) return true;
  const parts = fault.recipient.toLowerCase().split("*");
  return recipients.some((recipient) => fits(parts, recipient.toLowerCase()));
}

/** Whether the text is these parts in this order, with anything between them. No expression: many stars would take it for ever. */
function fits([first = "", ...rest]: readonly string[], text: string): boolean {
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
