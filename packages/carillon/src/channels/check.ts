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
  const refuse = (field: string, detail: string): void => {
    refusal ??= { ok: false, kind: "invalid-message", field, detail };
  };
  let message: M | undefined;
  try {
    const read = check(schema, input);
    if (read.issues) {
      const [{ path, message: detail }] = read.issues;
      // The names of fields are the caller's too: only plain words are repeated.
      const keys = path.map(({ key }) => key).filter((key) => /^[\w-]{1,64}$/.test(key));
      refuse(keys.join("."), detail);
    } else message = make(read.value, (field, expected) => refuse(field, `expected ${expected}`));
  } catch {
    refuse("", "expected a plain object that can be read");
  }
  return refusal ?? (message as M);
}
