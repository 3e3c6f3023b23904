import { html } from "hono/html";
import type { Attachment, DiscordContent, JsonObject } from "../message.ts";
import { objectOf, objectsOf, stringOf } from "../wire/json.ts";
import { discordComponents } from "./discord-components.ts";
import { discordMarkdown } from "./discord-markdown.ts";
import { fileDetails } from "./email.ts";
import { link, placeholder } from "./inline-markup.ts";
import { card, definitions, jsonCard, time, type Markup } from "./layout.ts";

// https://docs.discord.com/developers/resources/message#embed-object

/** A webhook's message in a channel. */
export function discordContent(content: DiscordContent): Markup {
  const { username, text, embeds, components, files } = content;
  const name = username ?? "Webhook";
  return html`${card(
    "As the channel sees it",
    html`<div class="chat discord">
      <span class="avatar" aria-hidden="true">${[...name][0]?.toUpperCase() ?? "W"}</span>
      <div class="chat-body">
        <p class="chat-from"><b>${name}</b> <span class="app">APP</span></p>
        ${text === undefined ? "" : html`<div class="said">${discordMarkdown(text)}</div>`} ${files.map(file)}
        ${embeds.map(embed)} ${discordComponents(components)}
      </div>
    </div>`,
  )}
  ${embeds.length > 0 ? jsonCard("Embeds", embeds) : ""}
  ${components.length > 0 ? jsonCard("Components", components) : ""}`;
}

const shownImage = /^image\/(png|jpeg|gif|webp)$/;

function file(attachment: Attachment): Markup {
  const { filename, contentType, base64 } = attachment;
  if (shownImage.test(contentType)) {
    const data = `data:${contentType};base64,${base64.replace(/[^A-Za-z0-9+/=]/g, "")}`;
    return html`<img class="picture" src="${data}" alt="${filename}" />`;
  }
  const details = fileDetails({ ...attachment, contentId: undefined });
  return html`<p class="file"><b>${filename}</b> <span>${details}</span></p>`;
}

function embed(value: JsonObject): Markup {
  const author = objectOf(value["author"]);
  const footer = stringOf(objectOf(value["footer"])?.["text"]);
  const title = stringOf(value["title"]);
  const description = stringOf(value["description"]);
  const fields = objectsOf(value["fields"]);
  const thumbnail = stringOf(objectOf(value["thumbnail"])?.["url"]);
  const image = stringOf(objectOf(value["image"])?.["url"]);
  const at = Date.parse(stringOf(value["timestamp"]) ?? "");
  return html`<article class="embed">
    ${colourBar(value["color"])}
    <div class="embed-main">
      ${author ? html`<p class="embed-author">${linked(stringOf(author["name"]) ?? "", author["url"])}</p>` : ""}
      ${title === undefined ? "" : html`<p class="embed-title">${linked(discordMarkdown(title), value["url"])}</p>`}
      ${description === undefined ? "" : html`<div class="said">${discordMarkdown(description)}</div>`}
      ${fields.length > 0 ? html`<div class="embed-fields">${fields.map(field)}</div>` : ""}
      ${image === undefined ? "" : placeholder("Image", image)}
      ${footer === undefined && Number.isNaN(at) ? "" : embedFooter(footer, at)}
    </div>
    ${thumbnail === undefined ? "" : html`<span class="thumb" title="${thumbnail}">Thumbnail</span>`}
  </article>`;
}

/** Drawn, not styled: the page's policy allows no style attributes. */
function colourBar(color: unknown): Markup {
  const known = typeof color === "number" && Number.isInteger(color) && color >= 0 && color <= 0xffffff;
  const fill = known ? `#${color.toString(16).padStart(6, "0")}` : "#808088";
  return html`<svg class="embed-bar" aria-hidden="true"><rect width="100%" height="100%" fill="${fill}" /></svg>`;
}

function linked(label: Markup | string, url: unknown): Markup {
  const known = stringOf(url);
  return known === undefined ? html`${label}` : link(known, label);
}

function field(value: JsonObject): Markup {
  return html`<div class="${value["inline"] === true ? "inline" : ""}">
    <p>${discordMarkdown(stringOf(value["name"]) ?? "")}</p>
    <div class="said">${discordMarkdown(stringOf(value["value"]) ?? "")}</div>
  </div>`;
}

function embedFooter(text: string | undefined, at: number): Markup {
  return html`<p class="embed-footer">
    ${text ?? ""}${text !== undefined && !Number.isNaN(at) ? " • " : ""}${Number.isNaN(at) ? "" : time(at)}
  </p>`;
}

export function discordEnvelope({ webhook, threadId, username, avatarUrl }: DiscordContent): Markup {
  const known: readonly (readonly [string, string | undefined])[] = [
    ["Webhook", webhook],
    ["Thread", threadId],
    ["Name", username],
    ["Avatar", avatarUrl],
  ];
  return card("Envelope", definitions(known));
}
