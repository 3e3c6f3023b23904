import type { Channel, ChannelId } from "./channel.ts";
import { discordChannel } from "./discord.ts";
import { emailChannel } from "./email.ts";
import { fcmChannel } from "./fcm.ts";
import { slackChannel } from "./slack.ts";
import { smsChannel } from "./sms.ts";
import { webpushChannel } from "./webpush.ts";

export { discordChannel, emailChannel, fcmChannel, slackChannel, smsChannel, webpushChannel };

/** Every channel by its id, for who takes messages of any: the Worker's API. A provider imports its own channel alone. */
export const channelsById: { readonly [C in ChannelId]: Channel<C> } = {
  email: emailChannel,
  sms: smsChannel,
  slack: slackChannel,
  discord: discordChannel,
  webpush: webpushChannel,
  fcm: fcmChannel,
};
