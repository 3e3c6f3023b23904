export type { PostmarkMessageOptions, PostmarkOptions, PostmarkWebhookOptions } from "./options.ts";
export { postmark } from "./provider.ts";
export { settings } from "./settings.ts";
export { postmarkWebhook } from "./webhook.ts";
