import { check, text, value } from "./schema.ts";
import type { Schema } from "./schema.ts";

/** Bits that stand for no byte are zero. A file can be 40 MB: this goes over it once. */
const base64 = text(
  "canonical base64, padded",
  /^[A-Za-z0-9+/]*([AEIMQUYcgkosw048]=|[AQgw]==)?$/,
  (input) => input.length % 4 === 0,
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
