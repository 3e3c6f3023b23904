import { sha256Hex } from "../digest.ts";

/** Keys are kept for a week. */
export const keyKeptForMs = 7 * 86_400_000;

/** Printable ASCII without spaces at the ends, as in the IETF draft of the Idempotency-Key header. */
export function isIdempotencyKey(text: string): boolean {
  return /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(text);
}

/** The same for all spellings of the same JSON: object keys sorted, whitespace gone. */
export function hashRequest(value: unknown): Promise<string> {
  return sha256Hex(canonical(value));
}

/** The same text for the same JSON. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
