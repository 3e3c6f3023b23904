import { html } from "hono/html";
import type { JsonObject, SlackContent } from "../message.ts";
import { objectOf, objectsOf, stringOf } from "../wire/json.ts";
import { placeholder } from "./inline-markup.ts";
import { card, definitions, jsonCard, type Markup } from "./layout.ts";
import { mrkdwn } from "./mrkdwn.ts";
import { richText } from "./slack-rich-text.ts";

// https://docs.slack.dev/reference/block-kit/blocks

/** A message in a channel. */
export function slackContent({ text, blocks }: SlackContent): Markup {
  const shown = blocks.length > 0 ? blocks.map(block) : html`<div class="said">${mrkdwn(text ?? "")}</div>`;
  return html`${card(
    "As the channel sees it",
    html`<div class="chat slack">
      <span class="avatar" aria-hidden="true">A</span>
      <div class="chat-body">
        <p class="chat-from"><b>Your app</b> <span class="app">APP</span></p>
        ${shown}
      </div>
    </div>`,
  )}
  ${blocks.length > 0 && text !== undefined ? card("In notifications", html`<p class="plain said">${mrkdwn(text)}</p>`) : ""}
  ${blocks.length > 0 ? jsonCard("Blocks", blocks) : ""}`;
}

function block(value: JsonObject): Markup {
  switch (value["type"]) {
    case "section":
      return section(value);
    case "header":
      return html`<p class="block header">${textObject(value["text"])}</p>`;
    case "divider":
      return html`<hr />`;
    case "context":
      return html`<div class="block context">${objectsOf(value["elements"]).map(contextElement)}</div>`;
    case "image":
      return image(value);
    case "actions":
      return html`<div class="block actions">${objectsOf(value["elements"]).map(element)}</div>`;
    case "input":
      return html`<div class="block">
        <p class="label">${textObject(value["label"])}</p>
        ${element(objectOf(value["element"]) ?? {})}
      </div>`;
    case "rich_text":
      return html`<div class="block">${richText(value)}</div>`;
    case "markdown":
      return html`<div class="block"><span class="said">${stringOf(value["text"]) ?? ""}</span></div>`;
    default:
      return html`<div class="block unknown">
        Block “${stringOf(value["type"]) ?? "without type"}” is not drawn here.
      </div>`;
  }
}

function section(value: JsonObject): Markup {
  const fields = objectsOf(value["fields"]);
  const accessory = objectOf(value["accessory"]);
  return html`<div class="block section">
    <div>
      ${value["text"] === undefined ? "" : html`<div class="said">${textObject(value["text"])}</div>`}
      ${
        fields.length > 0
          ? html`<div class="fields">${fields.map((field) => html`<div class="said">${textObject(field)}</div>`)}</div>`
          : ""
      }
    </div>
    ${accessory ? html`<div class="accessory">${element(accessory)}</div>` : ""}
  </div>`;
}

function image(value: JsonObject): Markup {
  const url = stringOf(value["image_url"]) ?? stringOf(objectOf(value["slack_file"])?.["url"]);
  return html`<div class="block">
    ${value["title"] === undefined ? "" : html`<p class="label">${textObject(value["title"])}</p>`}
    ${placeholder(stringOf(value["alt_text"]) ?? "Image", url)}
  </div>`;
}

function contextElement(value: JsonObject): Markup {
  if (value["type"] !== "image") return html`<span class="said">${textObject(value)}</span>`;
  const alt = stringOf(value["alt_text"]) ?? "Image";
  return html`<span class="thumb" title="${stringOf(value["image_url"]) ?? ""}">${alt}</span>`;
}

/** An element that one would click: drawn, and disabled. */
function element(value: JsonObject): Markup {
  if (value["type"] === "image")
    return placeholder(stringOf(value["alt_text"]) ?? "Image", stringOf(value["image_url"]));
  const label = value["text"] ?? value["placeholder"];
  const style = value["style"] === "primary" || value["style"] === "danger" ? value["style"] : "";
  const title = stringOf(value["url"]) ?? stringOf(value["action_id"]) ?? "";
  return html`<button type="button" disabled class="${style}" title="${title}">
    ${label === undefined ? elementName(value) : textObject(label)}
  </button>`;
}

function elementName(value: JsonObject): string {
  return (stringOf(value["type"]) ?? "element").replaceAll("_", " ");
}

/** `plain_text` as it stands, `mrkdwn` with its notation. */
function textObject(value: unknown): Markup {
  const object = objectOf(value);
  const text = stringOf(object?.["text"]) ?? "";
  return object?.["type"] === "mrkdwn" ? mrkdwn(text) : html`${text}`;
}

export function slackEnvelope({ target, threadTs }: SlackContent): Markup {
  return card(
    "Envelope",
    definitions([
      ["To", target],
      ["Thread", threadTs],
    ]),
  );
}
