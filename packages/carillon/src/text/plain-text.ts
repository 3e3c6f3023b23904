import { walkHtml } from "./html-tokens.ts";
import type { Tag } from "./html-tokens.ts";

/** Line breaks around an element: 1 starts a line, 2 leaves an empty line between. */
const breaksAround: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  .../* @__PURE__ */ list(
    1,
    "address article aside body center dd div dt fieldset figcaption figure footer form header li main nav section table tr",
  ),
  .../* @__PURE__ */ list(2, "blockquote dl h1 h2 h3 h4 h5 h6 hr ol p pre ul"),
]);

function list(breaks: number, names: string): [string, number][] {
  return names.split(" ").map((name) => [name, breaks]);
}

const voidElements = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;

/** Deeper lists and quotations are not indented further, so that hostile nesting cannot grow the text. */
const maxIndent = 8;

/**
 * HTML as plain text, for the text part of an email: paragraphs, lists, quotations and table rows become lines, links
 * keep their address in parentheses, pictures their `alt`. What is hidden (scripts, styles, comments, templates,
 * preheaders with `display:none`) is left out. Time and space are linear in the length of the HTML, however broken.
 */
export function plainText(html: string): string {
  const parts: string[] = [];
  /** Counter of each open list; NaN for one with bullets. */
  const lists: number[] = [];
  let quotes = 0;
  let preformatted = 0;
  let breaks = 0;
  let gap = "";
  let marker = "";
  let link: { readonly url: string; label: string } | undefined;
  let hidden: { readonly name: string; depth: number } | undefined;

  const prefix = (levels: number): string => "> ".repeat(Math.min(quotes, maxIndent)) + "  ".repeat(clamp(levels));
  const write = (text: string): void => {
    if (parts.length === 0 || breaks > 0) {
      if (parts.length > 0) parts.push("\n".repeat(Math.min(breaks, 2)));
      parts.push(prefix(marker ? lists.length - 1 : lists.length));
      gap = "";
    }
    parts.push(gap, marker, text);
    if (link) link.label += gap + text;
    breaks = 0;
    gap = marker = "";
  };
  const breakLine = (count: number): void => {
    breaks = Math.max(breaks, count);
  };

  const onText = (raw: string): void => {
    if (hidden) return;
    // Soft hyphens, zero-width spaces and joiners: what preheaders are padded with.
    const text = raw.replace(/\u00ad|\u034f|\u200b|\ufeff/g, "").replace(/(?<!\S)\u200c+(?!\S)/g, "");
    if (preformatted > 0) {
      const [first = "", ...rest] = text.split(/\r\n?|\n/);
      if (first) write(first);
      for (const content of rest) {
        breaks++;
        if (content) write(content);
      }
      return;
    }
    for (const piece of text.split(/(\s+)/)) {
      if (/\S/.test(piece)) write(piece);
      else if (piece) gap ||= " ";
    }
  };

  const closeLink = (): void => {
    const { url, label } = link ?? { url: "", label: "" };
    link = undefined;
    const address = url.replace(/^(mailto|tel):([^?]*).*$/is, "$2");
    if (!address || sameAddress(label, address)) return;
    if (label.trim() === "") write(address);
    else {
      gap = " ";
      write(`(${address})`);
    }
  };

  const onTag = (tag: Tag): void => {
    const { name, isClosing } = tag;
    if (hidden) {
      // A paragraph ends where the next block starts, closed or not.
      if (hidden.name === "p" && !isClosing && breaksAround.has(name)) hidden = undefined;
      else {
        if (name === hidden.name) hidden.depth += isClosing ? -1 : 1;
        if (hidden.depth === 0) hidden = undefined;
        return;
      }
    }
    if (!isClosing && isHidden(tag)) {
      if (!voidElements.test(name)) hidden = { name, depth: 1 };
      return;
    }
    if (name === "pre") preformatted = Math.max(0, preformatted + (isClosing ? -1 : 1));
    breakLine(
      name === "ul" || name === "ol" ? (lists.length > (isClosing ? 1 : 0) ? 1 : 2) : (breaksAround.get(name) ?? 0),
    );
    switch (name) {
      case "br":
        breaks++;
        break;
      case "hr":
        write("---");
        breakLine(2);
        break;
      case "img":
        onText(tag.attribute("alt") ?? "");
        break;
      case "td":
      case "th":
        gap = "  ";
        break;
      case "blockquote":
        quotes = Math.max(0, quotes + (isClosing ? -1 : 1));
        break;
      case "ul":
      case "ol":
        marker = "";
        if (isClosing) lists.pop();
        else lists.push(name === "ul" ? Number.NaN : Number.parseInt(tag.attribute("start") ?? "1", 10));
        break;
      case "li": {
        const number = lists.at(-1) ?? Number.NaN;
        marker = isClosing ? "" : Number.isNaN(number) ? "- " : `${number}. `;
        if (!isClosing && lists.length > 0) lists[lists.length - 1] = number + 1;
        break;
      }
      case "a":
        closeLink();
        if (!isClosing) link = { url: linkUrl(tag), label: "" };
        break;
      default:
    }
  };

  walkHtml(html, onText, onTag);
  closeLink();
  return parts.join("");
}

function clamp(levels: number): number {
  return Math.max(0, Math.min(levels, maxIndent));
}

/** Only what can be followed from a text: no fragments, no relative paths, no scripts. */
function linkUrl(tag: Tag): string {
  const url = (tag.attribute("href") ?? "").replace(/\s+/g, "");
  return /^(https?:\/\/|mailto:|tel:)/i.test(url) ? url : "";
}

function sameAddress(label: string, address: string): boolean {
  const bare = (text: string): string =>
    text
      .trim()
      .replace(/^https?:\/\//i, "")
      .replace(/\/$/, "")
      .toLowerCase();
  return bare(label) === bare(address);
}

function isHidden(tag: Tag): boolean {
  return (
    tag.name === "template" ||
    tag.name === "svg" ||
    tag.attribute("hidden") !== undefined ||
    /(^|;)\s*(display\s*:\s*none|visibility\s*:\s*hidden)/i.test(tag.attribute("style") ?? "")
  );
}
