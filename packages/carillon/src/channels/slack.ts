import type { Extras, MessageExtras } from "./channel.ts";

export interface SlackInput extends Extras {
  readonly channel: "slack";
  /** Id of a channel or user (with a bot token), or an incoming webhook's URL (which is a secret). */
  readonly to: string | { readonly webhookUrl: string };
  /** At least one of `text` and `blocks`; beside blocks it is what notifications show. */
  readonly text?: string | undefined;
  /** Block Kit, at most 50 blocks. */
  readonly blocks?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly threadTs?: string | undefined;
}

export interface SlackMessage extends MessageExtras {
  readonly channel: "slack";
  readonly to: { readonly id: string } | { readonly webhookUrl: string };
  readonly text?: string | undefined;
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
  readonly threadTs?: string | undefined;
}
