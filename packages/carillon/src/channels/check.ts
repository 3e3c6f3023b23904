import type { Rule } from "../rule/rule.ts";
import type { Refusal } from "./definition.ts";

/** Notes what was expected of a field; the first note is the one that the caller gets. */
export type Reject = (field: string, expected: string) => void;

/**
 * Holds an input to its rule, and then to those that are about several fields at once. Never throws: an input that cannot
 * even be read (a throwing getter) is refused like any other.
 */
export function normaliseWith<I, M>(rule: Rule<I>, input: unknown, make: (input: I, reject: Reject) => M): M | Refusal {
  let refusal: Refusal | undefined;
  const reject: Reject = (field, expected) => {
    // The names of fields are the caller's too: only plain words are repeated.
    const words = field.split(".").filter((word) => /^[\w-]{1,64}$/.test(word));
    refusal ??= { ok: false, kind: "invalid-message", field: words.join("."), detail: `expected ${expected}` };
  };
  let message: M | undefined;
  try {
    const found = rule(input);
    if (found === true) message = make(input as I, reject);
    else if (typeof found === "string") reject("", found);
    else reject(...found);
  } catch {
    reject("", "a plain object that can be read");
  }
  return refusal ?? (message as M);
}
