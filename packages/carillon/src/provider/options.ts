import { ConfigurationError } from "../error/errors.ts";
import { entryOf, matches, recordOf } from "./reading.ts";

/** True for a good value; for another what it must be, which is all that an error says of it: never the value itself. */
export type OptionRule = (value: unknown) => true | string;

/** Rules by option. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

/** An option that breaks its rule, and what was expected of it. */
export type OptionProblem = readonly [option: string, expected: string];

/** What {@link isHeaderSafe} takes, in words. */
export const credential = "visible ASCII without spaces";

/** Whether a string can stand in a header as a credential: visible ASCII, so no stray newline of a file; not empty. */
export function isHeaderSafe(value: unknown): value is string {
  return matches(/^[!-~]+$/, value);
}

export const text: OptionRule = (value) => matches(/\S/, value) || "text that is not blank";

/** A credential for a request's header, or a function that gets one. */
export const secret: OptionRule = (value) =>
  typeof value === "function" || isHeaderSafe(value) || `${credential}, or a function`;

/** A receiver's secret: one string, or a list of them while they rotate. */
export const secrets: OptionRule = (value) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return (list.length > 0 && list.every((each) => text(each) === true)) || "text that is not blank, or a list of it";
};

export const url: OptionRule = (value) =>
  (matches(/^https?:/i, value) && URL.canParse(value)) || "an http or https URL";

export const flag: OptionRule = (value) => typeof value === "boolean" || "true or false";

/** Finite, too. */
export const positive: OptionRule = (value) => (Number.isFinite(value) && (value as number) > 0) || "a number above 0";

export const record: OptionRule = (value) => recordOf(value) === value || "an object";

/** What every provider's factory may be given. */
export const accountRules: OptionRules = { account: text, baseUrl: url };

/** Every way in which options break their rules, an unknown option included; undefined counts as absent. */
export function optionProblems(
  options: unknown,
  optional: OptionRules,
  required: OptionRules = {},
): readonly OptionProblem[] {
  const given = recordOf(options);
  return Object.keys({ ...required, ...given }).flatMap((option) => {
    const value = given[option];
    const rule = entryOf(required, option);
    if (value === undefined && !rule) return [];
    const expected = (rule ?? entryOf(optional, option))?.(value) ?? "no field of this name";
    return expected === true ? [] : [[option, expected] as const];
  });
}

/**
 * Checks what a factory is given, once, when it is called.
 *
 * Errors: one `ConfigurationError` that names every problem and echoes no value.
 */
export function checkOptions(
  subject: string,
  options: unknown,
  required: OptionRules,
  optional: OptionRules = {},
): void {
  const problems = optionProblems(options, optional, required).map(
    ([option, expected]) => `${option}: expected ${expected}`,
  );
  if (problems.length > 0) throw new ConfigurationError(subject, problems);
}
