import { html } from "hono/html";
import type { JsonObject } from "../message.ts";
import { objectOf, objectsOf, stringOf } from "../wire/json.ts";
import { discordMarkdown } from "./discord-markdown.ts";
import { placeholder } from "./inline-markup.ts";
import { join, type Markup } from "./layout.ts";

// https://docs.discord.com/developers/components/reference

/** A container holds rows, which hold buttons. */
const maxDepth = 4;

const buttonStyles: Readonly<Record<number, string>> = { 1: "primary", 3: "success", 4: "danger" };

/** What one would click is drawn, and disabled. */
export function discordComponents(components: readonly JsonObject[], depth = 0): Markup {
  return depth > maxDepth ? html`` : join(components.map((value) => component(value, depth)));
}

function component(value: JsonObject, depth: number): Markup {
  const inside = (): Markup => discordComponents(objectsOf(value["components"]), depth + 1);
  switch (value["type"]) {
    case 1: // Action row
      return html`<div class="block actions">${inside()}</div>`;
    case 2:
      return button(value);
    case 9: {
      const accessory = objectOf(value["accessory"]);
      const beside = accessory ? html`<div class="accessory">${discordComponents([accessory], depth + 1)}</div>` : "";
      return html`<div class="block section">
        <div>${inside()}</div>
        ${beside}
      </div>`;
    }
    case 10: // Text display
      return html`<div class="said">${discordMarkdown(stringOf(value["content"]) ?? "")}</div>`;
    case 11: // Thumbnail
      return placeholder(stringOf(value["description"]) ?? "Thumbnail", mediaUrl(value["media"]));
    case 12: // Media gallery
      return html`<div class="block">
        ${objectsOf(value["items"]).map((item) =>
          placeholder(stringOf(item["description"]) ?? "Image", mediaUrl(item["media"])),
        )}
      </div>`;
    case 13: // File
      return placeholder("File", mediaUrl(value["file"]));
    case 14: // Separator
      return html`<hr />`;
    case 17: // Container
      return html`<div class="embed"><div class="embed-main">${inside()}</div></div>`;
    default: // Menus
      return html`<button type="button" disabled>${stringOf(value["placeholder"]) ?? "Menu"}</button>`;
  }
}

function button(value: JsonObject): Markup {
  const style = buttonStyles[Number(value["style"])] ?? "";
  const label = stringOf(value["label"]) ?? stringOf(objectOf(value["emoji"])?.["name"]) ?? "Button";
  const title = stringOf(value["url"]) ?? stringOf(value["custom_id"]) ?? "";
  return html`<button type="button" disabled class="${style}" title="${title}">${label}</button>`;
}

function mediaUrl(media: unknown): string | undefined {
  return stringOf(objectOf(media)?.["url"]);
}
