import { html } from "hono/html";
import { webPushNotification } from "../describe.ts";
import type { JsonObject, WebPushContent } from "../message.ts";
import { objectsOf, parseJson, stringOf } from "../wire/json.ts";
import { card, definitions, jsonCard, type Markup } from "./layout.ts";
import { notificationCard } from "./notification.ts";

/** A notification, where the payload is one that browsers or the usual service workers show; else what the worker gets. */
export function webPushContent({ payload, declarative, sealed }: WebPushContent): Markup {
  if (sealed) return card("Payload", html`<p class="plain">Sealed for a real browser, which alone can read it.</p>`);
  const notification = webPushNotification(payload);
  const json = parseJson(payload);
  const how = declarative
    ? "Declarative: the browser shows it by itself."
    : "Classic: the site's service worker shows it.";
  return html`${
    notification
      ? card(
          "As the device shows it",
          html`${shown(notification)}
            <p class="caption">${how}</p>`,
        )
      : ""
  }
  ${payload === "" ? card("Payload", html`<p class="plain">None.</p>`) : ""}
  ${payload !== "" && json === undefined ? card("Payload, decrypted", html`<pre>${payload}</pre>`) : ""}
  ${json === undefined ? "" : jsonCard("Payload, decrypted", json, notification === undefined)}`;
}

function shown(notification: JsonObject): Markup {
  const url = stringOf(notification["navigate"]) ?? stringOf(notification["url"]) ?? "";
  return notificationCard({
    source: URL.canParse(url) ? new URL(url).host : "Your site",
    title: stringOf(notification["title"]) ?? "",
    body: stringOf(notification["body"]),
    icon: stringOf(notification["icon"]),
    image: stringOf(notification["image"]),
    actions: objectsOf(notification["actions"]).flatMap((action) => stringOf(action["title"]) ?? []),
  });
}

export function webPushEnvelope({ endpoint, ttlSeconds, urgency, topic, vapid }: WebPushContent): Markup {
  return html`${card(
    "Envelope",
    definitions([
      ["Endpoint", endpoint],
      ["TTL", ttlSeconds === 0 ? "0 s: now or never" : duration(ttlSeconds)],
      ["Urgency", urgency ?? "normal (not given)"],
      ["Topic", topic],
    ]),
  )}
  ${card(
    "VAPID",
    definitions([
      ["Subject", vapid.subject],
      ["Audience", vapid.audience],
      ["Expires", instant(vapid.expiresAtMs)],
    ]),
  )}`;
}

function instant(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? "not a time" : date.toISOString();
}

function duration(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
  ];
  const unit = units.find(([size]) => seconds >= size && seconds % size === 0);
  return unit ? `${seconds} s (${seconds / unit[0]} ${unit[1]})` : `${seconds} s`;
}
