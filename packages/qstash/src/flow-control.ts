import type { Provider } from "carillon";

/** Limits of all messages with one key, whatever their destination (QStash's flow control). */
export interface FlowControl {
  readonly key: string;
  /** Deliveries that run at once. */
  readonly parallelism?: number | undefined;
  /** Deliveries that begin in a period. */
  readonly rate?: number | undefined;
  /** Default 1. */
  readonly periodSeconds?: number | undefined;
}

/**
 * The flow control of a provider's account: its documented rate, under a key that all its messages share. Undefined for a
 * provider that documents none.
 */
export function flowControlFor(provider: Pick<Provider, "id" | "account" | "rate">): FlowControl | undefined {
  const { id, account, rate } = provider;
  if (!rate) return undefined;
  // An account may be called anything, and a header carries its key. Without `%`: Upstash's client puts it into paths as it is.
  const key = `${id}:${encodeURIComponent(account).replaceAll("%", "~")}`;
  if (rate.perSecond >= 1) return { key, rate: Math.floor(rate.perSecond), periodSeconds: 1 };
  return { key, rate: 1, periodSeconds: Math.ceil(1 / rate.perSecond) };
}

/** As the client spells it. */
export function spellFlowControl({ key, parallelism, rate, periodSeconds }: FlowControl): {
  readonly key: string;
  readonly rate: number;
  readonly parallelism?: number;
  readonly period?: number;
} {
  return {
    key,
    ...(parallelism !== undefined && { parallelism }),
    ...(rate !== undefined && { rate }),
    ...(periodSeconds !== undefined && { period: periodSeconds }),
    // The client's type wants one of the two, and so does `isFlowControl`.
  } as { readonly key: string; readonly rate: number };
}

export function isFlowControl(value: unknown): value is FlowControl {
  const { key, parallelism, rate, periodSeconds } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isCount = (count: unknown): boolean =>
    count === undefined || (Number.isSafeInteger(count) && Number(count) > 0);
  const hasLimit = parallelism !== undefined || rate !== undefined;
  return (
    typeof key === "string" && /^[!-~]+$/.test(key) && hasLimit && [parallelism, rate, periodSeconds].every(isCount)
  );
}
