/** Lets `limit` tasks run at once; the others wait in the order in which they came. */
export function gate(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The place goes from one to the other, so that nobody who comes in between takes it.
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
