import type { Address, ChannelId, Message, Refusal } from "carillon";
import { channelsById } from "carillon/channels";

/** The least that makes a message, so that a channel can be asked about an address alone. */
const blankContent: Readonly<Record<ChannelId, Readonly<Record<string, unknown>>>> = {
  email: { from: "nobody@example.com", subject: "-", text: "-" },
  sms: { text: "-" },
  slack: { text: "-" },
  discord: { text: "-" },
  webpush: { payload: "-" },
  fcm: { title: "-" },
};

/** The least that makes an address, so that a channel can be asked about content alone, or about a part of an address. */
export const sampleAddress: Readonly<Record<ChannelId, unknown>> = {
  email: "nobody@example.com",
  sms: "+15005550006",
  slack: "C0000000000",
  discord: { webhookUrl: "https://discord.com/api/webhooks/1/a" },
  webpush: {
    endpoint: "https://updates.push.services.mozilla.com/wpush/v2/a",
    // Of the example of RFC 8291.
    keys: {
      p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      auth: "BTBZMqHH6r4Tts7J_aSIgg",
    },
  },
  fcm: { token: "-" },
};

/** A message to this address that says nothing, or what is wrong with the address: `field` is `to` or below it. */
export function blankMessageTo(channel: ChannelId, to: unknown): Message | Refusal {
  return channelsById[channel].normalise({ ...blankContent[channel], channel, to });
}

/** The address as its channel normalises it; undefined when it is none. */
export async function addressOf(channel: ChannelId, to: unknown): Promise<Address | undefined> {
  const message = blankMessageTo(channel, to);
  return "ok" in message ? undefined : (await channelsById[channel].addresses(message as never))[0];
}
