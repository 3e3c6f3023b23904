import type { ProviderSettings } from "../../provider/settings.ts";
import { postmark } from "./provider.ts";
import { postmarkWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"email"> = {
  id: "postmark",
  name: "Postmark",
  channel: "email",
  docs: "https://postmarkapp.com/developer",
  reports: ["delivered", "opened", "clicked"],
  send: {
    required: ["POSTMARK_SERVER_TOKEN"],
    optional: ["POSTMARK_MESSAGE_STREAM", "POSTMARK_BASE_URL"],
    create: (variables) =>
      postmark({
        serverToken: variables["POSTMARK_SERVER_TOKEN"] ?? "",
        messageStream: variables["POSTMARK_MESSAGE_STREAM"] || undefined,
        baseUrl: variables["POSTMARK_BASE_URL"] || undefined,
      }),
  },
  receive: {
    required: [
      ["POSTMARK_WEBHOOK_USERNAME", "POSTMARK_WEBHOOK_PASSWORD"],
      ["POSTMARK_WEBHOOK_HEADER", "POSTMARK_WEBHOOK_VALUE"],
    ],
    create: ({
      POSTMARK_WEBHOOK_USERNAME: username,
      POSTMARK_WEBHOOK_PASSWORD: password,
      POSTMARK_WEBHOOK_HEADER: header,
      POSTMARK_WEBHOOK_VALUE: value,
    }) =>
      username && password
        ? postmarkWebhook({ username, password })
        : postmarkWebhook({ header: header ?? "", value: value ?? "" }),
  },
};
