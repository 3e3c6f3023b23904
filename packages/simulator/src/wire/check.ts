import * as v from "valibot";

export interface Problem {
  /** `personalizations.0.to`; empty for the body itself. */
  readonly path: string;
  /** `rule`: the value has the right type, and breaks a rule that `text` states. */
  readonly kind: "missing" | "unknown" | "type" | "rule";
  readonly text: string;
}

/** Checks a body against a schema and says what is wrong in words that every route can turn into its provider's own. */
export function check<T>(
  schema: v.GenericSchema<unknown, T>,
  body: unknown,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] } {
  const result = v.safeParse(schema, body);
  return result.success ? { ok: true, value: result.output } : { ok: false, problems: result.issues.map(problemOf) };
}

function problemOf(issue: v.BaseIssue<unknown>): Problem {
  const path = v.getDotPath(issue) ?? "";
  if (issue.kind === "validation") return { path, kind: "rule", text: issue.message };
  if (issue.type === "strict_object" && issue.expected === "never")
    return { path, kind: "unknown", text: issue.message };
  if (issue.received === "undefined") return { path, kind: "missing", text: issue.message };
  return { path, kind: "type", text: `expected ${issue.expected ?? "another type"}` };
}

/** A header's field name, RFC 9110 section 5.6.2. */
export const headerName: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Header values must stay on their line. */
export function isHeaderValue(value: string): boolean {
  return !/[\r\n\0]/.test(value);
}
