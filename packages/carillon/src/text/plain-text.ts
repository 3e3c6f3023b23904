import { decodeEntities } from "./entities.ts";

/**
 * One step through HTML: a comment; an element of which nothing is seen, with its content; another tag or declaration;
 * text. What has no end swallows the rest, and repetitions have a bound where an engine would remember each one: so no
 * input is searched twice, and none overflows.
 */
const token =
  /<(?:!(?=--)[^]*?(?:--(?=>)|$)|(script|style|svg|template|title|(?:div|p|span)(?=\s[^>]{0,999}display\s*:\s*none))\b[^]*?(?:<\/\1\b|$)|(\/?[a-z][^\s/>]*)|[!?/])((?:[^=>]+|=(?:"[^"]*"|'[^']*')?){0,999})>?|([^<]+|<)/gi;

/** The one attribute that counts. Links that were made of pictures have an `alt`, too: their `href` is what counts. */
const attribute = /(?:^[^]*?\shref|\salt)\s*=\s*(?:"([^"]*)|'([^']*)|(\S*))/i;

/** Elements with an empty line around them; those on lines of their own; those a space apart. */
const apart =
  /^\/?(?:(blockquote|[dou]l|h[1-6r]|p|pre)|(address|article|center|d[dt]|div|fig\w+|footer|header|li|section|table|tr)|t[dh])$/;

/** Only what can be followed from a text: no fragments, no relative paths, no scripts. */
const followable = /(?<=^mailto:)[^?]+|^https?:.+/i;

/** What stands between two words, from weak to strong. */
const gaps = ["", " ", "\n", "\n\n"];

/**
 * HTML as plain text, for the text part of an email. Paragraphs, headings and lists are set apart by an empty
 * line; other blocks, `<br>` and table rows start a line; cells are a space apart. Items of lists have a bullet or their
 * number, links their address in parentheses unless they say it, pictures their `alt`. Scripts,
 * styles, comments, templates and preheaders (`display:none` up to the first closing tag of that name) are left out.
 * Nothing is indented, quotations have no mark, other ways to hide are not seen. Time and space are linear in the length
 * of the HTML, however broken.
 */
export function plainText(html: string): string {
  let out = "";
  /** What stands before the next word: a place in {@link gaps}, then the marker of a list's item. */
  let gap = 0;
  let marker = "";
  /** The next number of each open list, NaN for one with bullets. */
  const lists: number[] = [];
  /** The open link, and what was written since it began. */
  let url = "";
  let label = "";

  const write = (text: string): void => {
    out += (out && gaps[gap]) + marker + text;
    label += text;
    gap = 0;
    marker = "";
  };
  const writeText = (text: string): void =>
    // White space swallows the invisible characters behind it: preheaders are padded with them.
    text.split(/\s[\u034f\s\u00ad\u200b-\u200d]*/).forEach((piece, index) => {
      if (index) gap ||= 1;
      if (piece) write(piece);
    });
  const closeLink = (): void => {
    if (!label.includes(url.replace(/^https?:\/\/|\/$/gi, ""))) {
      gap ||= 1;
      write(label ? `(${url})` : url);
    }
    url = label = "";
  };

  for (const [, , givenTag = "", attributes = "", text = ""] of html.matchAll(token)) {
    writeText(decodeEntities(text));
    const tag = givenTag.toLowerCase();
    const value = decodeEntities((attribute.exec(attributes) ?? []).slice(1).join(""));
    const [isApart, isParagraph, isLine] = apart.exec(tag) ?? [];
    gap = Math.max(gap, isParagraph ? 3 : isLine ? 2 : isApart ? 1 : 0);
    if (tag === "br") gap = gap < 2 ? 2 : 3;
    if (tag === "img") writeText(value);
    if (/^\/?[ou]l/.test(tag)) {
      if (tag[0] === "/") lists.pop();
      else lists.push(tag === "ul" ? NaN : 1);
      marker = "";
    }
    if (tag === "li") {
      const number = lists.pop() ?? NaN;
      marker = number ? `${number}. ` : "- ";
      lists.push(number + 1);
    }
    if (/^\/?a$/.test(tag)) {
      closeLink();
      url = followable.exec(value.trim())?.[0] ?? "";
    }
  }
  closeLink();
  return out;
}
