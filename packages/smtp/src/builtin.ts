/**
 * A module of the runtime's own; undefined where there is none. By a name that bundlers do not follow: a bundle is made for
 * any runtime, and what is there in one is not in another.
 */
export async function builtin<T>(name: string): Promise<T | undefined> {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as T;
  } catch {
    return undefined;
  }
}
