import type { ProviderSettings } from "../../provider/settings.ts";
import type { TwilioOptions } from "./options.ts";
import { twilio } from "./provider.ts";
import { twilioWebhook } from "./webhook.ts";

export const settings: ProviderSettings<"sms"> = {
  id: "twilio",
  name: "Twilio",
  channel: "sms",
  docs: "https://www.twilio.com/docs/messaging",
  // `read` comes of WhatsApp and RCS, never of a text message.
  reports: ["delivered"],
  send: {
    required: ["TWILIO_ACCOUNT_SID"],
    optional: [
      "TWILIO_AUTH_TOKEN",
      "TWILIO_API_KEY",
      "TWILIO_API_KEY_SECRET",
      "TWILIO_FROM",
      "TWILIO_MESSAGING_SERVICE_SID",
      "TWILIO_STATUS_CALLBACK",
      "TWILIO_BASE_URL",
    ],
    create: ({
      TWILIO_ACCOUNT_SID: accountSid,
      TWILIO_AUTH_TOKEN: authToken,
      TWILIO_API_KEY: apiKey,
      TWILIO_API_KEY_SECRET: apiKeySecret,
      TWILIO_FROM: from,
      TWILIO_MESSAGING_SERVICE_SID: messagingServiceSid,
      TWILIO_STATUS_CALLBACK: statusCallback,
      TWILIO_BASE_URL: baseUrl,
    }) =>
      twilio({
        accountSid,
        // The token may be there for the webhooks alone. What is missing, the factory says.
        ...(apiKey || apiKeySecret ? { apiKey, apiKeySecret } : { authToken }),
        from: from || undefined,
        messagingServiceSid: messagingServiceSid || undefined,
        statusCallback: statusCallback || undefined,
        baseUrl: baseUrl || undefined,
      } as TwilioOptions),
  },
  receive: {
    // Twilio signs the URL that it was given: where a proxy changes it, one of the first two says what it was.
    required: [
      ["TWILIO_AUTH_TOKEN", "TWILIO_WEBHOOK_PUBLIC_URL"],
      ["TWILIO_AUTH_TOKEN", "TWILIO_STATUS_CALLBACK"],
      ["TWILIO_AUTH_TOKEN"],
    ],
    create: ({
      TWILIO_AUTH_TOKEN: authToken = "",
      TWILIO_WEBHOOK_PUBLIC_URL: publicUrl,
      TWILIO_STATUS_CALLBACK: statusCallback,
    }) => twilioWebhook({ authToken, publicUrl: publicUrl || statusCallback || undefined }),
  },
};
