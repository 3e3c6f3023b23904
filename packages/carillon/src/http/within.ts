/**
 * What the promise gives, or undefined once the time is over or `signal` aborts. Leaves no timer and no listener behind.
 * Without a promise it only waits.
 */
export async function within<T>(ms: number, signal?: AbortSignal, promise?: Promise<T>): Promise<T | undefined> {
  let stop!: () => void;
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  const timer = setTimeout(stop, ms);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    return await (promise ? Promise.race([promise, stopped]) : stopped);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
