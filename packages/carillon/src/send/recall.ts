import { within } from "../http/within.ts";
import type { ProviderFailure } from "../provider/contract.ts";
import type { Cache } from "./config.ts";

/** How long one send waits on a value that another one is making. */
const maxWaitMs = 2000;
/** Entries of the default cache; the oldest goes first. */
const maxEntries = 1000;

export interface Kept<T = unknown> {
  readonly value: T;
  readonly expiresAtMs: number;
}

/**
 * The value that is kept under the key, or the one that `make` makes. `refused` is a value that no longer serves: it is
 * made anew if that is what is kept. A failure is not kept.
 */
export type Recall = <R extends Kept | ProviderFailure>(
  key: string,
  make: () => Promise<R>,
  refused?: unknown,
) => Promise<R>;

/**
 * Cached are values, never promises: in workerd a promise of an invocation that has ended never settles, and whoever waits
 * for it hangs. Values in the making are shared for a bounded time only. Failures of the cache are its own: they cost a
 * value made anew, never a send.
 */
export function createRecall(cache: Cache, now: () => Date): Recall {
  const making = new Map<string, Promise<Kept | ProviderFailure>>();
  return async <R extends Kept | ProviderFailure>(
    key: string,
    make: () => Promise<R>,
    refused?: unknown,
  ): Promise<R> => {
    try {
      const kept = await cache.get(key);
      if (kept && kept.expiresAtMs > now().getTime() && kept.value !== refused) return kept as R;
    } catch {
      // Then it is made anew.
    }
    const other = making.get(key) as Promise<R> | undefined;
    const theirs =
      other &&
      (await within(
        maxWaitMs,
        undefined,
        other.catch(() => undefined),
      ));
    // Another send's abort is not this one's.
    if (theirs && !("kind" in theirs && theirs.kind === "aborted")) return theirs;
    const own = make();
    making.set(key, own);
    try {
      const made = await own;
      try {
        if ("value" in made) await cache.set(key, made.value, made.expiresAtMs);
      } catch {
        // Then it is made anew the next time.
      }
      return made;
    } finally {
      if (making.get(key) === own) making.delete(key);
    }
  };
}

/** The default {@link Cache}: a map in the notifier. */
export function mapCache(): Cache {
  const entries = new Map<string, Kept>();
  return {
    get: (key) => entries.get(key),
    set(key, value, expiresAtMs) {
      entries.delete(key);
      entries.set(key, { value, expiresAtMs });
      if (entries.size > maxEntries) for (const oldest of entries.keys()) return void entries.delete(oldest);
    },
  };
}
