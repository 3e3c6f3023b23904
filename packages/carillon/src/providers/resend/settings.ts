import type { ProviderSettings } from "../../provider/settings.ts";
import { resend } from "./provider.ts";
import { resendWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"email"> = {
  id: "resend",
  name: "Resend",
  channel: "email",
  docs: "https://resend.com/docs",
  reports: ["delivered", "opened", "clicked"],
  send: {
    required: ["RESEND_API_KEY"],
    optional: ["RESEND_BASE_URL"],
    create: (variables) =>
      resend({ apiKey: variables["RESEND_API_KEY"] ?? "", baseUrl: variables["RESEND_BASE_URL"] || undefined }),
  },
  receive: {
    required: [["RESEND_WEBHOOK_SECRET"]],
    create: (variables) => resendWebhook({ secret: variables["RESEND_WEBHOOK_SECRET"] ?? "" }),
  },
};
