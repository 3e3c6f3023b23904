import { describeProvider, describeWebhook, ecdsaTestKeys, timestampEcdsaKey } from "@carillon/testing";
import { sendgrid, sendgridWebhook, settings } from "./index.ts";

const headers = {
  signatureHeader: "x-twilio-email-event-webhook-signature",
  timestampHeader: "x-twilio-email-event-webhook-timestamp",
};
const first = timestampEcdsaKey({ pair: ecdsaTestKeys.first, ...headers });
const second = timestampEcdsaKey({ pair: ecdsaTestKeys.second, ...headers });

describeProvider({
  create: () => sendgrid({ apiKey: "SG.test_key" }),
  secrets: ["SG.test_key"],
  settings,
  variables: { SENDGRID_API_KEY: "SG.test_key", SENDGRID_WEBHOOK_PUBLIC_KEY: first.option },
  // 202 has no body, and is the whole answer.
  statusAloneAccepts: true,
  fixtures: import.meta.glob<string>("./fixtures/{send,batch}/**", { query: "?raw", import: "default", eager: true }),
});

describeWebhook({
  create: (option: string | readonly string[]) => sendgridWebhook({ publicKey: option }),
  keys: [first, second],
  fixtures: import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true }),
});
