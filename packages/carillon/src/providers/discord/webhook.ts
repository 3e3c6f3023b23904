import { checkOptions } from "../../provider/options.ts";
import { recordOf, textOf, timeOf } from "../../provider/reading.ts";
import type { VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { DeliveryEvent } from "../../result/delivery-event.ts";
import { ed25519OverTimestampAndBodyScheme } from "../../webhook/scheme/signed-timestamp-ed25519.ts";
import { type DiscordWebhookOptions, webhookRules } from "./options.ts";

/**
 * Discord tells of the application (authorised, entitled, messages in lobbies), never of what a webhook posted: each is
 * `unrecognized`, for the app to read in `raw`. There is no id, so it is made of what a retry repeats.
 */
function readEvents({ json }: VerifiedWebhook): readonly DeliveryEvent[] {
  const body = recordOf(json);
  const event = recordOf(body["event"]);
  const data = recordOf(event["data"]);
  const providerType = textOf(event["type"]);
  if (body["type"] !== 1 || providerType === undefined) return [];
  const time = textOf(event["timestamp"]);
  const subject = textOf(data["id"]) ?? textOf(recordOf(data["user"])["id"]);
  return [
    {
      id: [providerType, body["application_id"], time, subject].filter((part) => textOf(part)).join(":"),
      provider: "discord",
      type: "unrecognized",
      // Without a zone, and in UTC.
      occurredAt: timeOf(time?.replace(/(?<=T[\d:.]+)$/, "Z")),
      providerType,
      raw: json,
    },
  ];
}

/**
 * Receives the webhook events of a Discord application: Ed25519 over the timestamp and the raw body. No tolerance, since it
 * is not documented whether a retry, up to 10 minutes later, is signed afresh; the event's id makes repeats harmless.
 * `PING`, and all that is received, is answered as Discord wants it: 204, with a content type. Return it within 3 seconds.
 *
 * Errors: throws `ConfigurationError` for a key that is missing or not 32 bytes in hexadecimal.
 * Source: https://docs.discord.com/developers/events/webhook-events (read 2026-11-23)
 */
export function discordWebhook(options: DiscordWebhookOptions): WebhookSource {
  checkOptions("discordWebhook", options, webhookRules);
  return {
    id: "discord",
    scheme: ed25519OverTimestampAndBodyScheme({
      publicKeys: [options.publicKey].flat(),
      signatureHeader: "x-signature-ed25519",
      timestampHeader: "x-signature-timestamp",
    }),
    parse: (webhook) => ({
      events: readEvents(webhook),
      reply: { status: 204, contentType: "application/json" },
    }),
  };
}
