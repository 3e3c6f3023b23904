/**
 * The little that the channels' schemas are made of. Each is a Valibot schema (it works with `parse`, and as a Standard
 * Schema), and has the properties of the Valibot schemas that it stands for, so that it turns into JSON Schema as they
 * do; patterns have no flags, which JSON Schema does not know. Valibot's own objects, unions, records and actions would
 * be a third of a bundle with one email provider, quote what was received, and its unions cannot say what is wrong
 * inside of an option. Of an issue there is what was expected and where, nothing of what was received.
 */
import type { GenericSchema } from "valibot";

export type Schema<T = unknown> = GenericSchema<T>;

/** The first problem: its message, and the way to it. */
interface Problem {
  readonly message: string;
  readonly path: { readonly key: string }[];
}

type Outcome<T> = { readonly value: T; readonly issues?: never } | { readonly issues: readonly [Problem] };

function make<T>(shape: object, run: (input: unknown) => Outcome<T>): Schema<T> {
  return {
    kind: "schema",
    async: false,
    ...shape,
    "~standard": { version: 1, vendor: "valibot", validate: run },
    "~run": (dataset: { readonly value: unknown }) => {
      const outcome = run(dataset.value);
      return { typed: !outcome.issues, ...outcome };
    },
  } as object as Schema<T>;
}

/** Runs a schema. */
export function check<T>(schema: Schema<T>, input: unknown): Outcome<T> {
  return schema["~standard"].validate(input) as object as Outcome<T>;
}

function fail(expects: string): Outcome<never> {
  return { issues: [{ message: `expected ${expects}`, path: [] }] };
}

/** What a test decides about. `expects` is what a refusal says of it, `shape` what JSON Schema is made from. */
// @__NO_SIDE_EFFECTS__
export function value<T>(expects: string, test: (input: unknown) => unknown, shape?: object): Schema<T> {
  return make<T>({ expects, ...shape }, (input) => (test(input) ? { value: input as T } : fail(expects)));
}

/** Text that fits a pattern, and beside it what a pattern cannot say. */
// @__NO_SIDE_EFFECTS__
export function text(expects: string, pattern: RegExp, test: (input: string) => unknown = () => true): Schema<string> {
  const type = "string";
  return value(expects, (input) => typeof input === type && pattern.test(input as string) && test(input as string), {
    type,
    pipe: [
      { kind: "schema", type },
      { type: "regex", requirement: pattern },
    ],
  });
}

// @__NO_SIDE_EFFECTS__
export function optional<T>(wrapped: Schema<T>): Schema<T | undefined> {
  return make<T | undefined>({ type: "optional", wrapped }, (input) =>
    input === undefined ? { value: input } : check(wrapped, input),
  );
}

/** A union that asks only the option that is meant. */
// @__NO_SIDE_EFFECTS__
export function either<T, U>(isFirst: (input: unknown) => boolean, first: Schema<T>, second: Schema<U>): Schema<T | U> {
  return make<T | U>({ type: "union", options: [first, second] }, (input) =>
    check<T | U>(isFirst(input) ? first : second, input),
  );
}

export const isObject = (input: unknown): input is object =>
  !!input && typeof input === "object" && !Array.isArray(input);

/** A schema for each field. */
export type Entries<T> = { readonly [K in keyof T]-?: Schema<T[K]> };

/** An object with these fields and no others; stops at the first problem. */
// @__NO_SIDE_EFFECTS__
export function object<T>(entries: Entries<T>): Schema<T> {
  return make<T>({ type: "strict_object", entries }, (input) =>
    readEntries(input, {}, Object.keys(entries), (key) =>
      Object.hasOwn(entries, key) ? (entries[key as keyof T] as Schema) : unknownField,
    ),
  );
}

const unknownField = value("no field of this name", () => false);

/** An object of any keys that fit a schema. */
// @__NO_SIDE_EFFECTS__
export function record<T>(key: Schema<string>, item: Schema<T>): Schema<Record<string, T>> {
  return make<Record<string, T>>({ type: "record", key, value: item }, (input) =>
    readEntries(input, {}, [], (name) => (check(key, name).issues ? value(key.expects, () => false) : item)),
  );
}

/** A list that is not looked into when it is too long. */
// @__NO_SIDE_EFFECTS__
export function list<T>(item: Schema<T>, max: number): Schema<T[]> {
  const pipe = [
    { kind: "schema", type: "array", item },
    { type: "max_length", requirement: max },
  ];
  return make<T[]>({ pipe }, (input) =>
    Array.isArray(input) && input.length <= max
      ? readEntries(input, [], [], () => item)
      : fail(`a list of at most ${max}`),
  );
}

/** Reads the keys that there must be and those that there are. */
function readEntries<T>(
  input: unknown,
  output: object,
  keys: readonly string[],
  schemaOf: (key: string) => Schema,
): Outcome<T> {
  if (isObject(output) && !isObject(input)) return fail("an object");
  for (const key of new Set([...keys, ...Object.keys(input as object)])) {
    const schema = key === "__proto__" ? unknownField : schemaOf(key);
    const read = check(schema, (input as Record<string, unknown>)[key]);
    if (read.issues) {
      read.issues[0].path.unshift({ key });
      return read;
    }
    if (read.value !== undefined) (output as Record<string, unknown>)[key] = read.value;
  }
  return { value: output as T };
}

/** Whole numbers. */
// @__NO_SIDE_EFFECTS__
export function whole(min: number, max: number): Schema<number> {
  return value(
    `a whole number from ${min} to ${max}`,
    (input) => Number.isInteger(input) && (input as number) >= min && (input as number) <= max,
    {
      pipe: [
        { kind: "schema", type: "number" },
        { type: "integer" },
        { type: "min_value", requirement: min },
        { type: "max_value", requirement: max },
      ],
    },
  );
}

/** One of some texts. */
// @__NO_SIDE_EFFECTS__
export function oneOf<T extends string>(...options: readonly T[]): Schema<T> {
  return value(options.join(", "), (input) => options.includes(input as T), { type: "picklist", options });
}
