import type { ProviderSettings } from "../../provider/settings.ts";
import { mailgun } from "./provider.ts";
import { mailgunWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"email"> = {
  id: "mailgun",
  name: "Mailgun",
  channel: "email",
  docs: "https://documentation.mailgun.com",
  reports: ["delivered", "opened", "clicked"],
  send: {
    required: ["MAILGUN_API_KEY", "MAILGUN_DOMAIN"],
    optional: ["MAILGUN_REGION", "MAILGUN_BASE_URL"],
    create: (variables) =>
      mailgun({
        apiKey: variables["MAILGUN_API_KEY"] ?? "",
        domain: variables["MAILGUN_DOMAIN"] ?? "",
        // Whatever it says is checked by the factory.
        region: (variables["MAILGUN_REGION"] || undefined) as "us" | "eu" | undefined,
        baseUrl: variables["MAILGUN_BASE_URL"] || undefined,
      }),
  },
  receive: {
    required: [["MAILGUN_WEBHOOK_SIGNING_KEY"]],
    create: (variables) => mailgunWebhook({ signingKey: variables["MAILGUN_WEBHOOK_SIGNING_KEY"] ?? "" }),
  },
};
