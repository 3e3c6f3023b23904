/**
 * Compares without stopping at the first difference, so that the time taken says nothing about where it is.
 * It does tell whether the lengths are equal: compare digests where a length is secret.
 *
 * `crypto.subtle.timingSafeEqual` exists in workerd only.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
