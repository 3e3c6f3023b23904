import { html } from "hono/html";
import type { MessageContent, MessageSummary } from "../message.ts";
import type { Markup } from "./layout.ts";

type Kind = MessageContent["kind"];

/** What the channels are called. */
export const channelNames: Readonly<Record<Kind, string>> = {
  email: "Email",
  sms: "SMS",
  slack: "Slack",
  discord: "Discord",
  webpush: "Web Push",
  fcm: "FCM",
};

/** The channel in its colour, and the provider where the channel does not say it already. */
export function viaBadge({ kind, provider }: Pick<MessageSummary, "kind" | "provider">, providerName: string): Markup {
  const named = provider === kind ? "" : html`<span class="provider">${providerName}</span>`;
  return html`<span class="via"><span class="badge ${kind}">${channelNames[kind]}</span>${named}</span>`;
}
