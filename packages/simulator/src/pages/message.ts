import { html } from "hono/html";
import type { MessageContent, RecordedMessage, RecordedRequest } from "../message.ts";
import type { WebhookRecord } from "../store/store.ts";
import { emailContent, emailEnvelope } from "./email.ts";
import { eventChip } from "./events.ts";
import { card, definitions, layout, time, type Markup } from "./layout.ts";

interface View {
  readonly content: Markup;
  readonly envelope: Markup;
}

function viewOf(content: MessageContent): View {
  if (content.kind === "email") return { content: emailContent(content), envelope: emailEnvelope(content) };
  return { content: card("Content", html`<pre>${JSON.stringify(content, null, 2)}</pre>`), envelope: html`` };
}

interface MessagePageInput {
  readonly message: RecordedMessage & { readonly request: RecordedRequest };
  readonly providerName: string;
  readonly webhooks: readonly WebhookRecord[];
}

/** One message: what it says, the request that brought it, and the webhooks that it caused. */
export function messagePage({ message, providerName, webhooks }: MessagePageInput): Markup {
  const view = viewOf(message.content);
  return layout(
    `${message.title} - Carillon simulator`,
    html`<a class="crumb" href="/">← Inbox</a>
      <div class="head">
        <h1>${message.title}</h1>
        <p class="meta">
          <span class="provider">${providerName}</span
          ><span>${message.recipients.join(", ")}</span>${time(message.receivedAtMs)}
        </p>
      </div>
      <div class="columns">
        <div class="stack">${view.content}${rawRequest(message.request)}</div>
        <div class="stack">
          ${webhookList(webhooks, message.recipients.length > 1)}${view.envelope}${facts(message)}
        </div>
      </div>`,
  );
}

/** Names the recipients where there are several. */
function webhookList(webhooks: readonly WebhookRecord[], named: boolean): Markup {
  const state = webhooks.map((webhook) => `${webhook.id}:${webhook.state}:${webhook.attempts.length}`).join(" ");
  return html`<section class="card" data-live="${state}">
    <h2>Webhooks</h2>
    ${webhooks.length === 0 ? html`<div class="hook"><p>None.</p></div>` : webhooks.map((webhook) => webhookItem(webhook, named))}
  </section>`;
}

function webhookItem(webhook: WebhookRecord, named: boolean): Markup {
  return html`<div class="hook">
    <header>
      ${eventChip(webhook)}${named ? html`<span>${webhook.event.recipient}</span>` : ""}${time(webhook.event.atMs)}
    </header>
    ${webhook.attempts.map(
      (attempt, index) =>
        html`<p>Try ${index + 1}: ${attempt.status ?? attempt.error ?? "no answer"}, ${attempt.durationMs} ms</p>`,
    )}
    ${webhook.state === "waiting" ? html`<p>Next try: ${time(webhook.dueAtMs)}</p>` : ""}
    ${webhook.state === "no-target" ? html`<p>Not sent: nobody is configured to receive it.</p>` : ""}
    <details>
      <summary>Payload</summary>
      <pre>${JSON.stringify(webhook.payload, null, 2)}</pre>
    </details>
  </div>`;
}

function facts(message: RecordedMessage): Markup {
  const { carillon_message_id: _messageId, ...metadata } = message.metadata;
  const known: readonly (readonly [string, string | undefined])[] = [
    ["Message", message.messageId],
    ["Provider's id", message.providerMessageId],
    ["Idempotency key", message.idempotencyKey],
    ["Send at", message.sendAtMs === undefined ? undefined : new Date(message.sendAtMs).toISOString()],
    ["Tags", message.tags.length === 0 ? undefined : message.tags.join(", ")],
    ...Object.entries({ ...message.extra, ...metadata }),
  ];
  const present = known.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return card("Facts", definitions(present));
}

function rawRequest({ method, url, headers, body }: RecordedRequest): Markup {
  const lines = [`${method} ${url}`, ...headers.map(([name, value]) => `${name}: ${value}`), "", readable(body)];
  return html`<details class="card">
    <summary>Raw request</summary>
    <pre>${lines.join("\n")}</pre>
  </details>`;
}

/** JSON on several lines; long strings, attachments mostly, are cut. */
function readable(body: string): string {
  const maxLength = 4_000;
  try {
    const shorten = (_: string, value: unknown): unknown =>
      typeof value === "string" && value.length > maxLength
        ? `${value.slice(0, maxLength)}... (${value.length} characters)`
        : value;
    return JSON.stringify(JSON.parse(body), shorten, 2);
  } catch {
    return body;
  }
}
