import { safeParse } from "valibot";
import type { BaseIssue, GenericSchema } from "valibot";
import type { Refusal } from "./channel.ts";

/** Notes why an input cannot be a message; the first note is the one that the caller gets. */
export type Reject = (field: string, detail: string) => void;

/**
 * Runs an input through its schema and then through the rules that a schema cannot say. Never throws: an input that
 * cannot even be read (a throwing getter) is refused like any other.
 */
export function normaliseWith<I, M>(
  schema: GenericSchema<I>,
  input: unknown,
  make: (input: I, reject: Reject) => M,
): M | Refusal {
  let refusal: Refusal | undefined;
  try {
    const parsed = safeParse(schema, input, { abortEarly: true });
    if (!parsed.success) return refusalOf(parsed.issues[0]);
    const message = make(parsed.output, (field, detail) => {
      refusal ??= refuse(field, detail);
    });
    return refusal ?? message;
  } catch {
    return refuse("", "expected a plain object that can be read");
  }
}

function refuse(field: string, detail: string): Refusal {
  return { ok: false, kind: "invalid-message", field, detail };
}

/** Valibot's own texts quote what was received, which can be a secret; this one is made of the schema alone. */
function refusalOf(issue: BaseIssue<unknown>): Refusal {
  const { at, path } = mostPrecise(issue, []);
  const last = at.path?.at(-1);
  let detail = at.message;
  if (at.type === "strict_object" && at.expected === "never") detail = "expected no field of this name";
  else if (at.type === "strict_object" && last) detail = "expected a value: this field is required";
  else if (!detail.startsWith("expected ")) {
    // `max_length` and its like: say which measure the bound is of.
    const measure = at.kind === "validation" ? `${at.type.split("_")[1]} ` : "";
    detail = `expected ${measure}${at.expected}`;
  }
  return refuse(path.join("."), detail);
}

/** Of a union's issues the one deepest inside: `to.0.name` says more than "neither a string nor an object". */
function mostPrecise(issue: BaseIssue<unknown>, parent: readonly string[]): { at: BaseIssue<unknown>; path: string[] } {
  const own = [...parent, ...pathOf(issue)];
  let best = { at: issue, path: own };
  // A value of the wrong form tells which option was meant; a key that is missing or unknown, only which was not.
  const precision = ({ at, path }: typeof best): number => 2 * path.length + (at.type === "strict_object" ? 0 : 1);
  for (const inner of issue.type === "union" ? (issue.issues ?? []) : []) {
    const candidate = mostPrecise(inner, own);
    if (candidate.path.length > own.length && precision(candidate) >= precision(best)) best = candidate;
  }
  return best;
}

/** Keys of a record are the caller's data, so a bad one is not repeated; nor is a field name that is no plain word. */
function pathOf(issue: BaseIssue<unknown>): string[] {
  const path = issue.path ?? [];
  const isBadRecordKey = path.at(-1)?.origin === "key" && issue.type !== "strict_object";
  return (isBadRecordKey ? path.slice(0, -1) : path).map(({ key }) =>
    /^[\w-]{1,64}$/.test(String(key)) ? String(key) : "?",
  );
}
