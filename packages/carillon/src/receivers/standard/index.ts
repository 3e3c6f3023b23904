export { standardWebhook, type StandardWebhookOptions } from "./webhook.ts";
