import type { Address, ChannelId, Message } from "../channels/channel.ts";

/** What the guard is shown: the last hop before a provider. */
export interface GuardedMessage {
  readonly channel: ChannelId;
  readonly message: Message;
  readonly addresses: readonly Address[];
}

export type GuardDecision =
  | { readonly pass: true }
  | { readonly pass: false; readonly reason: string }
  | { readonly redirect: string; readonly reason: string };

/** `"live"` lets everything pass. Anything else is asked for each message; one that throws captures. */
export type Guard = "live" | ((guarded: GuardedMessage) => GuardDecision | Promise<GuardDecision>);
