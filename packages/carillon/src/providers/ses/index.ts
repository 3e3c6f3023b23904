export type { SesMessageOptions, SesOptions } from "./options.ts";
export { ses } from "./provider.ts";
export { settings } from "./settings.ts";
export { sesWebhook, type SesWebhookOptions } from "./webhook.ts";
