import { readCorrelation } from "../../provider/correlation.ts";
import { checkOptions } from "../../provider/options.ts";
import { recordOf, textOf, timeOf, wordOf } from "../../provider/reading.ts";
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

type Fields = Readonly<Record<string, unknown>>;

/** Conversation and time of the message that an event is about; each kind of event has them elsewhere. */
function placeOf(event: Fields): { readonly channel: string | undefined; readonly ts: string | undefined } {
  const { channel, channel_id, message_ts, ts } = event;
  const item = { ...recordOf(event["container"]), ...recordOf(event["item"]) };
  return {
    channel: textOf(channel_id ?? textOf(channel) ?? recordOf(channel)["id"] ?? item["channel_id"] ?? item["channel"]),
    ts: textOf(message_ts ?? ts ?? item["message_ts"] ?? item["ts"]),
  };
}

/**
 * Metadata that our app wrote: any app in the workspace can write some that looks like it. Clicks are told to the app that
 * posted the button.
 */
function metadataOf(event: Fields, { api_app_id: ownApp, type }: Fields): unknown {
  const metadata = recordOf(event["metadata"] ?? event["previous_metadata"] ?? recordOf(event["message"])["metadata"]);
  const isOurs =
    metadata["event_type"] === metadataEventType && (type === "block_actions" || event["app_id"] === ownApp);
  return isOurs ? metadata["event_payload"] : undefined;
}

function parse(webhook: VerifiedWebhook): ParsedWebhook {
  const raw = payloadOf(webhook);
  const outer = recordOf(raw);
  const type = textOf(outer["type"]);
  if (type === undefined) return { events: [] };
  if (type === "url_verification") {
    return { events: [], reply: { status: 200, contentType: "text/plain", body: textOf(outer["challenge"]) } };
  }
  // An event is within the payload; what people do, and notices about the API, are the payload itself.
  const event = type === "event_callback" ? recordOf(outer["event"]) : outer;
  const providerType = textOf(event["type"]) ?? type;
  const { channel, ts } = placeOf(event);
  const action = recordOf([outer["actions"]].flat()[0]);
  const at = textOf(action["action_ts"] ?? event["event_ts"]);
  const minute = outer["minute_rate_limited"];
  const payload = metadataOf(event, outer);
  const scope = [
    outer["team_id"] ?? recordOf(outer["team"])["id"],
    channel,
    at ?? minute ?? outer["trigger_id"],
    action["action_id"],
  ];
  return {
    events: [
      {
        // Slack repeats an event under the same `event_id`; clicks and notices have none.
        id: textOf(outer["event_id"]) ?? [providerType, ...scope].map(wordOf).filter(Boolean).join(":"),
        provider: "slack",
        type: typeOf(providerType, payload !== undefined),
        occurredAt: timeOf(Number(at), outer["event_time"], minute),
        ...readCorrelation(payload),
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
