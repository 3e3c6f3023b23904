export type { ResendMessageOptions, ResendOptions, ResendWebhookOptions } from "./options.ts";
export { resend } from "./provider.ts";
export { settings } from "./settings.ts";
export { resendWebhook } from "./webhook.ts";
