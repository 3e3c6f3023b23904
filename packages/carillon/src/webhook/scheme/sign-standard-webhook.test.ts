import { expect, test } from "vitest";
import { ConfigurationError } from "../../error/errors.ts";
import { receiveWebhook } from "../receive.ts";
import { signStandardWebhook, standardWebhooksScheme } from "./standard-webhooks.ts";

// https://github.com/svix/svix-webhooks, javascript/src/webhook.test.ts; the same scheme in npm standardwebhooks@1.1.1.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const sentAt = new Date("2021-02-25T15:02:10.900Z");
const webhook = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", sentAt, body: '{"test": 2432232314}' };

test("signs Svix's own example as Svix does", async () => {
  expect(await signStandardWebhook(webhook, [secret])).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test.each([[secret], [other]])("what two secrets signed is accepted with %s alone", async (held) => {
  const headers = await signStandardWebhook(webhook, [other, secret]);
  expect(headers["webhook-signature"].split(" ")).toHaveLength(2);
  const scheme = standardWebhooksScheme({ secrets: [held], headerPrefix: "webhook-" });
  const request = { method: "POST", url: "https://example.com/hook", headers, body: webhook.body };
  const source = { id: "acme", scheme, parse: () => ({ events: [] }) };
  expect(await receiveWebhook(source, request, { now: () => sentAt })).toMatchObject({ ok: true });
});

test.each([[[]], [["whsec_"]], [[secret, "not base64!"]]])("refuses the secrets %j", async (secrets) => {
  await expect(signStandardWebhook(webhook, secrets)).rejects.toThrow(ConfigurationError);
});
