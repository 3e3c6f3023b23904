import { fromBase64Url, toBase64Url, utf8 } from "../../crypto/bytes.ts";
import { ownPrefix } from "../../provider/correlation.ts";
import { recordOf } from "../../provider/reading.ts";
import type { ResendTag } from "./wire.ts";

/**
 * A tag's value knows only `[A-Za-z0-9_-]`, metadata any character. A value outside of that goes in base64url under this
 * prefix (with a `_` before it, so that it is never empty) and is decoded on its way back. Refusing it instead would stop
 * messages for an `@` or a space; carrying it in e-mail headers would show it to the recipient.
 */
const encodedPrefix = `${ownPrefix}utf8_`;

/** Longest name and value of a tag, in characters. */
export const maxTagLength = 256;

export function toTag(name: string, value: string): ResendTag {
  return /^[\w-]+$/.test(value)
    ? { name, value }
    : { name: encodedPrefix + name, value: `_${toBase64Url(utf8(value))}` };
}

/** The webhook's `tags` (an object, where the request has a list), decoded. */
export function readTags(tags: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(recordOf(tags)).map(([name, value]) => {
      if (!name.startsWith(encodedPrefix) || typeof value !== "string") return [name, value];
      const bytes = fromBase64Url(value.slice(1));
      return [name.slice(encodedPrefix.length), bytes && new TextDecoder().decode(bytes)];
    }),
  );
}
