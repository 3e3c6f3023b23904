import { decodeEntities } from "./entities.ts";

/**
 * Is handed each tag: its name in lower case, and its attributes by names in lower case, entities decoded; "" for one
 * without a value.
 */
export type OnTag = (
  name: string,
  isClosing: boolean,
  attributes: Readonly<Record<string, string | undefined>>,
) => void;

/** Their content is not markup, and nothing that a reader sees. */
const rawText = /^(script|style|title|textarea|xmp|iframe|noembed|noframes)$/;

/**
 * Walks HTML as a browser's tokenizer would, in one pass: what has no end swallows the rest, so that nothing is searched
 * for twice (https://html.spec.whatwg.org/multipage/parsing.html#tokenization, without its rarer states).
 */
export function walkHtml(html: string, onText: (text: string) => void, onTag: OnTag): void {
  const opening = /<(?:(\/?)([a-z][^\s/<>]*)|!--|[!?/])/gi;
  // One attribute, or the end of the tag: a > inside of quotes is none.
  const attribute = /[\s/]*(?:>|([^\s/>][^\s/=>]*)(?:\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^\s>]*)))?)/gy;
  let textStart = 0;
  let rawName = "";
  for (let match; (match = opening.exec(html));) {
    const [mark, slash, givenName = ""] = match;
    const name = givenName.toLowerCase();
    if (rawName) {
      if (!slash || name !== rawName) continue;
      rawName = "";
    } else onText(decodeEntities(html.slice(textStart, match.index)));
    textStart = html.length;
    if (name) {
      const attributes: Record<string, string> = {};
      attribute.lastIndex = opening.lastIndex;
      for (let found; (found = attribute.exec(html));) {
        const [, key, double, single, bare] = found;
        if (key) attributes[key.toLowerCase()] ??= decodeEntities(double ?? single ?? bare ?? "");
        else {
          textStart = attribute.lastIndex;
          onTag(name, !!slash, attributes);
          if (!slash && rawText.test(name)) rawName = name;
          break;
        }
      }
    } else {
      const stop = mark === "<!--" ? "-->" : ">";
      const end = html.indexOf(stop, match.index + 2);
      if (end >= 0) textStart = end + stop.length;
    }
    opening.lastIndex = textStart;
  }
  if (!rawName) onText(decodeEntities(html.slice(textStart)));
}
