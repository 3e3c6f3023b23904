import { html } from "hono/html";
import type { MessageSummary } from "../message.ts";
import { outcomeNames, simulatorDomain } from "../outcome.ts";
import type { Route } from "../route.ts";
import type { MessageFilter, Page, WebhookRecord } from "../store/store.ts";
import { eventChip } from "./events.ts";
import { layout, time, type Markup } from "./layout.ts";

interface InboxInput {
  readonly page: Page<MessageSummary>;
  readonly webhooks: readonly WebhookRecord[];
  readonly filter: MessageFilter;
  readonly routes: readonly Route[];
}

/** Every message caught, newest first. */
export function inboxPage({ page, webhooks, filter, routes }: InboxInput): Markup {
  const names = new Map(routes.map((route) => [route.id, route.name]));
  const byMessage = groupByMessage(webhooks);
  const changes = page.items.map(({ id }) => `${id}:${(byMessage.get(id) ?? []).map(({ state }) => state).join()}`);
  return layout(
    "Inbox - Carillon simulator",
    html`<div class="bar">
        <h1>Inbox</h1>
        <form>
          <input name="recipient" value="${filter.recipient ?? ""}" placeholder="Recipient" aria-label="Recipient" />
          <select name="provider" aria-label="Provider">
            <option value="">All providers</option>
            ${routes.map(
              ({ id, name }) =>
                html`<option value="${id}" ${id === filter.provider ? "selected" : ""}>${name}</option>`,
            )}
          </select>
          <button>Filter</button>
        </form>
      </div>
      <section class="card" data-live="${changes.join(" ")}">
        ${page.items.length === 0 ? empty(filter) : ""}
        <ol class="list">
          ${page.items.map((message) => html`<li>${row(message, names, byMessage.get(message.id) ?? [])}</li>`)}
        </ol>
        ${page.next === undefined ? "" : html`<a class="more" href="${olderHref(filter, page.next)}">Older messages</a>`}
      </section>`,
  );
}

function row(message: MessageSummary, names: ReadonlyMap<string, string>, webhooks: readonly WebhookRecord[]): Markup {
  const [first = "", ...others] = message.recipients;
  return html`<a class="row" href="/messages/${message.id}">
    <span class="provider">${names.get(message.provider) ?? message.provider}</span>
    <span class="to">${first}${others.length > 0 ? html` <small>+${others.length}</small>` : ""}</span>
    <span class="subject"><b>${message.title}</b> <span class="preview">${message.preview}</span></span>
    ${time(message.receivedAtMs)} ${webhooks.length > 0 ? html`<span class="chips">${chips(webhooks)}</span>` : ""}
  </a>`;
}

const maxChips = 8;

function chips(webhooks: readonly WebhookRecord[]): Markup {
  const hidden = webhooks.length - maxChips;
  return html`${webhooks.slice(0, maxChips).map(eventChip)}${hidden > 0 ? html`<span class="chip">+${hidden}</span>` : ""}`;
}

function olderHref(filter: MessageFilter, cursor: string): string {
  const query = new URLSearchParams({ cursor });
  if (filter.provider !== undefined) query.set("provider", filter.provider);
  if (filter.recipient !== undefined) query.set("recipient", filter.recipient);
  return `/?${query.toString()}`;
}

function empty(filter: MessageFilter): Markup {
  if (Object.values(filter).some((value) => value !== undefined)) {
    return html`<p class="empty">No message matches. <a href="/">Show all</a></p>`;
  }
  return html`<p class="empty">
    No messages yet. Send one to <code>delivered@${simulatorDomain}</code>, and it shows up here.<br />
    Other outcomes: ${outcomeNames.slice(1).map((name, index) => html`${index > 0 ? ", " : ""}<code>${name}@</code>`)}.
  </p>`;
}

function groupByMessage(webhooks: readonly WebhookRecord[]): Map<string, WebhookRecord[]> {
  const groups = new Map<string, WebhookRecord[]>();
  for (const webhook of webhooks) groups.set(webhook.message, [...(groups.get(webhook.message) ?? []), webhook]);
  return groups;
}
