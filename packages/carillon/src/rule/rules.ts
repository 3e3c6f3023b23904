import { problemsOf, type Rule } from "./rule.ts";

/** What a test decides about, and what to say of a value that fails it. */
// @__NO_SIDE_EFFECTS__
export function value<T>(expected: string, test: (input: unknown) => unknown): Rule<T> {
  return (input) => !!test(input) || expected;
}

/** Text that fits a pattern, and beside it what a pattern cannot say. */
// @__NO_SIDE_EFFECTS__
export function text(expected: string, pattern: RegExp, test: (input: string) => unknown = () => true): Rule<string> {
  return value(expected, (input) => typeof input === "string" && pattern.test(input) && test(input));
}

/** Whole numbers. */
// @__NO_SIDE_EFFECTS__
export function whole(min: number, max: number): Rule<number> {
  return value(
    `a whole number from ${min} to ${max}`,
    (input) => Number.isInteger(input) && (input as number) >= min && (input as number) <= max,
  );
}

/** One of some texts. */
// @__NO_SIDE_EFFECTS__
export function oneOf<T extends string>(...options: readonly T[]): Rule<T> {
  return value(options.join(", "), (input) => options.includes(input as T));
}

// @__NO_SIDE_EFFECTS__
export function optional<T>(rule: Rule<T>): Rule<T | undefined> {
  return (input) => input === undefined || rule(input);
}

/** Of two rules the one that is meant, so that it can say what is wrong inside. */
// @__NO_SIDE_EFFECTS__
export function either<T, U>(isFirst: (input: unknown) => boolean, first: Rule<T>, second: Rule<U>): Rule<T | U> {
  return (input) => (isFirst(input) ? first : second)(input);
}

export const isObject = (input: unknown): input is object =>
  !!input && typeof input === "object" && !Array.isArray(input);

/** A rule for each field. */
export type Entries<T> = { readonly [K in keyof T]-?: Rule<T[K]> };

/** An object with these fields and no others. */
// @__NO_SIDE_EFFECTS__
export function object<T>(entries: Entries<T>): Rule<T> {
  return fields(entries, (key) => (Object.hasOwn(entries, key) ? entries[key as keyof T] : undefined));
}

/** An object of any keys that keep a rule. */
// @__NO_SIDE_EFFECTS__
export function record<T>(key: Rule<string>, item: Rule<T>): Rule<Record<string, T>> {
  return fields({}, (name) => {
    const found = key(name);
    return found === true ? item : () => found;
  });
}

// @__NO_SIDE_EFFECTS__
function fields(required: object, ruleOf: (key: string) => Rule | undefined): Rule<never> {
  return (input) => (isObject(input) ? (problemsOf(input, required, ruleOf)[0] ?? true) : "an object");
}

/** A list that is not looked into when it is too long. */
// @__NO_SIDE_EFFECTS__
export function list<T>(item: Rule<T>, max: number): Rule<T[]> {
  return (input) =>
    Array.isArray(input) && input.length <= max
      ? (problemsOf(input, {}, () => item)[0] ?? true)
      : `a list of at most ${max}`;
}
