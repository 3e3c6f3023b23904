import type { Extras, MessageExtras } from "./channel.ts";

export interface DiscordFile {
  readonly filename: string;
  readonly contentType?: string | undefined;
  /** Bytes, or the bytes in base64. */
  readonly content: Uint8Array | string;
}

export interface DiscordInput extends Extras {
  readonly channel: "discord";
  /** The webhook's URL (which is a secret), and the thread to post in. */
  readonly to: { readonly webhookUrl: string; readonly threadId?: string | undefined };
  /** Up to 2,000 characters. */
  readonly text?: string | undefined;
  /** At most 10. */
  readonly embeds?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly components?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly files?: readonly DiscordFile[] | undefined;
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
  /** Nobody is mentioned unless this says so. */
  readonly allowedMentions?: Readonly<Record<string, unknown>> | undefined;
}

export interface DiscordMessage extends MessageExtras {
  readonly channel: "discord";
  readonly to: { readonly webhookUrl: string; readonly threadId?: string | undefined };
  readonly text?: string | undefined;
  readonly embeds: readonly Readonly<Record<string, unknown>>[];
  readonly components: readonly Readonly<Record<string, unknown>>[];
  readonly files: readonly DiscordFile[];
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly allowedMentions: Readonly<Record<string, unknown>>;
}
