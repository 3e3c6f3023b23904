import { describeProvider, describeWebhook, standardWebhooksKey } from "@carillon/testing";
import { resend, resendWebhook, settings } from "./index.ts";

const secret = "whsec_Y2FyaWxsb24tcmVzZW5kLWZpcnN0LXNlY3JldA==";
const otherSecret = "whsec_Y2FyaWxsb24tcmVzZW5kLW90aGVyLXNlY3JldA==";

describeProvider({
  create: () => resend({ apiKey: "re_test_key" }),
  secrets: ["re_test_key"],
  settings,
  variables: { RESEND_API_KEY: "re_test_key", RESEND_WEBHOOK_SECRET: secret },
  fixtures: import.meta.glob<string>("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true }),
});

describeWebhook({
  create: (option: string | readonly string[]) => resendWebhook({ secret: option }),
  keys: [
    standardWebhooksKey({ secret, headerPrefix: "svix-" }),
    standardWebhooksKey({ secret: otherSecret, headerPrefix: "svix-" }),
  ],
  fixtures: import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true }),
});
