/**
 * What the promise gives, or undefined once the time is over or `signal` aborts. Leaves no timer and no listener behind.
 * Without a promise it only waits.
 */
export async function within<T>(ms: number, signal?: AbortSignal, promise?: Promise<T>): Promise<T | undefined> {
  let stop!: () => void;
  let timer!: ReturnType<typeof setTimeout>;
  try {
    return await new Promise((resolve, reject) => {
      stop = () => resolve(undefined);
      timer = setTimeout(stop, ms);
      signal?.addEventListener("abort", stop);
      if (signal?.aborted) stop();
      promise?.then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
