import { ConfigurationError } from "../error/errors.ts";
import { type Problem, problemsOf, type Rule } from "../rule/rule.ts";
import { isObject, optional as maybe, text as textRule, value as rule } from "../rule/rules.ts";
import { entryOf, matches, recordOf } from "./reading.ts";

/** Rules by option. */
export type OptionRules = Readonly<Record<string, Rule>>;

/** What {@link isHeaderSafe} takes, in words. */
export const credential = "visible ASCII without spaces";

/** Whether a string can stand in a header as a credential: visible ASCII, so no stray newline of a file; not empty. */
export function isHeaderSafe(value: unknown): value is string {
  return matches(/^[!-~]+$/, value);
}

export const text: Rule = /* @__PURE__ */ textRule("text that is not blank", /\S/);

/** A credential for a request's header, or a function that gets one. */
export const secret: Rule = (value) =>
  typeof value === "function" || isHeaderSafe(value) || `${credential}, or a function`;

/** A receiver's secret: one string, or a list of them while they rotate. */
export const secrets: Rule = (value) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return (list.length > 0 && list.every((each) => text(each) === true)) || "text that is not blank, or a list of it";
};

export const url: Rule = /* @__PURE__ */ textRule("an http or https URL", /^https?:/i, (value) => URL.canParse(value));

export const flag: Rule = (value) => typeof value === "boolean" || "true or false";

/** Finite, too. */
export const positive: Rule = (value) => (Number.isFinite(value) && (value as number) > 0) || "a number above 0";

export const record: Rule = /* @__PURE__ */ rule("an object", isObject);

/** What every provider's factory may be given. */
export const accountRules: OptionRules = { account: text, baseUrl: url };

/** Every way in which options break their rules, an unknown option included; undefined counts as absent. */
export function optionProblems(
  options: unknown,
  optional: OptionRules,
  required: OptionRules = {},
): readonly Problem[] {
  const ruleOf = (option: string): Rule | undefined => {
    const found = entryOf(optional, option);
    return entryOf(required, option) ?? (found && maybe(found));
  };
  return problemsOf(recordOf(options), required, ruleOf);
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
