import type { ProviderSettings } from "../../provider/settings.ts";
import { slack } from "./provider.ts";
import { slackWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"slack"> = {
  id: "slack",
  name: "Slack",
  channel: "slack",
  docs: "https://docs.slack.dev/messaging/",
  send: {
    required: ["SLACK_TOKEN"],
    optional: ["SLACK_BASE_URL"],
    create: (variables) =>
      slack({ token: variables["SLACK_TOKEN"] ?? "", baseUrl: variables["SLACK_BASE_URL"] || undefined }),
  },
  receive: {
    required: [["SLACK_SIGNING_SECRET"]],
    create: (variables) => slackWebhook({ signingSecret: variables["SLACK_SIGNING_SECRET"] ?? "" }),
  },
};
