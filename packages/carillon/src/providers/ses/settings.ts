import type { ProviderSettings } from "../../provider/settings.ts";
import { ses } from "./provider.ts";
import { sesWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"email"> = {
  id: "ses",
  name: "Amazon SES",
  channel: "email",
  docs: "https://docs.aws.amazon.com/ses/latest/dg/Welcome.html",
  reports: ["delivered", "opened", "clicked"],
  send: {
    required: ["SES_ACCESS_KEY_ID", "SES_SECRET_ACCESS_KEY", "SES_REGION"],
    optional: ["SES_SESSION_TOKEN", "SES_CONFIGURATION_SET", "SES_BASE_URL"],
    create: (variables) =>
      ses({
        accessKeyId: variables["SES_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: variables["SES_SECRET_ACCESS_KEY"] ?? "",
        region: variables["SES_REGION"] ?? "",
        sessionToken: variables["SES_SESSION_TOKEN"] || undefined,
        configurationSet: variables["SES_CONFIGURATION_SET"] || undefined,
        baseUrl: variables["SES_BASE_URL"] || undefined,
      }),
  },
  receive: {
    required: [["SES_TOPIC_ARNS"]],
    create: (variables) =>
      sesWebhook({ topicArns: (variables["SES_TOPIC_ARNS"] ?? "").split(",").map((arn) => arn.trim()) }),
  },
};
