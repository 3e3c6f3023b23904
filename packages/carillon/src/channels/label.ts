import type { Address } from "./definition.ts";
import { sha256Hex } from "../crypto/hash.ts";

/** `a***@example.com`. */
export function emailLabel(email: string): string {
  return `${email.slice(0, 1)}***${email.slice(email.lastIndexOf("@"))}`;
}

/** `+44***06`. */
export function phoneLabel(number: string): string {
  return `${number.slice(0, 3)}***${number.slice(-2)}`;
}

/**
 * An address that is itself a secret: known by its SHA-256, shown by its public part and enough of the hash to tell
 * two apart.
 */
export async function secretAddress(secret: string, publicPart: string, secrets: readonly string[]): Promise<Address> {
  const hash = await sha256Hex(secret);
  return { key: hash, label: `${publicPart}#${hash.slice(0, 8)}`, secrets };
}
