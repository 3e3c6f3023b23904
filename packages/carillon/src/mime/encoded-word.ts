import { toBase64, utf8 } from "../crypto/bytes.ts";
import { formatMailbox } from "../provider/mailbox.ts";

/**
 * Text as RFC 2047 encoded words of up to 75 characters, which a header's ASCII can hold; readers drop the spaces between.
 * Halved until it fits, between characters: none may be split between two words.
 */
export function encodedWords(text: string): string {
  const word = `=?UTF-8?B?${toBase64(utf8(text))}?=`;
  if (word.length <= 75) return word;
  const second = [...text];
  const first = second.splice(0, second.length >> 1);
  return `${encodedWords(first.join(""))} ${encodedWords(second.join(""))}`;
}

/** A word for which a line of 998 characters (RFC 5322 section 2.1.1) may have no room beside its header's name. */
export const unfoldable: RegExp = /\S{901}/;

/** What stands in a header for this text: itself where it is ASCII. */
export function headerText(text: string): string {
  return /[^ -~]/.test(text) ? encodedWords(text) : text;
}

/**
 * A mailbox for a header of ASCII.
 */
export function asciiMailbox(address: Parameters<typeof formatMailbox>[0]): string {
  const { email, name = "" } = address;
  const encoded = headerText(name);
  return encoded === name ? formatMailbox(address) : `${encoded} <${email}>`;
}
