/** One thing that a suite holds, for any test runner: `run` rejects when it does not hold. */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

/** What a check rejects with. Test runners show `actual` against `expected` where both are there. */
export class CheckError extends Error {
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, compared?: { readonly actual: unknown; readonly expected: unknown }) {
    super(message);
    this.name = "CheckError";
    this.actual = compared?.actual;
    this.expected = compared?.expected;
  }
}

export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CheckError(message);
}

/** Compares as JSON does: a property that is undefined is not there, a date is its ISO text. Order of keys is left aside. */
export function ensureSame(actual: unknown, expected: unknown, what: string): void {
  const [have, want] = [sorted(actual), sorted(expected)];
  if (have !== want) {
    throw new CheckError(`${what} differs\nis:     ${have}\nshould: ${want}`, { actual: have, expected: want });
  }
}

function sorted(value: unknown): string {
  return (
    JSON.stringify(
      value,
      (_, inner: unknown) =>
        typeof inner === "object" && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
      2,
    ) ?? "undefined"
  );
}
