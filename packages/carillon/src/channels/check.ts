import type { GenericSchema } from "valibot";
import type { Refusal } from "./definition.ts";
import { check } from "./schema.ts";

/** Notes what was expected of a field; the first note is the one that the caller gets. */
export type Reject = (field: string, expected: string) => void;

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
  const reject: Reject = (field, expected) => {
    refusal ??= { ok: false, kind: "invalid-message", field, detail: `expected ${expected}` };
  };
  let message: M | undefined;
  try {
    const { issues, value } = check(schema, input);
    if (issues) {
      const [{ path = [], expected }] = issues;
      reject(
        // The names of fields are the caller's too: only plain words are repeated.
        path
          .map(({ key }) => key as string)
          .filter((key) => /^[\w-]{1,64}$/.test(key))
          .join("."),
        expected as string,
      );
    } else message = make(value as I, reject);
  } catch {
    reject("", "a plain object that can be read");
  }
  return refusal ?? (message as M);
}
