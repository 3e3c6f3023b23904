import { accountRules, flag, type OptionRules, secret, secrets, text, url } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";
import type { Secret } from "../../provider/request.ts";

export interface SlackOptions {
  /** Of a bot (`xoxb-...`) with the scope `chat:write`. Incoming webhooks need none: their URL is the credential. */
  readonly token?: Secret | undefined;
  /** Which of several workspaces this is. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://slack.com` and, for incoming webhooks, `https://hooks.slack.com`. */
  readonly baseUrl?: string | undefined;
}

export interface SlackWebhookOptions {
  /** From the app's "Basic Information"; several while it is regenerated. */
  readonly signingSecret: string | readonly string[];
}

/** `providerOptions.slack` of a message. An incoming webhook takes the first two alone. */
export interface SlackMessageOptions {
  readonly unfurlLinks?: boolean | undefined;
  readonly unfurlMedia?: boolean | undefined;
  /** False: `text` is shown as it is. @default Slack's own, true */
  readonly mrkdwn?: boolean | undefined;
  /** An answer in a thread that the channel sees too. Means nothing without `threadTs`. */
  readonly replyBroadcast?: boolean | undefined;
  /** Instead of the app's name; needs the scope `chat:write.customize`, as both icons do. */
  readonly username?: string | undefined;
  /** `:bell:` */
  readonly iconEmoji?: string | undefined;
  readonly iconUrl?: string | undefined;
}

export const factoryRules: OptionRules = { token: secret, ...accountRules };

export const webhookRules: OptionRules = { signingSecret: secrets };

/** Of a message to an incoming webhook. */
export const hookMessageRules: OptionRules = { unfurlLinks: flag, unfurlMedia: flag };

export const messageRules: OptionRules = {
  ...hookMessageRules,
  mrkdwn: flag,
  replyBroadcast: flag,
  username: text,
  iconEmoji: (value) => matches(/^:[^:\s]+:$/, value) || "a :name:",
  iconUrl: url,
};
