export type {
  TwilioCredentials,
  TwilioMessageOptions,
  TwilioOptions,
  TwilioSender,
  TwilioWebhookOptions,
} from "./options.ts";
export { twilio } from "./provider.ts";
export { settings } from "./settings.ts";
export { twilioWebhook } from "./webhook.ts";
