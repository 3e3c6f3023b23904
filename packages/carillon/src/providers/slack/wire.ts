/**
 * What travels to and from Slack. https://docs.slack.dev/reference/methods/chat.postMessage, /chat.update, /chat.delete and
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (read 2026-11-23).
 */

/** Of our messages. Letters, digits and `_`; an app's manifest names it to be told of them. */
export const metadataEventType = "carillon_message";

export interface SlackContent {
  /** Beside blocks it is what notifications show, and then it is read out instead of them. */
  readonly text?: string | undefined;
  readonly blocks?: readonly Readonly<Record<string, unknown>>[] | undefined;
}

/** To an incoming webhook; `chat.postMessage` also takes a `channel`. */
export interface SlackPost extends SlackContent {
  readonly thread_ts?: string | undefined;
  /** Everyone in the workspace can read it, by API. */
  readonly metadata: {
    readonly event_type: typeof metadataEventType;
    readonly event_payload: Readonly<Record<string, string>>;
  };
  /** From `providerOptions.slack`: `unfurl_links` and the like. */
  readonly [option: string]: unknown;
}

/** Of every method of the Web API, with status 200 even where `ok` is false. */
export interface SlackAnswer {
  readonly ok?: unknown;
  readonly error?: unknown;
  /** With `missing_scope`: the scopes that would do. */
  readonly needed?: unknown;
  readonly response_metadata?: unknown;
  /** Where the message is: for a user's id this is the id of the direct conversation. */
  readonly channel?: unknown;
  readonly ts?: unknown;
}
