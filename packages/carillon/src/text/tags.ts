import { fromBase64Url, toBase64Url, utf8 } from "../crypto/bytes.ts";

export interface Tag {
  /** ASCII letters, digits, `_` and `-`; the value too. */
  readonly name: string;
  readonly value: string;
}

/**
 * Metadata in the tags of a provider that has nothing else to carry it. A tag's value knows only `[A-Za-z0-9_-]`, metadata
 * any character. A value outside of that goes in base64url under this prefix (with a `_` before it, so that it is never
 * empty) and is decoded on its way back. Refusing it instead would stop messages for an `@` or a space; carrying it in
 * e-mail headers would show it to the recipient.
 */
const encodedPrefix = "carillon_utf8_";

/** Before a label of the message, which has no value of its own. */
const labelPrefix = "carillon_tag_";

/** Tells the webhook's reader that a message has several recipients: an event does not say which one it is about. */
export const envelopeName = "carillon_envelope";

/** Names with a meaning here. Metadata that is called so goes encoded, which sets it apart. */
const meaningful = /^carillon_(utf8_|tag_|envelope$)/;

export function toTag(name: string, value: string): Tag {
  return /^[\w-]+$/.test(value) && !meaningful.test(name)
    ? { name, value }
    : { name: encodedPrefix + name, value: `_${toBase64Url(utf8(value))}` };
}

/** The longest that providers take, of a name and of a value. */
const maxTagLength = 256;

/** Entries of metadata that are too long for a tag: their field, and what was expected. */
export function* tagProblems(metadata: Readonly<Record<string, string>>): Generator<readonly [string, string]> {
  for (const [key, value] of Object.entries(metadata)) {
    const isTooLong = toTag(key, value).value.length > maxTagLength;
    if (isTooLong) yield [`metadata.${key}`, "up to 191 bytes, or only A-Z a-z 0-9 _ -"];
  }
}

/** The metadata and the labels of a message as tags. */
export function toTags(metadata: Readonly<Record<string, string>>, labels: readonly string[]): readonly Tag[] {
  return [
    ...Object.entries(metadata).map(([key, value]) => toTag(key, value)),
    ...labels.map((label) => ({ name: labelPrefix + label, value: "1" })),
  ];
}

/** Our id and the metadata in a webhook's tags (an object, where the request has a list), decoded. */
export function readTags(tags: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([name, value]) => {
      if (!meaningful.test(name)) return [[name, value]];
      const isEncoded = name.startsWith(encodedPrefix) && typeof value === "string";
      const bytes = isEncoded ? fromBase64Url(value.slice(1)) : undefined;
      return bytes ? [[name.slice(encodedPrefix.length), new TextDecoder().decode(bytes)]] : [];
    }),
  );
}
