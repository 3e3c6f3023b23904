import { html } from "hono/html";
import type { MessageSummary, OtherRequest } from "../message.ts";
import { outcomeNames, simulatorDomain } from "../outcome.ts";
import type { Route } from "../route.ts";
import type { Page } from "../store/page.ts";
import type { MessageFilter, WebhookRecord } from "../store/store.ts";
import { channelNames, viaBadge } from "./channels.ts";
import { eventChip } from "./events.ts";
import { layout, time, type Markup } from "./layout.ts";
import { otherRequests } from "./other-requests.ts";

interface InboxInput {
  readonly page: Page<MessageSummary>;
  readonly webhooks: readonly WebhookRecord[];
  readonly others: readonly OtherRequest[];
  readonly filter: MessageFilter;
  readonly routes: readonly Route[];
}

/** Every message caught, newest first. */
export function inboxPage({ page, webhooks, others, filter, routes }: InboxInput): Markup {
  const names = new Map(routes.map((route) => [route.id, route.name]));
  const byMessage = groupByMessage(webhooks);
  const channels = Object.entries(channelNames).map(([value, label]) => ({ value, label }));
  const providers = routes.map(({ id, name }) => ({ value: id, label: name }));
  const changes = page.items.map(({ id, editedAtMs, deletedAtMs }) =>
    [id, editedAtMs, deletedAtMs, ...(byMessage.get(id) ?? []).map(({ state }) => state)].join(),
  );
  return layout(
    "Inbox - Carillon simulator",
    html`<div class="bar">
        <h1>Inbox</h1>
        <form>
          <input name="recipient" value="${filter.recipient ?? ""}" placeholder="Recipient" aria-label="Recipient" />
          ${menu("channel", "Channel", "All channels", channels, filter.channel)}
          ${menu("provider", "Provider", "All providers", providers, filter.provider)}
          <button>Filter</button>
        </form>
      </div>
      <section class="card" data-live="${changes.join(" ")}">
        ${page.items.length === 0 ? empty(filter) : ""}
        <ol class="list">
          ${page.items.map((message) => html`<li>${row(message, names, byMessage.get(message.id) ?? [])}</li>`)}
        </ol>
        ${page.next === undefined ? "" : html`<a class="more" href="${href(filter, page.next)}">Older messages</a>`}
      </section>
      <div data-live="${others[0]?.id ?? ""}">${otherRequests(others, names)}</div>`,
  );
}

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A menu is one stop for the keyboard, however many choices it has. */
function menu(
  name: string,
  label: string,
  all: string,
  choices: readonly Choice[],
  chosen: string | undefined,
): Markup {
  return html`<select name="${name}" aria-label="${label}">
    <option value="">${all}</option>
    ${choices.map(
      (choice) =>
        html`<option value="${choice.value}" ${choice.value === chosen ? "selected" : ""}>${choice.label}</option>`,
    )}
  </select>`;
}

function row(message: MessageSummary, names: ReadonlyMap<string, string>, webhooks: readonly WebhookRecord[]): Markup {
  const [first = "", ...others] = message.recipients;
  return html`<a class="row" href="/messages/${message.id}">
    ${viaBadge(message, names.get(message.provider) ?? message.provider)}
    <span class="to">${first}${others.length > 0 ? html` <small>+${others.length}</small>` : ""}</span>
    <span class="subject ${message.deletedAtMs === undefined ? "" : "gone"}"
      ><b>${message.title}</b> <span class="preview">${message.preview}</span></span
    >
    ${time(message.receivedAtMs)} ${chipsOf(message, webhooks)}
  </a>`;
}

const maxChips = 8;

function chipsOf({ editedAtMs, deletedAtMs }: MessageSummary, webhooks: readonly WebhookRecord[]): Markup {
  const hidden = webhooks.length - maxChips;
  const chips = [
    ...(editedAtMs === undefined ? [] : [html`<span class="chip">edited</span>`]),
    ...(deletedAtMs === undefined ? [] : [html`<span class="chip bad">deleted</span>`]),
    ...webhooks.slice(0, maxChips).map(eventChip),
    ...(hidden > 0 ? [html`<span class="chip">+${hidden}</span>`] : []),
  ];
  return chips.length > 0 ? html`<span class="chips">${chips}</span>` : html``;
}

/** The inbox with a filter. */
function href({ provider, channel, recipient }: MessageFilter, cursor?: string): string {
  const known = Object.entries({ channel, provider, recipient, cursor });
  const query = new URLSearchParams(known.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return query.size > 0 ? `/?${query.toString()}` : "/";
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
