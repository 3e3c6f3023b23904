import { snowflakePattern } from "../../channels/discord.ts";
import { flag, type OptionRules, secrets } from "../../provider/options.ts";
import { matches } from "../../provider/reading.ts";

/** Discord needs no credential: each message's webhook URL holds its own. */
export interface DiscordOptions {
  /** Tells lanes apart. @default "default" */
  readonly account?: string | undefined;
  /** Replaces `https://discord.com`. */
  readonly baseUrl?: string | undefined;
}

export interface DiscordWebhookOptions {
  /** The application's public key, 64 digits of lower-case hexadecimal; several while it rotates. */
  readonly publicKey: string | readonly string[];
}

/** `providerOptions.discord` of a message. */
export interface DiscordMessageOptions {
  /** In a forum or media channel: opens a thread of this name, 1 to 100 characters. Not beside `to.threadId`. */
  readonly threadName?: string | undefined;
  /** Ids of tags for that thread, at most 5. */
  readonly appliedTags?: readonly string[] | undefined;
  /** Read aloud. */
  readonly tts?: boolean | undefined;
  /** No previews of the links in the text. */
  readonly suppressEmbeds?: boolean | undefined;
  /** No push and no sound. */
  readonly suppressNotifications?: boolean | undefined;
}

/** Paths of the options that decide where a message goes, in a forum. */
export const threadNameField = "providerOptions.discord.threadName";
export const appliedTagsField = "providerOptions.discord.appliedTags";

export const webhookRules: OptionRules = { publicKey: secrets };

export const messageRules: OptionRules = {
  threadName: (value) => matches(/^.{1,100}$/su, value) || "1 to 100 characters",
  appliedTags: (value) =>
    (Array.isArray(value) && value.length <= 5 && value.every((id) => matches(snowflakePattern, id))) ||
    "at most 5 ids of tags",
  tts: flag,
  suppressEmbeds: flag,
  suppressNotifications: flag,
};
