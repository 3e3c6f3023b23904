import type { BuildContext, Cache, Provider, ProviderFailure } from "./contract.ts";
import type { MaybePromise } from "./request.ts";

/** How long one send waits on a value that another one is making. */
const maxWaitMs = 2000;
/** Entries of the default cache; the oldest goes first. */
const maxEntries = 1000;

export interface Kept<T = unknown> {
  readonly value: T;
  readonly expiresAtMs: number;
}

/**
 * The value that is kept under the name, or the one that `make` makes. `refused` is a value that no longer serves: it is
 * made anew if that is what is kept. A failure is not kept.
 */
export type Recall = <R extends Kept | ProviderFailure>(
  context: BuildContext,
  name: string,
  make: () => Promise<R>,
  refused?: unknown,
) => Promise<R>;

/**
 * What a provider keeps of costly values, apart for each account: in the notifier's cache, or else here.
 *
 * Cached are values, never promises: in workerd a promise of an invocation that has ended never settles, and whoever waits
 * for it hangs. Values in the making are shared for a bounded time only. Failures of the cache are its own: they cost a
 * value made anew, never a send.
 */
export function createRecall({ id, account }: Pick<Provider, "id" | "account">): Recall {
  const own = mapCache();
  const making = new Map<string, Promise<Kept | ProviderFailure>>();
  return async <R extends Kept | ProviderFailure>(
    { cache = own, now }: BuildContext,
    name: string,
    make: () => Promise<R>,
    refused?: unknown,
  ): Promise<R> => {
    const key = `${id}:${account}:${name}`;
    try {
      const kept = await cache.get(key);
      if (kept && kept.expiresAtMs > now.getTime() && kept.value !== refused) return kept as R;
    } catch {
      // Then it is made anew.
    }
    const other = making.get(key) as Promise<R> | undefined;
    const theirs = other && (await soon(other));
    if (theirs && !("kind" in theirs)) return theirs;
    // Another send's abort is not this one's. Of another failure this one gets no text: only the send that made the request
    // knows what must be redacted of it.
    if (theirs && theirs.kind !== "aborted") {
      return { ...theirs, detail: "Another send could not get it", field: undefined, providerCode: undefined };
    }
    const ours = make();
    making.set(key, ours);
    try {
      const made = await ours;
      try {
        if ("value" in made) await cache.set(key, made.value, made.expiresAtMs);
      } catch {
        // Then it is made anew the next time.
      }
      return made;
    } finally {
      if (making.get(key) === ours) making.delete(key);
    }
  };
}

/** What the promise gives, or undefined when it takes too long, or fails. */
async function soon<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer!: ReturnType<typeof setTimeout>;
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, maxWaitMs, undefined);
  });
  try {
    return await Promise.race([promise, tooLong]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function mapCache(): Cache {
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

export type Remember = <T>(
  context: BuildContext,
  name: string,
  expiresAt: Date,
  make: () => MaybePromise<T>,
) => Promise<T>;

/** For a provider's requests: a value that is costly to make, kept until it expires. Rejects when `make` does. */
export function createMemory(lane: Pick<Provider, "id" | "account">): Remember {
  const recall = createRecall(lane);
  return async (context, name, expiresAt, make) => {
    const kept = await recall(context, `value:${name}`, async () => ({
      value: await make(),
      expiresAtMs: expiresAt.getTime(),
    }));
    return kept.value;
  };
}
