import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions } from "../../provider/options.ts";
import { recordOf, textOf, timeOf } from "../../provider/reading.ts";
import type { ParsedWebhook, VerifiedWebhook, WebhookSource } from "../../provider/webhook.ts";
import type { EventType } from "../../result/delivery-event.ts";
import { slackV0Scheme } from "../../webhook/scheme/slack-v0.ts";
import { type SlackWebhookOptions, webhookRules } from "./options.ts";
import { metadataEventType } from "./wire.ts";

/** The events that show one of our messages, with its metadata: https://docs.slack.dev/reference/events (read 2026-11-23). */
const showsMessage = /^message(_metadata_posted)?$/;
/** From then on Slack takes nothing for this address. */
const endsChannel = /^(channel|group)_(archive|deleted)$/;

function typeOf(name: string, isOurs: boolean): EventType {
  if (isOurs && showsMessage.test(name)) return "delivered";
  if (endsChannel.test(name)) return "suppressed";
  return name === "block_actions" ? "clicked" : "unrecognized";
}

/** Events come as JSON; what people do with buttons comes as JSON in a form's field. */
function payloadOf({ json, text }: VerifiedWebhook): unknown {
  if (json !== undefined) return json;
  try {
    return JSON.parse(new URLSearchParams(text).get("payload") ?? "");
  } catch {
    return undefined;
  }
}

function parse(webhook: VerifiedWebhook): ParsedWebhook {
  const raw = payloadOf(webhook);
  const outer = recordOf(raw);
  const outerType = textOf(outer["type"]);
  if (outerType === undefined) return { events: [] };
  if (outerType === "url_verification") {
    const reply = { status: 200, contentType: "text/plain", body: textOf(outer["challenge"]) };
    return { events: [], reply };
  }
  // A click is described by the payload itself, an event by what the payload carries.
  const event = outerType === "event_callback" ? recordOf(outer["event"]) : outer;
  const providerType = textOf(event["type"]) ?? outerType;
  const message = recordOf(event["message"]);
  const item = { ...recordOf(event["container"]), ...recordOf(event["item"]) };
  const action = recordOf([outer["actions"]].flat()[0]);
  const metadata = recordOf(event["metadata"] ?? message["metadata"] ?? event["previous_metadata"]);
  const isOurs = metadata["event_type"] === metadataEventType;
  const channel = textOf(
    event["channel_id"] ??
      textOf(event["channel"]) ??
      recordOf(event["channel"])["id"] ??
      item["channel_id"] ??
      item["channel"],
  );
  const ts = textOf(event["message_ts"] ?? item["message_ts"] ?? event["ts"] ?? message["ts"] ?? item["ts"]);
  const at = textOf(action["action_ts"] ?? event["event_ts"]);
  const scope = [
    outer["team_id"] ?? recordOf(outer["team"])["id"],
    channel,
    at ?? outer["minute_rate_limited"],
    action["action_id"],
  ];
  return {
    events: [
      {
        // Slack repeats an event under the same `event_id`; clicks and notices about the API itself have none.
        id: textOf(outer["event_id"]) ?? [providerType, ...scope].filter(Boolean).join(":"),
        provider: "slack",
        type: typeOf(providerType, isOurs),
        occurredAt: timeOf(Number(at), outer["event_time"], outer["minute_rate_limited"]),
        ...readCorrelation(isOurs ? metadata["event_payload"] : undefined),
        providerMessageId: channel && ts && `${channel}:${ts}`,
        address: channel,
        providerType,
        raw,
      },
    ],
  };
}

/**
 * Receives Slack's Events API, its check of the URL included, and clicks in messages (interactivity).
 *
 * Errors: throws `ConfigurationError` for a secret that is missing or blank.
 * Source: https://docs.slack.dev/apis/events-api (read 2026-11-23)
 */
export function slackWebhook(options: SlackWebhookOptions): WebhookSource {
  checkOptions("slackWebhook", options, webhookRules);
  return { id: "slack", scheme: slackV0Scheme({ secrets: [options.signingSecret].flat() }), parse };
}
