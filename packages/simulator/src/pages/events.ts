import { html } from "hono/html";
import type { SimulatedEventType } from "../outcome.ts";
import type { WebhookRecord } from "../store/store.ts";
import type { Markup } from "./layout.ts";

const tones: Partial<Record<SimulatedEventType, string>> = {
  delivered: "good",
  opened: "good",
  clicked: "good",
  deferred: "warn",
  soft_bounced: "warn",
  bounced: "bad",
  complained: "bad",
  suppressed: "bad",
  dropped: "bad",
  failed: "bad",
};

const states: Record<WebhookRecord["state"], { readonly style: string; readonly title: string }> = {
  delivered: { style: "", title: "The receiver has it" },
  waiting: { style: "waiting", title: "Waits to be delivered" },
  failed: { style: "undelivered", title: "The receiver did not take it" },
  "no-target": { style: "no-target", title: "Nobody is configured to receive it" },
};

/** An event's name, coloured by what it means, outlined while it waits. */
export function eventChip(webhook: WebhookRecord): Markup {
  const { style, title } = states[webhook.state];
  const name = webhook.event.type.replaceAll("_", " ");
  return html`<span class="chip ${tones[webhook.event.type] ?? ""} ${style}" title="${title}">${name}</span>`;
}
