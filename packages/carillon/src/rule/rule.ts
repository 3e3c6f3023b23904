/** A field, as a path from where the rule stands, and what was expected of it. */
export type Problem = readonly [field: string, expected: string];

declare const means: unique symbol;

/**
 * What a value must be: of a message's field, of an option. True for a good value; for another what was expected, with the
 * field if that is further in. Never what was received, which may be a secret.
 */
export interface Rule<T = unknown> {
  (value: unknown): true | string | Problem;
  /** For the compiler alone. */
  readonly [means]?: T;
}

/** The problems of an object's or a list's own entries: of those that there must be, and of those that there are. */
export function problemsOf(
  input: unknown,
  required: object,
  ruleOf: (key: string) => Rule | undefined,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const key of Object.keys({ ...required, ...(input as object) })) {
    const rule = key === "__proto__" ? undefined : ruleOf(key);
    const value = (input as Readonly<Record<string, unknown>>)[key];
    const found = rule ? rule(value) : value === undefined || "no field of this name";
    if (found === true) continue;
    const [field, expected] = typeof found === "string" ? ["", found] : found;
    problems.push([field ? `${key}.${field}` : key, expected]);
  }
  return problems;
}
