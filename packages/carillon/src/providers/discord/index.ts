export type { DiscordDeletion, DiscordDeletionResult } from "./delete.ts";
export { deleteDiscordMessage } from "./delete.ts";
export type { DiscordEdit, DiscordEditResult, DiscordMessageReference } from "./edit.ts";
export { editDiscordMessage } from "./edit.ts";
export type { DiscordMessageOptions, DiscordOptions, DiscordWebhookOptions } from "./options.ts";
export { discord } from "./provider.ts";
export { settings } from "./settings.ts";
export { discordWebhook } from "./webhook.ts";
