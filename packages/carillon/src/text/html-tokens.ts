import { decodeEntities } from "./entities.ts";

export interface Tag {
  /** Lower case. */
  readonly name: string;
  readonly isClosing: boolean;
  /** Value of an attribute (lower-case name), entities decoded; "" for one without a value. */
  attribute(name: string): string | undefined;
}

/** Their content is not markup, and nothing that a reader sees. */
const rawText = new Set(["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"]);

/**
 * Walks HTML as a browser's tokenizer would, in one pass: what has no end swallows the rest, so that nothing is searched
 * for twice (https://html.spec.whatwg.org/multipage/parsing.html#tokenization, without its rarer states).
 */
export function walkHtml(html: string, onText: (text: string) => void, onTag: (tag: Tag) => void): void {
  let position = 0;
  let textStart = 0;
  const flush = (end: number): void => {
    if (end > textStart) onText(decodeEntities(html.slice(textStart, end)));
  };
  while ((position = html.indexOf("<", position)) >= 0) {
    const start = position;
    const next = html.slice(start + 1, start + 4);
    let end: number;
    let tag: Tag | undefined;
    if (next === "!--") end = indexAfter(html, "-->", start + 2);
    else if (/^[!?]|^\/[^a-z]/i.test(next)) end = indexAfter(html, ">", start + 1);
    else if (/^\/?[a-z]/i.test(next)) {
      end = tagEnd(html, start + 1);
      tag = end > html.length ? undefined : readTag(html.slice(start + 1, end - 1));
    } else {
      position = start + 1;
      continue;
    }
    flush(start);
    textStart = position = end;
    if (!tag) continue;
    onTag(tag);
    if (!tag.isClosing && rawText.has(tag.name)) {
      const close = new RegExp(`</${tag.name}(?=[\\s/>])`, "gi");
      close.lastIndex = position;
      textStart = position = close.exec(html)?.index ?? html.length;
    }
  }
  flush(html.length);
}

/** Beyond the end where there is none. */
function indexAfter(html: string, mark: string, from: number): number {
  const index = html.indexOf(mark, from);
  return index < 0 ? html.length + 1 : index + mark.length;
}

/** The position after the `>` that ends a tag; one inside a quoted value does not. */
function tagEnd(html: string, from: number): number {
  const stop = /[>]|=\s*(["'])/g;
  stop.lastIndex = from;
  for (let match = stop.exec(html); match; match = stop.exec(html)) {
    if (!match[1]) return stop.lastIndex;
    stop.lastIndex = indexAfter(html, match[1], stop.lastIndex);
    if (stop.lastIndex > html.length) break;
  }
  return html.length + 1;
}

function readTag(source: string): Tag {
  const name = /^\/?[^\s/>]+/.exec(source)?.[0] ?? "";
  return {
    name: name.replace("/", "").toLowerCase(),
    isClosing: name.startsWith("/"),
    attribute(wanted) {
      const attributes = source.slice(name.length).matchAll(/([^\s/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s]+)))?/g);
      for (const [, key = "", double, single, bare] of attributes) {
        if (key.toLowerCase() === wanted) return decodeEntities(double ?? single ?? bare ?? "");
      }
      return undefined;
    },
  };
}
