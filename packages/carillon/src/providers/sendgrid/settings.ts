import type { ProviderSettings } from "../../provider/settings.ts";
import { sendgrid } from "./provider.ts";
import { sendgridWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"email"> = {
  id: "sendgrid",
  name: "Twilio SendGrid",
  channel: "email",
  docs: "https://www.twilio.com/docs/sendgrid",
  reports: ["delivered", "opened", "clicked"],
  send: {
    required: ["SENDGRID_API_KEY"],
    optional: ["SENDGRID_BASE_URL"],
    create: (variables) =>
      sendgrid({ apiKey: variables["SENDGRID_API_KEY"] ?? "", baseUrl: variables["SENDGRID_BASE_URL"] || undefined }),
  },
  receive: {
    required: [["SENDGRID_WEBHOOK_PUBLIC_KEY"]],
    create: (variables) => sendgridWebhook({ publicKey: variables["SENDGRID_WEBHOOK_PUBLIC_KEY"] ?? "" }),
  },
};
