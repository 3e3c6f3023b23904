import { ConfigurationError } from "../error/errors.ts";

/** What one option must be. `expected` completes "option x must be ..." and is all that an error says: never the value. */
export interface OptionRule {
  readonly required: boolean;
  readonly expected: string;
  accepts(value: unknown): boolean;
}

export interface OptionProblem {
  readonly option: string;
  readonly problem: string;
}

/** The kinds of option that there are, each once as required and once as optional. */
export interface OptionRules {
  /** A string that is not blank. */
  readonly text: OptionRule;
  /** A credential for a request's header, or a function that gets one: visible ASCII, so no stray newline of a file. */
  readonly secret: OptionRule;
  /** A receiver's secret: one string, or a list of them while they rotate. */
  readonly secrets: OptionRule;
  /** `http:` or `https:`. */
  readonly url: OptionRule;
  readonly flag: OptionRule;
  /** A finite number above zero. */
  readonly positive: OptionRule;
  /** A plain object. */
  readonly record: OptionRule;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && /\S/.test(value);
}

/** Whether a string can stand in a header as a credential: visible ASCII, no spaces, not empty. */
export function isHeaderSafe(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

function isUrl(value: unknown): boolean {
  try {
    return /^https?:$/.test(new URL(value as string).protocol);
  } catch {
    return false;
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function rules(required: boolean): OptionRules {
  const rule = (expected: string, accepts: (value: unknown) => boolean): OptionRule => ({
    required,
    expected,
    accepts,
  });
  return {
    text: rule("a string that is not blank", isText),
    secret: rule(
      "a string of visible ASCII characters without spaces, or a function that resolves to one",
      (value) => typeof value === "function" || isHeaderSafe(value),
    ),
    secrets: rule(
      "a string that is not blank, or a list of them",
      (value) => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
    ),
    url: rule("an http or https URL", isUrl),
    flag: rule("true or false", (value) => typeof value === "boolean"),
    positive: rule("a number above 0", (value) => Number.isFinite(value) && (value as number) > 0),
    record: rule("an object", isRecord),
  };
}

export const required: OptionRules = /* @__PURE__ */ rules(true);
export const optional: OptionRules = /* @__PURE__ */ rules(false);

/** An optional text out of a short list. */
export function oneOf(...values: readonly string[]): OptionRule {
  return {
    required: false,
    expected: `one of ${values.join(", ")}`,
    accepts: (value) => values.includes(value as string),
  };
}

/** An optional text of so many characters. */
export function textOfLength(min: number, max: number): OptionRule {
  return {
    required: false,
    expected: `a string of ${min} to ${max} characters`,
    accepts: (value) => typeof value === "string" && value.length >= min && value.length <= max,
  };
}

/** Every way in which options break their rules, an unknown option included; undefined counts as absent. */
export function optionProblems(
  options: unknown,
  rulesByName: Readonly<Record<string, OptionRule>>,
): readonly OptionProblem[] {
  if (!isRecord(options)) return [{ option: "", problem: "options must be an object" }];
  const given = options as Readonly<Record<string, unknown>>;
  const problems: OptionProblem[] = [];
  for (const [option, rule] of Object.entries(rulesByName)) {
    const value = given[option];
    if (value === undefined ? rule.required : !rule.accepts(value)) {
      problems.push({ option, problem: `option "${option}" must be ${rule.expected}` });
    }
  }
  for (const option of Object.keys(given)) {
    if (!Object.hasOwn(rulesByName, option)) problems.push({ option, problem: `option "${option}" is unknown` });
  }
  return problems;
}

/**
 * Checks what a factory is given, once, when it is called.
 *
 * Errors: one `ConfigurationError` that names every problem and echoes no value.
 */
export function checkOptions(
  subject: string,
  options: unknown,
  rulesByName: Readonly<Record<string, OptionRule>>,
): void {
  const problems = optionProblems(options, rulesByName);
  if (problems.length > 0) {
    throw new ConfigurationError(
      subject,
      problems.map(({ problem }) => problem),
    );
  }
}
