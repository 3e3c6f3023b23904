import { html } from "hono/html";
import type { FcmContent, JsonObject } from "../message.ts";
import { objectOf, stringOf } from "../wire/json.ts";
import { card, definitions, jsonCard, type Markup } from "./layout.ts";
import { notificationCard } from "./notification.ts";

// https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages

const platforms = ["android", "apns", "webpush"] as const;

/** A notification on a device, or what the app gets when there is none to show. */
export function fcmContent({ message, validateOnly }: FcmContent): Markup {
  const notification = objectOf(message["notification"]);
  const data = Object.entries(objectOf(message["data"]) ?? {}).map(([name, value]) => [name, String(value)] as const);
  return html`${card("As the device shows it", notification ? shown(notification) : html`<p class="plain">Nothing: a data message is the app's to show.</p>`)}
  ${validateOnly ? html`<p class="notice">Only validated: it was not to be delivered.</p>` : ""}
  ${data.length > 0 ? card("Data", definitions(data, "wide")) : ""} ${jsonCard("Message", message, true)}`;
}

function shown(notification: JsonObject): Markup {
  return notificationCard({
    source: "Your app",
    title: stringOf(notification["title"]) ?? "",
    body: stringOf(notification["body"]),
    image: stringOf(notification["image"]),
    actions: [],
  });
}

export function fcmEnvelope({ target, message, validateOnly }: FcmContent): Markup {
  const given = platforms.filter((platform) => objectOf(message[platform]));
  const android = objectOf(message["android"]);
  return card(
    "Envelope",
    definitions([
      ["To", target],
      ["Platforms", given.length > 0 ? given.join(", ") : undefined],
      ["Android TTL", stringOf(android?.["ttl"])],
      ["Android priority", stringOf(android?.["priority"])],
      ["Validate only", validateOnly ? "yes" : undefined],
    ]),
  );
}
