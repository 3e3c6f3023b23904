import { basicKey, describeProvider, describeWebhook, headerKey } from "@carillon/testing";
import { postmark, type PostmarkWebhookOptions, postmarkWebhook, settings } from "./index.ts";

describeProvider({
  create: () => postmark({ serverToken: "pm_test_token" }),
  secrets: ["pm_test_token"],
  settings,
  variables: {
    POSTMARK_SERVER_TOKEN: "pm_test_token",
    POSTMARK_WEBHOOK_USERNAME: "postmark",
    POSTMARK_WEBHOOK_PASSWORD: "first password",
  },
  fixtures: import.meta.glob<string>("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true }),
});

const fixtures = import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true });
const create = (option: PostmarkWebhookOptions): ReturnType<typeof postmarkWebhook> => postmarkWebhook(option);

describeWebhook({
  create,
  keys: [
    basicKey({ username: "postmark", password: "first password" }),
    basicKey({ username: "carillon", password: "other password" }),
  ],
  fixtures,
});

describeWebhook({
  create,
  keys: [
    headerKey({ header: "x-carillon-key", value: "first value" }),
    headerKey({ header: "x-carillon-key", value: "other value" }),
  ],
  fixtures,
});
