import { simulatorCredentials } from "../../credentials.ts";
import type { AcceptedMessage } from "../../message.ts";
import type { RouteWebhook, SimulatedEvent } from "../../route.ts";
import { utf8 } from "../../wire/bytes.ts";

// Sources: https://docs.slack.dev/apis/events-api, https://docs.slack.dev/reference/events (message_metadata_posted,
// channel_archive), https://docs.slack.dev/reference/interaction-payloads/block_actions-payload,
// https://docs.slack.dev/authentication/verifying-requests-from-slack.

const { signingSecret } = simulatorCredentials.slack;

/** Where the bot lives. */
export const workspace = {
  team: "T0SIMULAT",
  appId: "A0SIMULAT",
  botId: "B0SIMULAT",
  botUser: "U0SIMULAT",
  identity: {
    url: "https://simulator.slack.com/",
    team: "Simulator",
    user: "simulator",
    team_id: "T0SIMULAT",
    user_id: "U0SIMULAT",
    bot_id: "B0SIMULAT",
    is_enterprise_install: false,
  },
} as const;

type Sent = AcceptedMessage & { readonly receivedAtMs: number };

/** Seconds with six digits after the point. */
function tsOf(ms: number): string {
  return (ms / 1000).toFixed(6);
}

/** An event in its wrapper. */
function wrap({ id, atMs }: SimulatedEvent, event: object): object {
  const { team, appId, botUser } = workspace;
  return {
    token: "simulator-only",
    team_id: team,
    api_app_id: appId,
    event: { ...event, event_ts: tsOf(atMs) },
    type: "event_callback",
    event_id: id,
    event_time: Math.floor(atMs / 1000),
    authorizations: [{ team_id: team, user_id: botUser, is_bot: true, is_enterprise_install: false }],
  };
}

/** What the provider would say of it, by event; of other events Slack says nothing. */
const payloads: Partial<Record<SimulatedEvent["type"], (event: SimulatedEvent, sent: Sent) => object | undefined>> = {
  // Only of messages that carry metadata.
  delivered: (event, sent) => {
    const { team: team_id, appId: app_id, botId: bot_id, botUser: user_id } = workspace;
    const [channel_id, message_ts] = placeOf(sent);
    const metadata = metadataOf(sent);
    const posted = {
      type: "message_metadata_posted",
      app_id,
      bot_id,
      user_id,
      team_id,
      channel_id,
      metadata,
      message_ts,
    };
    return metadata && wrap(event, posted);
  },
  suppressed: (event, sent) =>
    wrap(event, { type: "channel_archive", channel: placeOf(sent)[0], user: workspace.botUser, is_moved: 0 }),
  clicked: (event, sent) => {
    const { team, appId, botId: bot_id, botUser: user } = workspace;
    const [channel, ts] = placeOf(sent);
    const text = sent.content.kind === "slack" ? (sent.content.text ?? "") : "";
    return {
      type: "block_actions",
      team: { id: team, domain: "simulator" },
      user: { id: "U0READER", username: "reader", team_id: team },
      api_app_id: appId,
      token: "simulator-only",
      container: { type: "message", message_ts: ts, channel_id: channel, is_ephemeral: false },
      trigger_id: `${event.id}.simulator`,
      channel: { id: channel, name: "simulator" },
      message: { type: "message", bot_id, user, ts, text, metadata: metadataOf(sent) },
      actions: [{ type: "button", action_id: "simulator", block_id: "simulator", action_ts: tsOf(event.atMs) }],
    };
  },
};

/** Conversation and time. An incoming webhook's URL does not say which conversation that is: here it is always one. */
function placeOf({ providerMessageId }: Sent): readonly [channel: string, ts: string] {
  const [target = "", ts = ""] = providerMessageId.split(":");
  return [target.includes("/") ? "C0SIMULAT" : target, ts];
}

function metadataOf({ metadata, extra }: Sent): object | undefined {
  return extra?.["eventType"] === undefined ? undefined : { event_type: extra["eventType"], event_payload: metadata };
}

const base36 = (byte: number): string => (byte % 36).toString(36).toUpperCase();

export const webhook: RouteWebhook = {
  newEventId: () => `Ev${Array.from(crypto.getRandomValues(new Uint8Array(9)), base36).join("")}`,
  payload: (event, sent) => payloads[event.type]?.(event, sent),
  maxEvents: 1,
  async sign({ payloads: [payload], nowMs }) {
    const isClick = (payload as { readonly type: string }).type === "block_actions";
    const json = JSON.stringify(payload);
    const body = isClick ? new URLSearchParams({ payload: json }).toString() : json;
    const timestamp = String(Math.floor(nowMs / 1000));
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", utf8(signingSecret), algorithm, false, ["sign"]);
    const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(`v0:${timestamp}:${body}`)));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return {
      body,
      headers: {
        "content-type": isClick ? "application/x-www-form-urlencoded" : "application/json",
        "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": `v0=${hex}`,
      },
    };
  },
  retries: (status) => status === undefined || status < 200 || status > 299,
};
