import type { ProviderFailure } from "./contract.ts";
import { invalidMessage } from "./failure.ts";

/** Whether a text is longer in UTF-8. A UTF-16 unit makes at most three bytes, so most texts need no count. */
export function isOverBytes(maxBytes: number, text: string): boolean {
  return text.length > maxBytes / 3 && new TextEncoder().encode(text).length > maxBytes;
}

/** A field is over what a provider takes; `limit` with its unit: `"50 addresses"`. */
export function overLimit(provider: string, field: string, limit: string): ProviderFailure {
  return invalidMessage(field, `${provider} takes up to ${limit}`);
}

/** The list, or nothing where it is empty: left out of JSON. */
export function filled<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length > 0 ? values : undefined;
}
