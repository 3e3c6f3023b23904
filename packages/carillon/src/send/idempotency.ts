import { sha256Hex } from "../crypto/hash.ts";
import type { Provider } from "../provider/contract.ts";

/**
 * The key that a request carries, as long as the provider takes: a message's own, hashed if it is too long; of a batch a
 * hash of its members' keys, so that the same members in the same order have the same one at every try.
 */
export function requestKeyOf(
  { idempotency }: Provider,
  group: readonly { readonly idempotencyKey: string }[],
): string | Promise<string> {
  // Keys are printable, so that a line break cannot stand in one.
  const key = group.map(({ idempotencyKey }) => idempotencyKey).join("\n");
  const maxLength = idempotency?.maxKeyLength;
  return group.length > 1 || (maxLength !== undefined && key.length > maxLength)
    ? sha256Hex(key).then((hash) => hash.slice(0, maxLength))
    : key;
}
