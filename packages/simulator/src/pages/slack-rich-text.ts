import { html } from "hono/html";
import type { JsonObject } from "../message.ts";
import { objectOf, objectsOf, stringOf } from "../wire/json.ts";
import { link } from "./inline-markup.ts";
import { join, type Markup } from "./layout.ts";

/** A `rich_text` block: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block. */
export function richText(block: JsonObject): Markup {
  return html`${objectsOf(block["elements"]).map((value) => part(value, 0))}`;
}

/** Slack's own lists go no deeper. */
const maxDepth = 8;

function part(value: JsonObject, depth: number): Markup {
  const inside = (): Markup => join(objectsOf(value["elements"]).map(inline));
  switch (value["type"]) {
    case "rich_text_list": {
      const children = depth < maxDepth ? objectsOf(value["elements"]) : [];
      const items = children.map((item) => html`<li>${part(item, depth + 1)}</li>`);
      return value["style"] === "ordered"
        ? html`<ol>
            ${items}
          </ol>`
        : html`<ul>
            ${items}
          </ul>`;
    }
    case "rich_text_preformatted":
      return html`<code class="block">${inside()}</code>`;
    case "rich_text_quote":
      return html`<span class="quote">${inside()}</span>`;
    default:
      return html`<span class="said">${inside()}</span>`;
  }
}

function inline(value: JsonObject): Markup {
  switch (value["type"]) {
    case "link": {
      const url = stringOf(value["url"]) ?? "";
      return styled(value, link(url, stringOf(value["text"]) ?? url));
    }
    case "emoji":
      return html`:${stringOf(value["name"]) ?? ""}:`;
    case "user":
      return mention("@", value["user_id"]);
    case "usergroup":
      return mention("@", value["usergroup_id"]);
    case "channel":
      return mention("#", value["channel_id"]);
    case "broadcast":
      return mention("@", value["range"]);
    case "date":
      return html`${stringOf(value["fallback"]) ?? ""}`;
    default:
      return styled(value, html`${stringOf(value["text"]) ?? ""}`);
  }
}

function mention(sign: string, id: unknown): Markup {
  return html`<span class="mention">${sign}${stringOf(id) ?? ""}</span>`;
}

function styled(value: JsonObject, text: Markup): Markup {
  const style = objectOf(value["style"]);
  let shown = text;
  if (style?.["code"] === true) shown = html`<code>${shown}</code>`;
  if (style?.["strike"] === true) shown = html`<s>${shown}</s>`;
  if (style?.["italic"] === true) shown = html`<i>${shown}</i>`;
  if (style?.["bold"] === true) shown = html`<b>${shown}</b>`;
  return shown;
}
