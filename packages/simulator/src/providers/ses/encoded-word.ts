import { fromBase64, isBase64 } from "../../wire/bytes.ts";

const encodedWord = /=\?utf-8\?([bq])\?([^?\s]*)\?=(?:(\s+)(?==\?utf-8\?[bq]\?[^?\s]*\?=))?/gi;

/** A header's text with its RFC 2047 encoded words (UTF-8 only) decoded; spaces between two of them are none. */
export function decodeWords(text: string): string {
  return text.replace(encodedWord, (word: string, encoding: string, content: string) => {
    if (encoding.toLowerCase() === "b") {
      return isBase64(content) ? new TextDecoder().decode(fromBase64(content)) : word;
    }
    const escaped = content.replaceAll("_", " ").replaceAll("%", "%25").replaceAll("=", "%");
    try {
      return decodeURIComponent(escaped);
    } catch {
      return word;
    }
  });
}
