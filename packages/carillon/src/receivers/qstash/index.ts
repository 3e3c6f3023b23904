export type { QstashCallback, QstashDelivery, QstashEvent } from "./event.ts";
export { qstashWebhook, type QstashWebhookOptions } from "./webhook.ts";
