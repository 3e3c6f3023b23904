import { html } from "hono/html";
import { link, renderInline, type InlineRule } from "./inline-markup.ts";
import { join, type Markup } from "./layout.ts";

// https://docs.discord.com/developers/reference#message-formatting,
// https://support.discord.com/hc/en-us/articles/210298617 (Markdown Text 101).

const rules: readonly InlineRule[] = [
  {
    pattern: /```(?:[a-z0-9_+-]+\n)?\n?([\s\S]+?)\n?```/gi,
    render: ([, code = ""]) => html`<code class="block">${code}</code>`,
  },
  { pattern: /``([^\n]+?)``|`([^`\n]+)`/g, render: ([, two, one]) => html`<code>${two ?? one ?? ""}</code>` },
  { pattern: /\\([*_~`|>#\\[\]()<:-])/g, render: ([, sign = ""]) => html`${sign}` },
  {
    pattern: /\[([^[\]\n]+)\]\(<?(https?:\/\/[^\s()<>]+)>?\)/gi,
    render: ([, label = "", url = ""], inner) => link(url, inner(label)),
  },
  { pattern: /<(https?:\/\/[^\s<>]+)>|https?:\/\/[^\s<>)\]]+/gi, render: ([all, url]) => link(url ?? all, url ?? all) },
  { pattern: /<@[!&]?(\d+)>/g, render: ([, id = ""]) => html`<span class="mention">@${id}</span>` },
  { pattern: /<#(\d+)>/g, render: ([, id = ""]) => html`<span class="mention">#${id}</span>` },
  { pattern: /<a?(:\w+:)\d+>/g, render: ([, name = ""]) => html`${name}` },
  { pattern: /<t:(-?\d{1,13})(?::[tTdDfFRsS])?>/g, render: ([all, seconds]) => timestamp(Number(seconds), all) },
  { pattern: /@(?:everyone|here)\b/g, render: ([all]) => html`<span class="mention">${all}</span>` },
  { pattern: /\*\*([^\n]+?)\*\*(?!\*)/g, render: ([, text = ""], inner) => html`<b>${inner(text)}</b>` },
  { pattern: /__([^\n]+?)__(?!_)/g, render: ([, text = ""], inner) => html`<u>${inner(text)}</u>` },
  { pattern: /\*(?!\s)([^*\n]+)\*/g, render: ([, text = ""], inner) => html`<i>${inner(text)}</i>` },
  { pattern: /(?<!\w)_([^_\n]+)_(?!\w)/g, render: ([, text = ""], inner) => html`<i>${inner(text)}</i>` },
  { pattern: /~~([^\n]+?)~~/g, render: ([, text = ""], inner) => html`<s>${inner(text)}</s>` },
  {
    pattern: /\|\|([^\n]+?)\|\|/g,
    render: ([, text = ""], inner) => html`<span class="spoiler">${inner(text)}</span>`,
  },
];

function timestamp(seconds: number, otherwise: string): Markup {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return html`${otherwise}`;
  return html`<time datetime="${date.toISOString()}">${date.toISOString().slice(0, 16).replace("T", " ")}</time>`;
}

/** Discord's markdown as Discord shows it. */
export function discordMarkdown(text: string): Markup {
  const parts = text.split(/(```[\s\S]+?```)/);
  return join(parts.map((part, index) => (index % 2 === 1 ? renderInline(part, rules) : lines(part))));
}

function lines(text: string): Markup {
  const all = text.split("\n");
  return join(
    all.map((line, index) => {
      const end = index < all.length - 1 ? "\n" : "";
      const [, sign = "", rest = ""] = /^(#{1,3}|-#|>|[-*]) +(.*)$/.exec(line) ?? [];
      if (sign === "") return html`${renderInline(line, rules)}${end}`;
      if (sign === ">") return html`<span class="quote">${renderInline(rest, rules)}</span>`;
      if (sign === "-#") return html`<small>${renderInline(rest, rules)}</small>${end}`;
      if (sign.startsWith("#")) return html`<span class="heading h${sign.length}">${renderInline(rest, rules)}</span>`;
      return html`• ${renderInline(rest, rules)}${end}`;
    }),
  );
}
