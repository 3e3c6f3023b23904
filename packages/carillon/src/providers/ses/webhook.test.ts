import { describeWebhook } from "@carillon/testing";
import { describe, expect, it, test } from "vitest";
import type { WebhookSource } from "../../provider/webhook.ts";
import { receiveWebhook } from "../../webhook/receive.ts";
import {
  envelope,
  fetchCertificate,
  type Fields,
  officialTopicArn,
  otherTopicArn,
  snsKey,
  topicArn,
} from "../../webhook/scheme/fixtures/sns/sender.ts";
import { ConfigurationError } from "../../error/errors.ts";
import { settings } from "./index.ts";
import { sesWebhook } from "./webhook.ts";

/** With SNS's certificates at hand. */
function source(topicArns: string | readonly string[]): WebhookSource {
  const { scheme, ...rest } = sesWebhook({ topicArns });
  const verify: typeof scheme.verify = (raw, tools) => scheme.verify(raw, { ...tools, fetch: fetchCertificate });
  return { ...rest, scheme: { ...scheme, verify } };
}

const fixtures = import.meta.glob<string>("./fixtures/webhook/**", { query: "?raw", import: "default", eager: true });

describe("signature version 2", () => {
  describeWebhook({
    create: source,
    keys: [snsKey({ topicArn, key: "first" }), snsKey({ topicArn: otherTopicArn, key: "second" })],
    fixtures,
  });
});

describe("signature version 1", () => {
  describeWebhook({
    create: source,
    keys: [
      snsKey({ topicArn, key: "first", version: "1" }),
      snsKey({ topicArn: otherTopicArn, key: "second", version: "1" }),
    ],
    fixtures,
  });
});

const now = new Date("2026-01-02T03:04:05Z");

async function receive(fields: Fields, topicArns: string = topicArn, at: Date = now) {
  const request = { method: "POST", url: "https://app.example/", headers: {}, body: JSON.stringify(fields) };
  return receiveWebhook(sesWebhook({ topicArns }), request, { now: () => at, fetch: fetchCertificate });
}

const token = "2336412f37fb687f5d51e6e2425929f5";
const subscription = {
  Type: "SubscriptionConfirmation",
  Token: token,
  Message: "You have chosen to subscribe",
  SubscribeURL: "https://evil.example/?Action=ConfirmSubscription",
};

describe("a subscription", () => {
  it("is confirmed at a URL of ours, whatever the message says", async () => {
    const received = await receive(await envelope(subscription));
    expect(received.response.status).toBe(200);
    expect(received).toMatchObject({
      events: [],
      confirm: {
        method: "GET",
        url: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(topicArn)}&Token=${token}`,
        secrets: [token],
      },
    });
  });

  it("is confirmed as AWS's own message wants it", async () => {
    const request = fixtures["./fixtures/webhook/official-subscription-confirmation-v1/request.http"] ?? "";
    const fields = JSON.parse(request.slice(request.indexOf("\n\n"))) as { SubscribeURL: string };
    const received = await receive(fields as never, officialTopicArn, new Date("2026-03-06T20:00:00Z"));
    const confirm = received.ok ? new URL(received.confirm?.url ?? "") : undefined;
    const theirs = new URL(fields.SubscribeURL);
    expect(confirm?.origin).toBe(theirs.origin);
    expect([...(confirm?.searchParams ?? [])]).toEqual([...theirs.searchParams]);
  });

  it.each([
    ["aws-cn", "cn-north-1", "sns.cn-north-1.amazonaws.com.cn"],
    ["aws-us-gov", "us-gov-west-1", "sns.us-gov-west-1.amazonaws.com"],
    ["aws-eusc", "eusc-de-east-1", "sns.eusc-de-east-1.amazonaws.eu"],
  ])("is confirmed within its partition: %s", (partition, region, host) => {
    const TopicArn = `arn:${partition}:sns:${region}:123456789012:events`;
    const json = { Type: "SubscriptionConfirmation", TopicArn, Token: "a/b&c" };
    const { confirm } = sesWebhook({ topicArns: TopicArn }).parse({ json } as never);
    expect(new URL(confirm?.url ?? "").host).toBe(host);
    expect(new URL(confirm?.url ?? "").searchParams.get("Token")).toBe("a/b&c");
  });

  it("that ends is acknowledged and not followed: that would begin it again", async () => {
    const received = await receive(await envelope({ ...subscription, Type: "UnsubscribeConfirmation" }));
    expect(received).toMatchObject({ ok: true, events: [] });
    expect(received.ok && received.confirm).toBe(undefined);
  });
});

test.each(["", "null", "[]", "1", "{", '"x"', '{"eventType":7}', '{"eventType":"Bounce"}', "[".repeat(20_000)])(
  "a genuine notification that is no event, or half of one (%#), is received without a throw",
  async (Message) => {
    const received = await receive(await envelope({ Message }));
    expect(received.ok && received.events.map(({ type }) => type)).toEqual(
      Message.includes("Bounce") ? ["soft_bounced"] : [],
    );
  },
);

test("reads of the envelope only what is signed", async () => {
  const Message = JSON.stringify({ eventType: "Send", mail: { destination: ["ada@example.com"] } });
  const fields = await envelope({ Message });
  const plain = await receive(fields);
  const more = { MessageAttributes: { eventType: { Value: "Bounce" } }, UnsubscribeURL: "https://evil.example/", x: 1 };
  expect(await receive({ ...fields, ...more })).toMatchObject({ events: plain.ok && plain.events });
});

describe("options", () => {
  it.each([
    [{}],
    [{ topicArns: [] }],
    [{ topicArns: "ses-events" }],
    [{ topicArns: [topicArn, ""] }],
    [{ topicArns: [topicArn, "arn:aws:sns:eu-west-1:123456789012:*"] }],
    [{ topicArns: "arn:aws:sqs:eu-west-1:123456789012:ses-events" }],
    [{ topicArns: "arn:aws-iso:sns:us-iso-east-1:123456789012:ses-events" }],
    [{ topicArns: "arn:aws:sns:evil.example/:123456789012:ses-events" }],
    [{ topicArns: `${topicArn}\n` }],
    [{ topicArns: topicArn, secret: "x" }],
  ])("that cannot work are refused: %o", (options) => {
    expect(() => sesWebhook(options as never)).toThrow(ConfigurationError);
  });

  it("come from one variable, several topics with commas between them", async () => {
    const { receive: receiving } = settings;
    expect(receiving?.required).toEqual([["SES_TOPIC_ARNS"]]);
    const made = receiving?.create({ SES_TOPIC_ARNS: ` ${otherTopicArn} , ${topicArn}` });
    const request = {
      method: "POST",
      url: "https://app.example/",
      headers: {},
      body: JSON.stringify(await envelope({})),
    };
    expect(made && (await receiveWebhook(made, request, { now: () => now, fetch: fetchCertificate })).ok).toBe(true);
  });
});
