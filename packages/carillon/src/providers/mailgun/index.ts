export type { MailgunMessageOptions, MailgunOptions, MailgunWebhookOptions } from "./options.ts";
export { mailgun } from "./provider.ts";
export { settings } from "./settings.ts";
export { mailgunWebhook } from "./webhook.ts";
