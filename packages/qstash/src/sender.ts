import type { ChannelId, SendOptions, SendResult } from "carillon";

/** What is needed of a notifier. */
export interface Sender {
  send(message: never, options?: SendOptions): Promise<SendResult>;
}

/** The channels that a notifier has providers for: `createQueue<ChannelsOf<typeof notifier>>`. */
export type ChannelsOf<N extends Sender> = Extract<
  Parameters<N["send"]>[0],
  { readonly channel: ChannelId }
>["channel"];
