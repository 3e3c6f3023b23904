import { html } from "hono/html";
import type { MessageContent } from "../message.ts";
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

/** The channel in its colour, and the provider unless it is called the same. */
export function viaBadge(kind: Kind, providerName: string): Markup {
  const channel = channelNames[kind];
  return html`<span class="via"
    ><span class="badge ${kind}">${channel}</span>${
      providerName === channel ? "" : html`<span class="provider">${providerName}</span>`
    }</span
  >`;
}
