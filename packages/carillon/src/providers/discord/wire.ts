/** What travels to and from Discord. https://docs.discord.com/developers/resources/webhook (read 2026-11-23). */
import type { DiscordAllowedMentions, DiscordEmbed } from "../../channels/discord.ts";

/** Bits of `flags`: those of them that a webhook may set. */
export const suppressEmbeds: number = 1 << 2;
export const suppressNotifications: number = 1 << 12;
export const isComponentsV2: number = 1 << 15;

/** Body of an execution; of an edit too, where null takes away what was there. */
export interface DiscordWebhookMessage {
  readonly content?: string | null | undefined;
  readonly username?: string | undefined;
  readonly avatar_url?: string | undefined;
  readonly tts?: unknown;
  readonly embeds?: readonly DiscordEmbed[] | undefined;
  /** Without it, users are mentioned. */
  readonly allowed_mentions: DiscordAllowedMentions;
  readonly components?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** `id` is the `n` of the part `files[n]`, or the id of an attachment that stays. */
  readonly attachments?:
    | readonly { readonly id: number | string; readonly filename?: string | undefined }[]
    | undefined;
  /** {@link suppressEmbeds}, {@link suppressNotifications}, {@link isComponentsV2}: a sum of these. */
  readonly flags?: number | undefined;
  readonly thread_name?: unknown;
  readonly applied_tags?: unknown;
}
