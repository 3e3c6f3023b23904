/** Makes a value when it is first asked for, and once: workerd allows no crypto at the top level of a module. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
