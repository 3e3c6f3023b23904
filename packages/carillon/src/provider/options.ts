import { ConfigurationError } from "../error/errors.ts";
import { matches, recordOf } from "./reading.ts";

/** True for a good value; for another what it must be, which is all that an error says of it: never the value itself. */
export type OptionRule = (value: unknown) => true | string;

/** Rules by option, in the order in which problems are told; with a `?`, as in an interface, one that may be absent. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

/** An option, and what is wrong with it. */
export type OptionProblem = readonly [option: string, problem: string];

/** Whether a string can stand in a header as a credential: visible ASCII, so no stray newline of a file; not empty. */
export function isHeaderSafe(value: unknown): value is string {
  return matches(/^[!-~]+$/, value);
}

export const text: OptionRule = (value) => matches(/\S/, value) || "a string that is not blank";

/** A credential for a request's header, or a function that gets one. */
export const secret: OptionRule = (value) =>
  typeof value === "function" || isHeaderSafe(value) || "visible ASCII without spaces, or a function";

/** A receiver's secret: one string, or a list of them while they rotate. */
export const secrets: OptionRule = (value) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return (list.length > 0 && list.every((each) => text(each) === true)) || "a string that is not blank, or a list";
};

export const url: OptionRule = (value) =>
  (matches(/^https?:/i, value) && URL.canParse(value)) || "an http or https URL";

export const flag: OptionRule = (value) => typeof value === "boolean" || "true or false";

/** Finite, too. */
export const positive: OptionRule = (value) => (Number.isFinite(value) && (value as number) > 0) || "a number above 0";

export const record: OptionRule = (value) => recordOf(value) === value || "an object";

/** What every provider's factory takes. */
export const accountRules: OptionRules = { "account?": text, "baseUrl?": url };

/** Every way in which options break their rules, an unknown option included; undefined counts as absent. */
export function optionProblems(options: unknown, rules: OptionRules): readonly OptionProblem[] {
  const given = recordOf(options);
  const problems: OptionProblem[] = [];
  const known = Object.entries(rules).map(([name, rule]) => {
    const option = name.replace("?", "");
    const value = given[option];
    const found = rule(value);
    if (found !== true && (value !== undefined || option === name)) problems.push([option, `must be ${found}`]);
    return option;
  });
  for (const option of Object.keys(given)) if (!known.includes(option)) problems.push([option, "is unknown"]);
  return problems;
}

/**
 * Checks what a factory is given, once, when it is called.
 *
 * Errors: one `ConfigurationError` that names every problem and echoes no value.
 */
export function checkOptions(subject: string, options: unknown, rules: OptionRules): void {
  const problems = optionProblems(options, rules).map(([option, problem]) => `option "${option}" ${problem}`);
  if (problems.length > 0) throw new ConfigurationError(subject, problems);
}
