import type { ProviderSettings } from "../../provider/settings.ts";
import { slack } from "./provider.ts";
import { slackWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"slack"> = {
  id: "slack",
  name: "Slack",
  channel: "slack",
  docs: "https://docs.slack.dev/messaging/",
  reports: ["delivered", "clicked"],
  send: {
    // "none" for who has incoming webhooks alone: their messages bring their credential along.
    required: ["SLACK_TOKEN"],
    optional: ["SLACK_BASE_URL"],
    create({ SLACK_TOKEN: token = "", SLACK_BASE_URL: baseUrl }) {
      return slack({ token: token === "none" ? undefined : token, baseUrl: baseUrl || undefined });
    },
  },
  receive: {
    required: [["SLACK_SIGNING_SECRET"]],
    create: (variables) => slackWebhook({ signingSecret: variables["SLACK_SIGNING_SECRET"] ?? "" }),
  },
};
