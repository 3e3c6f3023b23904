import { walkHtml } from "./html-tokens.ts";
import type { OnTag } from "./html-tokens.ts";

/** Elements that stand on lines of their own; those in the first group have an empty line around them. */
const block =
  /^(?:(blockquote|[dou]l|h[1-6r]|p|pre)|address|article|aside|body|center|d[dt]|div|fieldset|fig\w+|footer|form|header|li|main|nav|section|table|tr)$/;

/** Those without an end tag that a style may hide. */
const voidElement = /^([bh]r|col|img|input|link|meta|wbr)$/;

const hidingStyle = /(^|;)\s*(display\s*:\s*none|visibility\s*:\s*hidden)/i;

/** Only what can be followed from a text: no fragments, no relative paths, no scripts. */
const followable = /^(?:mailto:|tel:)([^?]*)|^https?:\/\/.*/i;

/**
 * HTML as plain text, for the text part of an email: paragraphs, lists, quotations and table rows become lines, links
 * keep their address in parentheses, pictures their `alt`. What is hidden (scripts, styles, comments, templates,
 * preheaders with `display:none`) is left out. Time and space are linear in the length of the HTML, however broken.
 */
export function plainText(html: string): string {
  let out = "";
  /** What stands before the next word: line breaks or a gap, then the marker of a list's item. */
  let breaks = 0;
  let gap = "";
  let marker = "";
  /** The next number of the innermost list, infinite for one with bullets; and of those around it. */
  let number = Infinity;
  const outerNumbers: number[] = [];
  let quotes = 0;
  let isPreformatted = false;
  /** The open link, and what was written since it began. */
  let url = "";
  let label = "";
  /** The element that hides what is in it, and how many of its name are open. */
  let hiddenName = "";
  let hiddenDepth = 0;

  const write = (text: string): void => {
    if (breaks || !out) {
      if (out) out += "\n".repeat(Math.min(breaks, 2));
      out += levels("> ", quotes) + levels("  ", outerNumbers.length).slice(marker ? 2 : 0);
      gap = "";
    }
    out += gap + marker + text;
    label += gap + text;
    breaks = 0;
    gap = marker = "";
  };

  const onText = (raw: string): void => {
    if (hiddenDepth) return;
    // Soft hyphens, zero-width spaces, non-joiners that join no word: what preheaders are padded with.
    const text = raw.replace(/[\u034f\u00ad\u200b\ufeff]|\u200c(?!\p{L})/gu, "");
    if (isPreformatted) {
      for (const line of text.split(/\r\n?|\n/)) {
        if (line) write(line);
        breaks++;
      }
      breaks--;
    } else {
      for (const piece of text.split(/(\s+)/)) {
        if (piece.trim()) write(piece);
        else if (piece) gap ||= " ";
      }
    }
  };

  const closeLink = (): void => {
    const address = url;
    url = "";
    if (!address || bare(label) === bare(address)) return;
    const isNamed = label.trim() !== "";
    if (isNamed) gap = " ";
    write(isNamed ? `(${address})` : address);
  };

  const onTag: OnTag = (name, isClosing, { hidden, style = "", alt = "", href = "", start = "1" }) => {
    const [isBlock, isSpaced] = block.exec(name) ?? [];
    // A hidden paragraph ends where the next block starts, closed or not.
    if (hiddenDepth && isBlock && !isClosing && hiddenName === "p") hiddenDepth = 0;
    if (hiddenDepth) {
      if (name === hiddenName) hiddenDepth += isClosing ? -1 : 1;
      return;
    }
    if (!isClosing && (hidden !== undefined || /^(svg|template)$/.test(name) || hidingStyle.test(style))) {
      hiddenName = name;
      hiddenDepth = voidElement.test(name) ? 0 : 1;
      return;
    }
    const isList = /^[ou]l$/.test(name);
    // A list in a list has no empty lines around it.
    const isOuter = outerNumbers.length <= (isClosing ? 1 : 0);
    breaks = Math.max(breaks, isBlock ? (isSpaced && (isOuter || !isList) ? 2 : 1) : 0);
    if (isList) {
      marker = "";
      if (isClosing) number = outerNumbers.pop() ?? Infinity;
      else {
        outerNumbers.push(number);
        number = name === "ul" ? Infinity : Number(start);
      }
    }
    if (name === "li") marker = isClosing ? "" : number < Infinity ? `${number++}. ` : "- ";
    if (name === "br") breaks++;
    if (name === "hr") {
      write("---");
      breaks = 2;
    }
    if (name === "img") onText(alt);
    if (name === "pre") isPreformatted = !isClosing;
    if (name === "blockquote") quotes = Math.max(0, quotes + (isClosing ? -1 : 1));
    if (/^t[dh]$/.test(name)) gap = "  ";
    if (name === "a") {
      closeLink();
      label = "";
      const [web = "", address = web] = followable.exec(href.replace(/\s/g, "")) ?? [];
      url = address;
    }
  };

  walkHtml(html, onText, onTag);
  closeLink();
  return out;
}

/** No deeper than eight, so that hostile nesting cannot grow the text. */
function levels(mark: string, count: number): string {
  return mark.repeat(Math.min(count, 8));
}

/** A web address as people write it, to see whether a link says its own. */
function bare(text: string): string {
  return text
    .trim()
    .replace(/^https?:\/\/|\/$/gi, "")
    .toLowerCase();
}
