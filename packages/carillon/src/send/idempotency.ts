import { sha256Hex } from "../crypto/hash.ts";
import type { Provider } from "../provider/contract.ts";

/** The key as the provider takes it: one that is too long is hashed, so that it stays the same at every try. */
export function fitKey(key: string, provider: Provider): string | Promise<string> {
  const maxLength = provider.idempotency?.maxKeyLength;
  return maxLength === undefined || key.length <= maxLength ? key : hashKey(key, maxLength);
}

/** The key of a batch: a hash of its members' keys in order, so that the same members in the same order have the same one. */
export function batchKey(keys: readonly string[], provider: Provider): Promise<string> {
  // Keys are printable, so that a line break cannot stand in one.
  return hashKey(keys.join("\n"), provider.idempotency?.maxKeyLength);
}

/** Whether the provider still knows, at `atMs`, a key that it first saw at `sinceMs`. */
export function isKeyOpen(provider: Provider, sinceMs: number | undefined, atMs: number): boolean {
  const { idempotency } = provider;
  return idempotency !== undefined && sinceMs !== undefined && atMs - sinceMs < idempotency.windowSeconds * 1000;
}

async function hashKey(key: string, maxLength: number | undefined): Promise<string> {
  return (await sha256Hex(key)).slice(0, maxLength);
}
