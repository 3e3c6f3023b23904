import type { AnyProvider } from "carillon";
import type { Rate } from "./pacer.ts";

/** What a lane is held to. */
export interface LaneRate extends Rate {
  /** What a permit is for: a request, which may carry a batch, or each message. */
  readonly per: "request" | "message";
}

/** By lane, those that have one. */
export type Rates = ReadonlyMap<string, LaneRate>;

const mostPerSecond = 1_000_000;

/**
 * Each lane's rate: what the deployment says in `RATES`, JSON such as `{"resend:default":{"perSecond":10,"burst":20}}`, else what
 * its provider documents; `null` lifts that. A rate for each recipient is none of the lane's. What cannot be read changes
 * nothing and is told in `problems`.
 */
export function readRates(text: string | undefined, providers: readonly AnyProvider[], problems: string[]): Rates {
  const rates = new Map<string, LaneRate>();
  const units = new Map<string, LaneRate["per"]>();
  for (const { id, account, rate } of providers) {
    const key = `${id}:${account}`;
    units.set(key, rate?.per === "message" ? "message" : "request");
    if (rate !== undefined && rate.per !== "recipient") {
      rates.set(key, { per: rate.per, perSecond: rate.perSecond, burst: rate.burst });
    }
  }
  for (const [key, own] of Object.entries(parse(text, problems))) {
    const per = units.get(key);
    const rate = own === null ? null : readRate(own);
    if (per === undefined || rate === undefined) {
      problems.push(
        `RATES names something else than a lane (provider:account) with perSecond (above 0) and burst (a whole number from 1), or null: that part is ignored`,
      );
    } else if (rate === null) rates.delete(key);
    else rates.set(key, { per, ...rate });
  }
  return rates;
}

function parse(text: string | undefined, problems: string[]): Readonly<Record<string, unknown>> {
  if (text === undefined || text.trim() === "") return {};
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given === "object" && given !== null && !Array.isArray(given)) return given as Record<string, unknown>;
  } catch {
    // Said below.
  }
  problems.push("RATES is not a JSON object: the providers' documented rates are used");
  return {};
}

function readRate(own: unknown): Rate | undefined {
  if (typeof own !== "object") return undefined;
  const { perSecond, burst = Math.max(1, Math.floor(perSecond as number)), ...others } = own as Record<string, unknown>;
  const fits = (value: unknown): value is number => typeof value === "number" && value > 0 && value <= mostPerSecond;
  if (Object.keys(others).length > 0 || !fits(perSecond) || !fits(burst) || !Number.isInteger(burst)) return undefined;
  return { perSecond, burst };
}
