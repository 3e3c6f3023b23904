import { describeProvider, describeWebhook, type WebhookKey } from "@carillon/testing";
import { signHmac } from "../../crypto/hmac.ts";
import { concatBytes, toHex, utf8 } from "../../crypto/bytes.ts";
import { settings, slack, slackWebhook } from "./index.ts";

describeProvider({
  create: () => slack({ token: "xoxb-test-token" }),
  secrets: ["xoxb-test-token"],
  settings,
  variables: { SLACK_TOKEN: "xoxb-test-token", SLACK_SIGNING_SECRET: "first signing secret" },
  fixtures: import.meta.glob<string>("./fixtures/send/**", { query: "?raw", import: "default", eager: true }),
});

function signingKey(secret: string): WebhookKey<string> {
  return {
    option: secret,
    covers: "body",
    toleranceSeconds: 300,
    signatureHeader: "x-slack-signature",
    async sign({ body }, at) {
      const seconds = `${Math.floor(at.getTime() / 1000)}`;
      const signature = await signHmac("SHA-256", utf8(secret), concatBytes(utf8(`v0:${seconds}:`), body));
      return { "x-slack-request-timestamp": seconds, "x-slack-signature": `v0=${toHex(signature)}` };
    },
  };
}

describeWebhook({
  create: (signingSecret) => slackWebhook({ signingSecret }),
  keys: [signingKey("first signing secret"), signingKey("other signing secret")],
  fixtures: import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true }),
});
