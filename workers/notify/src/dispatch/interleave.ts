/**
 * Takes from each list in turn, `portion` at a time, so that a long one does not keep the short ones waiting.
 */
export function interleave<T>(lists: readonly (readonly T[])[], portion = 1): T[] {
  const all: T[] = [];
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let from = 0; from < longest; from += portion) {
    for (const list of lists) all.push(...list.slice(from, from + portion));
  }
  return all;
}

/** The same lists in any order: who comes first is for chance, so that nobody always comes last. */
export function shuffled<T>(items: readonly T[], random: () => number = Math.random): readonly T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
