import { check, text, value } from "./schema.ts";
import type { Schema } from "./schema.ts";

/** The last four characters of a canonical spelling: the bits that stand for no byte are zero. */
const canonicalEnd = /(^|[^=]|[AEIMQUYcgkosw048]=|[AQgw]==)$/;

const base64 = text(
  "canonical base64: standard alphabet, padded, no line breaks",
  /^[A-Za-z0-9+/]*={0,2}$/,
  // Looks at the end only: a file can be 40 MB, and the pattern has seen all of it once.
  (input) => input.length % 4 === 0 && canonicalEnd.test(input.slice(-4)),
);

/** The bytes of a file, or their base64 in its canonical spelling. Over HTTP, and in JSON Schema, only the latter exists. */
export const fileContent: Schema<Uint8Array | string> = value(
  base64.expects,
  (input) => input instanceof Uint8Array || !check(base64, input).issues,
  { type: "union", options: [base64] },
);

/** How many bytes a canonical base64 text stands for. */
export function base64SizeBytes(text: string): number {
  return text.length * 0.75 - text.slice(-2).split("=").length + 1;
}
