import type { ChannelDefinition } from "./definition.ts";
import type { DiscordInput, DiscordMessage } from "./discord.ts";
import type { EmailInput, EmailMessage } from "./email.ts";
import type { FcmInput, FcmMessage } from "./fcm.ts";
import type { SlackInput, SlackMessage } from "./slack.ts";
import type { SmsInput, SmsMessage } from "./sms.ts";
import type { WebPushInput, WebPushMessage } from "./webpush.ts";

/** What a caller writes, by channel. */
export interface InputByChannel {
  readonly email: EmailInput;
  readonly sms: SmsInput;
  readonly slack: SlackInput;
  readonly discord: DiscordInput;
  readonly webpush: WebPushInput;
  readonly fcm: FcmInput;
}

/** What a provider is handed, by channel: the input, checked, with its spellings made one. */
export interface MessageByChannel {
  readonly email: EmailMessage;
  readonly sms: SmsMessage;
  readonly slack: SlackMessage;
  readonly discord: DiscordMessage;
  readonly webpush: WebPushMessage;
  readonly fcm: FcmMessage;
}

export type ChannelId = keyof InputByChannel;
export type Input<C extends ChannelId = ChannelId> = InputByChannel[C];
export type Message<C extends ChannelId = ChannelId> = MessageByChannel[C];

export interface Channel<C extends ChannelId = ChannelId> extends ChannelDefinition<C, Message<C>> {}

export type { Address, Extras, MessageExtras, Refusal } from "./definition.ts";
