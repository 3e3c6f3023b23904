import type { Rule } from "../rule/rule.ts";
import { value } from "../rule/rules.ts";

/** Bits that stand for no byte are zero. A file can be 40 MB: this goes over it once. */
const base64 = /^[A-Za-z0-9+/]*([AEIMQUYcgkosw048]=|[AQgw]==)?$/;

/** The bytes of a file, or their base64 in its canonical spelling. */
export const fileContent: Rule<Uint8Array | string> = value(
  "canonical base64, padded",
  (input) => input instanceof Uint8Array || (typeof input === "string" && input.length % 4 === 0 && base64.test(input)),
);

/** How many bytes a canonical base64 text stands for. */
export function base64SizeBytes(text: string): number {
  return text.length * 0.75 - text.slice(-2).split("=").length + 1;
}
