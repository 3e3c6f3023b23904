import { describe, expect, it, test, vi } from "vitest";
import { utf8 } from "../../crypto/bytes.ts";
import { ConfigurationError } from "../../error/errors.ts";
import type { VerifyTools, WebhookSource } from "../../provider/webhook.ts";
import { receiveWebhook, type ReceiveOptions } from "../receive.ts";
import {
  certificateUrl,
  envelope,
  fetchCertificate,
  type Fields,
  host,
  officialTopicArn,
  otherTopicArn,
  signature,
  snsFile,
  stringToSign,
  topicArn,
} from "./fixtures/sns/sender.ts";
import { snsConfirmation, snsScheme } from "./sns.ts";

const now = new Date("2026-01-02T03:04:05Z");

function sourceOf(...topicArns: readonly string[]): WebhookSource {
  return { id: "acme", scheme: snsScheme({ topicArns }), parse: () => ({ events: [] }) };
}

interface Options extends ReceiveOptions {
  readonly source?: WebhookSource;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What became of it, with the status of the answer. */
async function outcome(fields: Fields | string, { source = sourceOf(topicArn), headers = {}, ...more }: Options = {}) {
  const body = typeof fields === "string" ? fields : JSON.stringify(fields);
  const request = { method: "POST", url: "https://app.example/", headers, body };
  const received = await receiveWebhook(source, request, { now: () => now, fetch: fetchCertificate, ...more });
  return received.ok ? "accepted" : `${received.reason} ${received.response.status}`;
}

const mismatch = "signature-mismatch 401";
const unverifiable = "unverifiable 503";

type Fetch = NonNullable<VerifyTools["fetch"]>;

/** A host that answers everything so, and how often it was asked. */
function answering(make: () => Response | Promise<Response>): Fetch & ReturnType<typeof vi.fn> {
  return vi.fn<Fetch>(async () => make());
}

test.each(["1", "2"] as const)("takes what SNS signed with version %s", async (version) => {
  expect(await outcome(await envelope({ Message: "Grüße\n🔔", Subject: "Hi" }, { version }))).toBe("accepted");
  for (const Type of ["SubscriptionConfirmation", "UnsubscribeConfirmation"]) {
    const fields = { Type, Token: "2336", SubscribeURL: `${host}/?Action=ConfirmSubscription` };
    expect(await outcome(await envelope(fields, { version }))).toBe("accepted");
  }
});

test("signs the end of a subscription with its token, unlike what npm's sns-validator takes it for", async () => {
  const fields = await envelope({ Type: "UnsubscribeConfirmation", Token: "2336", SubscribeURL: host });
  const { Token: _, ...without } = fields;
  const Signature = await signature("first", "2", stringToSign(without));
  expect(await outcome({ ...fields, Signature })).toBe(mismatch);
});

describe("the certificate's URL", () => {
  const good = certificateUrl("first");
  const path = new URL(good).pathname;
  it.each([
    ["over http", good.replace("https:", "http:")],
    ["in upper case", good.replace("https:", "HTTPS:")],
    ["with white space", ` ${good}`],
    ["with a newline", `${good}\n`],
    ["with a user", good.replace("https://", "https://sns@")],
    ["with a user that looks like the host", `https://sns.eu-west-1.amazonaws.com@evil.example${path}`],
    ["with a port", good.replace(".com/", ".com:443/")],
    ["with another port", good.replace(".com/", ".com:8443/")],
    ["with a query", `${good}?x=.pem`],
    ["with a fragment", `${good}#.pem`],
    ["with a dot after the host", good.replace(".com/", ".com./")],
    ["with a backslash", `https://evil.example\\@sns.eu-west-1.amazonaws.com${path}`],
    ["in another region", good.replace("eu-west-1", "us-east-1")],
    ["in another partition", good.replace(".com/", ".com.cn/")],
    ["at the global host", good.replace(".eu-west-1", "")],
    ["at a bucket", `https://sns.s3.amazonaws.com${path}`],
    ["at a bucket that is called like the service", `https://sns.eu-west-1.s3.amazonaws.com${path}`],
    ["at a longer host", good.replace("sns.", "x.sns.")],
    ["at a host that begins so", good.replace(".com/", ".com.evil.example/")],
    ["at a stranger's", `https://evil.example${path}`],
    ["at a look-alike", good.replace("amazonaws", "аmazonaws")],
    ["with dots for any character", good.replaceAll(".amazonaws", "xamazonaws")],
    ["with another path", `${host}/evil.pem`],
    ["with a longer path", good.replace("/Simple", "/x/Simple")],
    ["with steps back", good.replace("/Simple", "/x/../Simple")],
    ["with escapes", good.replace("Simple", "%53imple")],
    ["with letters that are no digits", good.replace(/\w\w\.pem/, "zz.pem")],
    ["with upper-case digits", good.replace(/[0-9a-f]{2}\.pem/, "AB.pem")],
    ["without digits", `${host}/SimpleNotificationService-.pem`],
    ["of another kind", good.replace(".pem", ".crt")],
    ["that is empty", ""],
    ["that is a list", [good]],
    ["that is missing", undefined],
  ])("is not followed %s", async (_, SigningCertURL) => {
    const fetch = answering(() => new Response(snsFile("first.pem")));
    expect(await outcome(await envelope({}, {}, { SigningCertURL }), { fetch })).toBe(mismatch);
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([
    ["aws", "af-south-1", "https://sns.af-south-1.amazonaws.com", "opt-in-region"],
    ["aws", "us-east-1", "https://sns.us-east-1.amazonaws.com", "first"],
  ])("is that of the topic's region: %s %s", async (partition, region, origin, name) => {
    const arn = `arn:${partition}:sns:${region}:123456789012:events`;
    const fetch = answering(() => new Response(snsFile(`${name}.pem`)));
    const fields = await envelope({}, { topicArn: arn }, { SigningCertURL: origin + path });
    expect(await outcome(fields, { source: sourceOf(arn), fetch })).toBe("accepted");
    expect(fetch.mock.calls[0]?.[0]).toBe(origin + path);
  });

  it("of another partition has a certificate of another name", async () => {
    for (const [partition, region, domain] of [
      ["aws-cn", "cn-north-1", "amazonaws.com.cn"],
      ["aws-us-gov", "us-gov-east-1", "amazonaws.com"],
      ["aws-eusc", "eusc-de-east-1", "amazonaws.eu"],
    ]) {
      const arn = `arn:${partition}:sns:${region}:123456789012:events`;
      const fetch = answering(() => new Response(snsFile("first.pem")));
      const url = `https://sns.${region}.${domain}${path}`;
      const fields = await envelope({}, { topicArn: arn }, { SigningCertURL: url });
      expect(await outcome(fields, { source: sourceOf(arn), fetch })).toBe(unverifiable);
      expect(fetch).toHaveBeenCalledExactlyOnceWith(url, expect.anything());
    }
  });
});

describe("another's message", () => {
  it("is refused without a request: another account's topic, none, one that an object inherits", async () => {
    for (const TopicArn of [
      otherTopicArn,
      `${topicArn}2`,
      topicArn.toUpperCase(),
      "",
      undefined,
      "constructor",
      [topicArn],
    ]) {
      const fetch = answering(() => new Response(snsFile("first.pem")));
      const fields = await envelope(TopicArn === undefined ? {} : { TopicArn });
      const { TopicArn: _, ...without } = fields;
      expect(await outcome(TopicArn === undefined ? without : fields, { fetch })).toBe(mismatch);
      expect(fetch).not.toHaveBeenCalled();
    }
  });

  it("is refused although SNS signed it, when its topic is exchanged for ours", async () => {
    const fields = await envelope({}, { topicArn: otherTopicArn });
    expect(await outcome({ ...fields, TopicArn: topicArn })).toBe(mismatch);
    expect(await outcome(fields, { source: sourceOf(topicArn, otherTopicArn) })).toBe("accepted");
  });

  it("is refused when its key is not the certificate's", async () => {
    expect(await outcome(await envelope({}, { key: "second", certificate: "first" }))).toBe(mismatch);
  });

  it("is refused under the other version, or one that does not exist", async () => {
    for (const SignatureVersion of ["1", "3", "", 2, undefined]) {
      expect(await outcome(await envelope({}, {}, { SignatureVersion }))).toBe(mismatch);
    }
  });
});

describe("an envelope", () => {
  it("is refused where its text could be that of another one", async () => {
    for (const fields of [
      { Subject: "Hi\nTimestamp\n2026-01-02T03:04:02.123Z" },
      { MessageId: "1\nSubject\nHi" },
      { Timestamp: "2026-01-02\nTopicArn\nx" },
      { Subject: null },
      { Message: undefined },
      { Message: { text: "x" } },
      { MessageId: 7 },
      { Type: "Nothing" },
      { Type: "constructor" },
    ]) {
      expect(await outcome(await envelope(fields))).toBe(mismatch);
    }
  });

  it("is refused with a field that its type does not have, and is not signed with", async () => {
    const notification = await envelope({});
    for (const name of ["Token", "SubscribeURL"])
      expect(await outcome({ ...notification, [name]: "x" })).toBe(mismatch);
    const confirmation = await envelope({ Type: "SubscriptionConfirmation", Token: "2336", SubscribeURL: host });
    expect(await outcome(confirmation)).toBe("accepted");
    expect(await outcome({ ...confirmation, Subject: "x" })).toBe(mismatch);
  });

  it("is refused when it is none: raw delivery, JSON of other kinds, another encoding", async () => {
    const fields = await envelope({});
    expect(await outcome(fields, { headers: { "x-amz-sns-rawdelivery": "true" } })).toBe(mismatch);
    for (const body of ['{"eventType":"Bounce"}', "", "null", "[]", "1", "{", JSON.stringify([fields])]) {
      expect(await outcome(body)).toBe(mismatch);
    }
    const request = { method: "POST", url: "https://app.example/", headers: {} };
    const latin = Uint8Array.from(JSON.stringify(await envelope({ Message: "x" })), (each) => each.charCodeAt(0));
    latin[JSON.stringify(fields).indexOf("eu-west")] = 0xff;
    const received = await receiveWebhook(sourceOf(topicArn), { ...request, body: latin }, { now: () => now });
    expect(received).toMatchObject({ ok: false, reason: "signature-mismatch" });
  });

  it("that says a field twice is taken by its last one alone", async () => {
    const fields = await envelope({ Message: "ours" });
    const text = JSON.stringify(fields);
    expect(await outcome(text.replace("{", '{"Message":"first",'))).toBe("accepted");
    expect(await outcome(text.replace(/}$/, ',"Message":"last"}'))).toBe(mismatch);
  });
});

describe("the certificate", () => {
  const url = certificateUrl("first");

  it.each([
    ["expired", "expired"],
    ["from tomorrow on", "future"],
    ["another name's", "other-name"],
    ["another region's", "opt-in-region"],
    ["of two names", "two-names"],
    ["of another kind of key", "elliptic"],
  ])("vouches for nothing, and nobody can tell, when it is %s", async (_, certificate) => {
    const fields = await envelope({}, { certificate });
    expect(await outcome(fields)).toBe(unverifiable);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["is not there", () => new Response(snsFile("first.pem"), { status: 404 })],
    ["is an error page", () => new Response("<html>Service Unavailable</html>", { status: 503 })],
    ["is somewhere else", () => new Response(null, { status: 302, headers: { location: url } })],
    ["moved, body and all", () => new Response(snsFile("first.pem"), { status: 301, headers: { location: url } })],
    ["is not modified", () => new Response(null, { status: 304 })],
    ["is empty", () => new Response("")],
    ["is a page", () => new Response("<html></html>")],
    ["is over 16 kB, if only by white space", () => new Response(snsFile("first.pem").padEnd(16_385))],
    ["cannot be got", () => Promise.reject(new TypeError("fetch failed"))],
  ])("that %s leaves the message unverifiable, and is asked for again", async (_, answer) => {
    const source = sourceOf(topicArn);
    const fields = await envelope({});
    const fetch = answering(answer);
    expect(await outcome(fields, { source, fetch })).toBe(unverifiable);
    expect(await outcome(fields, { source, fetch })).toBe(unverifiable);
    expect(fetch).toHaveBeenCalledTimes(2);
    expect(fetch.mock.calls[0]).toEqual([url, expect.objectContaining({ method: "GET", redirect: "manual" })]);
    expect(await outcome(fields, { source })).toBe("accepted");
  });

  it("of 200 MB is not read", async () => {
    let readBytes = 0;
    const stream = (): ReadableStream<Uint8Array> =>
      new ReadableStream(
        {
          pull(controller) {
            readBytes += 65_536;
            if (readBytes > 200_000_000) controller.close();
            else controller.enqueue(new Uint8Array(65_536));
          },
        },
        { highWaterMark: 0 },
      );
    expect(await outcome(await envelope({}), { fetch: answering(() => new Response(stream())) })).toBe(unverifiable);
    expect(readBytes).toBeLessThan(1_000_000);
  });

  it("is fetched once an hour, and not a moment longer than it is valid", async () => {
    const source = sourceOf(topicArn);
    const fetch = answering(() => new Response(snsFile("first.pem")));
    const at = async (seconds: number) =>
      outcome(await envelope({}), { source, fetch, now: () => new Date(now.getTime() + seconds * 1000) });
    for (const seconds of [0, 1, 3599]) expect(await at(seconds)).toBe("accepted");
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(await at(3600)).toBe("accepted");
    expect(fetch).toHaveBeenCalledTimes(2);

    const ending = sourceOf(topicArn);
    const fields = await envelope({}, { certificate: "expired" });
    const until = async (time: string) => outcome(fields, { source: ending, now: () => new Date(time) });
    expect(await until("2025-12-31T23:59:59Z")).toBe("accepted");
    expect(await until("2026-01-01T00:00:00Z")).toBe(unverifiable);
  });

  it("is remembered as a value that survives JSON, under its URL", async () => {
    const kept = new Map<string, string>();
    const remember: ReceiveOptions["remember"] = async (key, expiresAt, make) => {
      expect(expiresAt).toEqual(new Date(now.getTime() + 3_600_000));
      const text = kept.get(key) ?? JSON.stringify(await make());
      kept.set(key, text);
      return JSON.parse(text);
    };
    const fetch = answering(() => new Response(snsFile("first.pem")));
    for (const source of [sourceOf(topicArn), sourceOf(topicArn)]) {
      expect(await outcome(await envelope({}), { source, fetch, remember })).toBe("accepted");
    }
    expect([...kept.keys()]).toEqual([`sns:${url}`]);
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});

test("imports a key once, however many messages it signed", async () => {
  const source = sourceOf(topicArn);
  const importKey = vi.spyOn(crypto.subtle, "importKey");
  const fields = await Promise.all(["a", "b", "c"].map((Message) => envelope({ Message })));
  importKey.mockClear();
  for (const each of fields) expect(await outcome(each, { source })).toBe("accepted");
  expect(importKey).toHaveBeenCalledTimes(1);
  importKey.mockRestore();
});

test.each([[[]], [[""]], [["*"]], [[topicArn, "x"]], [[`${topicArn}.fifo`]]])("is not made for %o", (topicArns) => {
  expect(() => snsScheme({ topicArns })).toThrow(ConfigurationError);
});

test("makes no request of what confirms nothing", () => {
  const confirmation = { Type: "SubscriptionConfirmation", TopicArn: topicArn, Token: "2336" };
  expect(snsConfirmation(confirmation)?.url).toMatch(/^https:\/\/sns\.eu-west-1\.amazonaws\.com\/\?/);
  for (const changed of [{ Type: "UnsubscribeConfirmation" }, { Token: 7 }, { TopicArn: officialTopicArn.slice(4) }]) {
    expect(snsConfirmation({ ...confirmation, ...changed })).toBe(undefined);
  }
  expect(utf8(snsConfirmation(confirmation)?.secrets[0] ?? "")).toEqual(utf8("2336"));
});
