import { instance, pipe, regex, string, union } from "valibot";
import type { GenericSchema } from "valibot";

/** The bytes of a file, or their base64. Over HTTP only the latter exists. */
export const fileContent: GenericSchema<Uint8Array | string> = /* @__PURE__ */ union([
  pipe(string(), regex(/^[A-Za-z0-9+/]*={0,2}$/, "expected base64: standard alphabet, padded, no line breaks")),
  instance(Uint8Array),
]);

/**
 * How many bytes a base64 text stands for; undefined unless it is their canonical spelling (length a multiple of four,
 * trailing bits zero). Looks at the end only: the schema has seen the alphabet, and a file can be 40 MB.
 */
export function base64SizeBytes(text: string): number | undefined {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const isCanonical =
    text.length % 4 === 0 && [/^/, /[AEIMQUYcgkosw048]=$/, /[AQgw]==$/][padding]?.test(text.slice(-4));
  return isCanonical ? (text.length / 4) * 3 - padding : undefined;
}
