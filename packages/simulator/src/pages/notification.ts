import { html } from "hono/html";
import type { Markup } from "./layout.ts";
import { placeholder } from "./inline-markup.ts";

/** What a device shows. */
export interface Notification {
  /** Whom it says that it is from. */
  readonly source: string;
  readonly title: string;
  readonly body?: string | undefined;
  /** URLs; nothing is loaded. */
  readonly icon?: string | undefined;
  readonly image?: string | undefined;
  readonly actions: readonly string[];
}

/** A notification as a card on a screen. */
export function notificationCard(notification: Notification): Markup {
  const { source, title, body, icon, image, actions } = notification;
  return html`<div class="screen">
    <article class="notification">
      <span class="avatar" aria-hidden="true" title="${icon ?? ""}">${[...source][0]?.toUpperCase() ?? ""}</span>
      <div>
        <p class="notification-source">${source}</p>
        <p class="notification-title">${title}</p>
        ${body === undefined ? "" : html`<p class="said">${body}</p>`}
        ${image === undefined ? "" : placeholder("Image", image)}
        ${
          actions.length > 0
            ? html`<div class="block actions">
                ${actions.map((action) => html`<button type="button" disabled>${action}</button>`)}
              </div>`
            : ""
        }
      </div>
    </article>
  </div>`;
}
