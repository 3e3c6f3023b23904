import type { GenericSchema } from "valibot";
import { either, text, value } from "./schema.ts";

/** The last four characters of a canonical spelling: the bits that stand for no byte are zero. */
const canonicalEnd = /(?:^|[^=]|[AEIMQUYcgkosw048]=|[AQgw]==)$/;

/** The bytes of a file, or their base64 in its canonical spelling. Over HTTP only the latter exists. */
export const fileContent: GenericSchema<Uint8Array | string> = either<Uint8Array, string>(
  (input) => input instanceof Uint8Array,
  value("bytes", () => true, { type: "never" }),
  text(
    "canonical base64: standard alphabet, padded, no line breaks",
    /^[A-Za-z0-9+/]*={0,2}$/,
    // Looks at the end only: a file can be 40 MB, and the pattern has seen all of it once.
    (input) => input.length % 4 === 0 && canonicalEnd.test(input.slice(-4)),
  ),
);

/** How many bytes a canonical base64 text stands for. */
export function base64SizeBytes(text: string): number {
  return text.length * 0.75 - text.slice(-2).split("=").length + 1;
}
