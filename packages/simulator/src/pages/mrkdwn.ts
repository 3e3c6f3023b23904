import { html } from "hono/html";
import { link, renderInline, type InlineRule } from "./inline-markup.ts";
import { join, type Markup } from "./layout.ts";

// https://docs.slack.dev/messaging/formatting-message-text

/** Slack has three characters escaped: https://docs.slack.dev/messaging/formatting-message-text#escaping. */
function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** `mark` around words: not amid a word, and not beside a space. */
function around(mark: string): RegExp {
  return new RegExp(`(?<![\\w${mark}])${mark}(?!\\s)([^${mark}\\n]*[^\\s${mark}])${mark}(?![\\w${mark}])`, "g");
}

const rules: readonly InlineRule[] = [
  { pattern: /```\n?([\s\S]+?)\n?```/g, render: ([, code = ""]) => html`<code class="block">${unescape(code)}</code>` },
  { pattern: /`([^`\n]+)`/g, render: ([, code = ""]) => html`<code>${unescape(code)}</code>` },
  { pattern: /<([^<>\n]+)>/g, render: ([, inside = ""]) => angled(inside) },
  { pattern: around("\\*"), render: ([, text = ""], inner) => html`<b>${inner(text)}</b>` },
  { pattern: around("_"), render: ([, text = ""], inner) => html`<i>${inner(text)}</i>` },
  { pattern: around("~"), render: ([, text = ""], inner) => html`<s>${inner(text)}</s>` },
];

/** Links and mentions: `<url|label>`, `<@U1>`, `<#C1|name>`, `<!here>`, `<!date^...|fallback>`. */
function angled(inside: string): Markup {
  const bar = inside.indexOf("|");
  const target = unescape(bar < 0 ? inside : inside.slice(0, bar));
  const label = bar < 0 ? undefined : unescape(inside.slice(bar + 1));
  if (target.startsWith("!date^")) return html`${label ?? target}`;
  if (/^[@#!]/.test(target)) {
    const sign = target.startsWith("#") ? "#" : "@";
    return html`<span class="mention">${sign}${label?.replace(/^[@#]/, "") ?? target.slice(1)}</span>`;
  }
  return link(target, label ?? target);
}

/** Slack's mrkdwn as Slack shows it. */
export function mrkdwn(text: string): Markup {
  // A quoted line may hold notation, but no notation reaches from one line into another, code blocks apart.
  const parts = text.split(/(```[\s\S]+?```)/);
  return join(parts.map((part, index) => (index % 2 === 1 ? renderInline(part, rules) : lines(part))));
}

function lines(text: string): Markup {
  const pieces = text.split(/((?:^|(?<=\n))(?:&gt;|>)[^\n]*(?:\n(?:&gt;|>)[^\n]*)*\n?)/);
  return join(
    pieces.map((piece, index) =>
      index % 2 === 1
        ? html`<span class="quote">${renderInline(unquoted(piece), rules, unescape)}</span>`
        : renderInline(piece, rules, unescape),
    ),
  );
}

function unquoted(text: string): string {
  return text.replace(/\n$/, "").replace(/^(?:&gt;|>) ?/gm, "");
}
