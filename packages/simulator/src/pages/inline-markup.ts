import { html } from "hono/html";
import { join, type Markup } from "./layout.ts";

/** One notation of a chat's markup. */
export interface InlineRule {
  /** With the flag `g`. */
  readonly pattern: RegExp;
  /** `inner` reads text that may hold further notation. */
  render(match: RegExpExecArray, inner: (text: string) => Markup): Markup;
}

/** Notation within notation, at most. */
const maxDepth = 8;

/** Text with the notation of some rules; the earliest match wins, then the rule that stands first. All other text is escaped. */
export function renderInline(
  text: string,
  rules: readonly InlineRule[],
  plain: (text: string) => string = (part) => part,
  depth = 0,
): Markup {
  const parts: Markup[] = [];
  const inner = (part: string): Markup => renderInline(part, rules, plain, depth + 1);
  const found = (depth < maxDepth ? rules : []).map((rule) => ({ rule, match: matchFrom(rule, text, 0) }));
  let position = 0;
  for (;;) {
    let first: { readonly rule: InlineRule; readonly match: RegExpExecArray } | undefined;
    for (const entry of found) {
      if (entry.match && entry.match.index < position) entry.match = matchFrom(entry.rule, text, position);
      if (entry.match && (!first || entry.match.index < first.match.index)) {
        first = { rule: entry.rule, match: entry.match };
      }
    }
    parts.push(html`${plain(text.slice(position, first?.match.index ?? text.length))}`);
    if (!first) return join(parts);
    parts.push(first.rule.render(first.match, inner));
    position = first.match.index + first.match[0].length;
  }
}

function matchFrom({ pattern }: InlineRule, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  const match = pattern.exec(text);
  return match && match[0] !== "" ? match : null;
}

/** A link that opens in a tab of its own; what is no web or mail address stays text. */
export function link(url: string, label: Markup | string): Markup {
  return /^(https?:\/\/|mailto:)/i.test(url)
    ? html`<a href="${url}" target="_blank" rel="noopener noreferrer nofollow">${label}</a>`
    : html`${label}`;
}

/** Stands for a picture: nothing is loaded from elsewhere. */
export function placeholder(what: string, url?: string): Markup {
  return html`<span class="placeholder" title="${url ?? what}"
    ><span class="what">${what}</span>${url === undefined ? "" : html`<span class="where">${url}</span>`}</span
  >`;
}
