import type { Cache } from "./config.ts";

/** How long one send waits on a value that another one is making. */
const maxWaitMs = 2000;
/** Entries of the default cache; the oldest goes first. */
const maxEntries = 1000;

/** What a notifier keeps between sends. Failures of the cache are its own: they cost a value made anew, never a send. */
export interface Memory {
  read(key: string): Promise<unknown>;
  /** The value made; another's, when another is making it right now and ends within two seconds. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;
  write(key: string, value: unknown, expiresAtMs: number): Promise<void>;
}

/**
 * Cached are values, never promises: in workerd a promise of an invocation that has ended never settles, and whoever waits
 * for it hangs. Values in the making are shared for a bounded time only.
 */
export function createMemory(cache: Cache, now: () => Date): Memory {
  const making = new Map<string, Promise<unknown>>();
  return {
    async read(key) {
      try {
        const entry = await cache.get(key);
        return entry && entry.expiresAtMs > now().getTime() ? entry.value : undefined;
      } catch {
        return undefined;
      }
    },
    async write(key, value, expiresAtMs) {
      try {
        await cache.set(key, value, expiresAtMs);
      } catch {
        // Then it is made anew the next time.
      }
    },
    async once<T>(key: string, make: () => Promise<T>): Promise<T> {
      const other = making.get(key) as Promise<T> | undefined;
      const theirs = other && (await settled(other));
      if (theirs) return theirs.value;
      const own = make();
      making.set(key, own);
      try {
        return await own;
      } finally {
        if (making.get(key) === own) making.delete(key);
      }
    },
  };
}

/** The value, if the promise keeps it in time. */
function settled<T>(promise: Promise<T>): Promise<{ readonly value: T } | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, maxWaitMs, undefined);
    const end = (result?: { readonly value: T }): void => {
      clearTimeout(timer);
      resolve(result);
    };
    promise.then(
      (value) => end({ value }),
      () => end(),
    );
  });
}

/** The default {@link Cache}: a map in the notifier. */
export function mapCache(): Cache {
  const entries = new Map<string, { readonly value: unknown; readonly expiresAtMs: number }>();
  return {
    get: (key) => entries.get(key),
    set(key, value, expiresAtMs) {
      entries.delete(key);
      entries.set(key, { value, expiresAtMs });
      if (entries.size > maxEntries) for (const oldest of entries.keys()) return void entries.delete(oldest);
    },
  };
}
