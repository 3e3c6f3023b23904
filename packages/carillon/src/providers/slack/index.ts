export { escapeMrkdwn } from "./mrkdwn.ts";
export {
  deleteSlackMessage,
  type SlackMessageReference,
  type SlackMessageUpdate,
  updateSlackMessage,
} from "./operations.ts";
export type { SlackMessageOptions, SlackOptions, SlackWebhookOptions } from "./options.ts";
export { slack, type SlackProvider } from "./provider.ts";
export { settings } from "./settings.ts";
export { slackWebhook } from "./webhook.ts";
export type { SlackContent } from "./wire.ts";
