export type { SendGridMessageOptions, SendGridOptions, SendGridWebhookOptions } from "./options.ts";
export { sendgrid } from "./provider.ts";
export { settings } from "./settings.ts";
export { sendgridWebhook } from "./webhook.ts";
