import { html } from "hono/html";
import type { MessageContent, RecordedMessage, RecordedRequest } from "../message.ts";
import type { WebhookRecord } from "../store/store.ts";
import { viaBadge } from "./channels.ts";
import { discordContent, discordEnvelope } from "./discord.ts";
import { emailContent, emailEnvelope } from "./email.ts";
import { eventChip } from "./events.ts";
import { fcmContent, fcmEnvelope } from "./fcm.ts";
import { card, definitions, layout, time, type Markup } from "./layout.ts";
import { requestText } from "./raw-request.ts";
import { slackContent, slackEnvelope } from "./slack.ts";
import { smsContent, smsEnvelope } from "./sms.ts";
import { webPushContent, webPushEnvelope } from "./webpush.ts";

interface View {
  readonly content: Markup;
  readonly envelope: Markup;
}

/** How each kind of message is shown. */
function viewOf(content: MessageContent): View {
  switch (content.kind) {
    case "email":
      return { content: emailContent(content), envelope: emailEnvelope(content) };
    case "sms":
      return { content: smsContent(content), envelope: smsEnvelope(content) };
    case "slack":
      return { content: slackContent(content), envelope: slackEnvelope(content) };
    case "discord":
      return { content: discordContent(content), envelope: discordEnvelope(content) };
    case "webpush":
      return { content: webPushContent(content), envelope: webPushEnvelope(content) };
    case "fcm":
      return { content: fcmContent(content), envelope: fcmEnvelope(content) };
  }
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
          ${viaBadge(message, providerName)}<span>${message.recipients.join(", ")}</span>${time(message.receivedAtMs)}
        </p>
      </div>
      ${changes(message)}
      <div class="columns">
        <div class="stack">
          <div class="stack ${message.deletedAtMs === undefined ? "" : "deleted"}">${view.content}</div>
          ${earlierVersions(message)}${rawRequest(message.request)}
        </div>
        <div class="stack">
          ${webhookList(webhooks, message.recipients.length > 1)}${view.envelope}${facts(message)}
        </div>
      </div>`,
  );
}

function changes({ editedAtMs, deletedAtMs }: RecordedMessage): Markup {
  return html`${editedAtMs === undefined ? "" : html`<p class="notice">Edited ${time(editedAtMs)}</p>`}
  ${deletedAtMs === undefined ? "" : html`<p class="notice bad">Deleted ${time(deletedAtMs)}: nobody sees it any more.</p>`}`;
}

function earlierVersions({ earlier }: RecordedMessage): Markup {
  return html`${earlier.toReversed().map(
    ({ content, replacedAtMs }) =>
      html`<details class="card">
        <summary>Before the edit at ${time(replacedAtMs)}</summary>
        <div class="stack earlier">${viewOf(content).content}</div>
      </details>`,
  )}`;
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
    ["Webhooks to", message.webhookUrl],
    ["Tags", message.tags.length === 0 ? undefined : message.tags.join(", ")],
    ...Object.entries({ ...message.extra, ...metadata }),
  ];
  return card("Facts", definitions(known));
}

function rawRequest(request: RecordedRequest): Markup {
  return html`<details class="card">
    <summary>Raw request</summary>
    <pre>${requestText(request)}</pre>
  </details>`;
}
