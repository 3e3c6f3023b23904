import { isObject } from "../rule/rules.ts";

/** The value as an object; an empty one for anything else, lists included, so that reading on never throws. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? (value as Readonly<Record<string, unknown>>) : {};
}

/** The value as a text, whole: whoever reports it redacts before cutting. Undefined when it is none, or empty. */
export function textOf(value: unknown): string | undefined {
  return matches(/./s, value) ? value : undefined;
}

/** Whether the value is a string of this pattern. */
export function matches(pattern: RegExp, value: unknown): value is string {
  return typeof value === "string" && pattern.test(value);
}

/**
 * A text as it is, and a number as its text: how ids, codes and times come. Undefined for anything else. `String` would throw
 * for an object that brings a `toString` of its own, and for lists some thousand levels deep.
 */
export function wordOf(value: unknown): string | undefined {
  return typeof value === "number" ? `${value}` : textOf(value);
}

/** The object's own entry; undefined for `constructor` and the like, which it only inherits. */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string | number = ""): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The list or object, or nothing where all in it is undefined: left out of JSON. */
export function filled<T extends object>(value: T): T | undefined {
  return Object.values(value).some((item) => item !== undefined) ? value : undefined;
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
    const isSeconds = typeof candidate === "number" || matches(/^\d+$/, candidate);
    const ms = isSeconds ? Number(candidate) * 1000 : Date.parse(textOf(candidate) ?? "");
    if (ms >= earliestMs && ms < latestMs) return new Date(ms);
  }
  return new Date(0);
}

/** The enhanced status code (RFC 3463) in an SMTP reply, else the reply code: `5.1.1`, `550`. */
export function smtpCodeOf(reply: unknown): string | undefined {
  const text = textOf(reply);
  return text && (/\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(text) ?? /\b[245]\d\d\b/.exec(text))?.[0];
}
