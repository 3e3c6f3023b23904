import { describe, expect, test } from "vitest";
import { simulatorCredentials } from "../credentials.ts";
import type { EmailContent } from "../message.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { post, receiver, type Called } from "../test/calls.ts";
import { fromBase64, toBase64, utf8 } from "../wire/bytes.ts";

const { accessKeyId, secretAccessKey, temporaryAccessKeyId, temporarySecretAccessKey, temporarySessionToken } =
  simulatorCredentials.ses;
const host = "email.eu-west-1.amazonaws.com";
const now = new Date("2026-01-02T03:04:05Z");

interface Signing {
  readonly id: string;
  readonly secret: string;
  readonly token: string | undefined;
  readonly at: string;
  readonly region: string;
  readonly service: string;
  readonly host: string;
}

const good: Signing = {
  id: accessKeyId,
  secret: secretAccessKey,
  token: undefined,
  at: "20260102T030405Z",
  region: "eu-west-1",
  service: "ses",
  host,
};

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8(text)));
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text: string): Promise<string> =>
  hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));

/** As the documentation spells it, step by step; `test/parity/ses.test.ts` has the SDK's own. */
async function sign(path: string, body: string, signing: Signing): Promise<Record<string, string>> {
  const { id, secret, token, at, region, service } = signing;
  const tokenLine = token === undefined ? "" : `x-amz-security-token:${token}\n`;
  const names = `host;x-amz-date${token === undefined ? "" : ";x-amz-security-token"}`;
  const canonical = `POST\n${path}\n\nhost:${signing.host}\nx-amz-date:${at}\n${tokenLine}\n${names}\n${await sha256(body)}`;
  const scope = `${at.slice(0, 8)}/${region}/${service}/aws4_request`;
  let key = utf8(`AWS4${secret}`);
  for (const part of scope.split("/")) key = await hmac(key, part);
  const signature = hex(await hmac(key, `AWS4-HMAC-SHA256\n${at}\n${scope}\n${await sha256(canonical)}`));
  return {
    "content-type": "application/json",
    "x-amz-date": at,
    ...(token !== undefined && { "x-amz-security-token": token }),
    authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const path = "/v2/email/outbound-emails";
const bulkPath = "/v2/email/outbound-bulk-emails";

async function call(
  body: unknown,
  signing: Partial<Signing> = {},
  to = path,
  simulator = createSimulator({ now: () => now }),
): Promise<Called> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return post(simulator, `https://${host}${to}`, await sign(to, text, { ...good, ...signing }), text);
}

const email = {
  FromEmailAddress: "Ada <ada@example.com>",
  Destination: { ToAddresses: ["bob@example.com"] },
  Content: { Simple: { Subject: { Data: "Hi" }, Body: { Text: { Data: "x" } } } },
};
const simple = (more: object): object => ({ ...email, Content: { Simple: { ...email.Content.Simple, ...more } } });
const raw = (text: string): object => ({ ...email, Content: { Raw: { Data: toBase64(utf8(text)) } } });
const bulk = {
  FromEmailAddress: "ada@example.com",
  DefaultContent: {
    Template: { TemplateContent: { Subject: "Hi {{name}}", Text: "x" }, TemplateData: '{"name":"you"}' },
  },
  BulkEmailEntries: [{ Destination: { ToAddresses: ["bob@example.com"] } }],
};
const newest = (simulator: Simulator): EmailContent =>
  simulator.store.message(simulator.store.messages({}, 1).items[0]?.id ?? "")?.content as EmailContent;

describe("the signature", () => {
  test("is taken from lasting and from temporary credentials", async () => {
    expect((await call(email)).status).toBe(200);
    const token = temporarySessionToken;
    expect((await call(email, { id: temporaryAccessKeyId, secret: temporarySecretAccessKey, token })).status).toBe(200);
  });

  test.each([
    ["another secret", { secret: "x" }, 403, "SignatureDoesNotMatch"],
    ["another key", { id: "AKIAX" }, 403, "UnrecognizedClientException"],
    ["a token that it does not need", { token: "x" }, 403, "UnrecognizedClientException"],
    [
      "no token where it needs one",
      { id: temporaryAccessKeyId, secret: temporarySecretAccessKey },
      403,
      "UnrecognizedClientException",
    ],
    ["another region", { region: "us-east-1" }, 403, "SignatureDoesNotMatch"],
    ["the service by its host's name", { service: "email" }, 403, "SignatureDoesNotMatch"],
    ["another host", { host: "127.0.0.1" }, 403, "SignatureDoesNotMatch"],
    ["a clock 16 minutes late", { at: "20260102T024804Z" }, 400, "RequestExpired"],
    ["a clock 16 minutes early", { at: "20260102T032006Z" }, 400, "RequestExpired"],
    ["a time that is none", { at: "20261302T030405Z" }, 400, "RequestExpired"],
  ])("is refused with %s", async (_, signing, status, code) => {
    const answer = await call(email, signing);
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([status, code]);
    expect(answer.json).toEqual({ message: expect.any(String) as string });
  });

  test("covers the body, the path, and each header that it names", async () => {
    const simulator = createSimulator({ now: () => now });
    const body = JSON.stringify(email);
    const headers = await sign(path, body, good);
    const status = async (to: string, sent: Record<string, string>, text: string): Promise<number> =>
      (await post(simulator, `https://${host}${to}`, sent, text)).status;
    expect(await status(path, headers, body)).toBe(200);
    expect(await status(path, headers, `${body} `)).toBe(403);
    expect(await status(bulkPath, headers, body)).toBe(403);
    expect(await status(path, { ...headers, "x-amz-date": "20260102T030406Z" }, body)).toBe(403);
    expect(await status(path, { ...headers, "x-amz-target": "x" }, body)).toBe(400);
    expect(await status(path, { ...headers, authorization: "Bearer x" }, body)).toBe(400);
    const { authorization: _, ...unsigned } = headers;
    expect(await status(path, unsigned, body)).toBe(403);
  });

  test("is masked in what is kept, as the token is", async () => {
    const simulator = createSimulator({ now: () => now });
    const token = temporarySessionToken;
    await call(email, { id: temporaryAccessKeyId, secret: temporarySecretAccessKey, token }, path, simulator);
    const kept = JSON.stringify(simulator.store.message(simulator.store.messages({}, 1).items[0]?.id ?? ""));
    expect(kept).not.toContain(token);
    expect(kept).not.toContain("Signature=");
  });
});

describe("what SES refuses", () => {
  const header = (Name: string, Value: string): object => simple({ Headers: [{ Name, Value }] });
  test.each([
    ["broken JSON", "{", "SerializationException"],
    ["no content", { ...email, Content: undefined }, "BadRequestException"],
    ["two contents", { ...email, Content: { ...email.Content, Raw: { Data: "eA==" } } }, "BadRequestException"],
    ["a member that is none", { ...email, Subject: "x" }, "BadRequestException"],
    ["an address that is none", { ...email, Destination: { ToAddresses: ["nope"] } }, "BadRequestException"],
    ["nobody", { ...email, Destination: {} }, "BadRequestException"],
    [
      "51 recipients",
      { ...email, Destination: { BccAddresses: Array<string>(51).fill("a@example.com") } },
      "BadRequestException",
    ],
    ["a name outside of ASCII", { ...email, FromEmailAddress: "Zoë <zoe@example.com>" }, "BadRequestException"],
    ["text outside of ASCII without a charset", simple({ Subject: { Data: "é" } }), "BadRequestException"],
    ["a subject of two lines", simple({ Subject: { Data: "a\r\nBcc: x@example.com" } }), "BadRequestException"],
    ["an empty body", simple({ Body: {} }), "BadRequestException"],
    ["a tag with a dot", { ...email, EmailTags: [{ Name: "a.b", Value: "c" }] }, "BadRequestException"],
    ["an empty tag", { ...email, EmailTags: [{ Name: "a", Value: "" }] }, "BadRequestException"],
    ["an empty header", header("X-A", ""), "BadRequestException"],
    ["a header outside of ASCII", header("X-A", "é"), "BadRequestException"],
    ["a header of 997 characters", header("X-A", "x".repeat(994)), "BadRequestException"],
    ["a header that SES sets", header("Message-ID", "x"), "BadRequestException"],
    [
      "16 headers",
      simple({ Headers: Array.from({ length: 16 }, (_, i) => ({ Name: `X-${i}`, Value: "x" })) }),
      "BadRequestException",
    ],
    [
      "a header that is there twice",
      simple({ Headers: ["X-A", "x-a"].map((Name) => ({ Name, Value: "x" })) }),
      "BadRequestException",
    ],
    [
      "an attachment that is no base64",
      simple({ Attachments: [{ FileName: "a", RawContent: "?" }] }),
      "BadRequestException",
    ],
    [
      "a content id of 79 characters",
      simple({ Attachments: [{ FileName: "a", RawContent: "eA==", ContentId: "x".repeat(79) }] }),
      "BadRequestException",
    ],
    ["a raw message without headers", raw("hello"), "BadRequestException"],
    ["a raw message with bare line feeds", raw("From: a@example.com\n\nx"), "BadRequestException"],
    ["a raw message with a line of 999 characters", raw(`Subject: x\r\n\r\n${"x".repeat(999)}`), "BadRequestException"],
    ["a raw message outside of ASCII", raw("Subject: é\r\n\r\nx"), "BadRequestException"],
    ["a raw message with two subjects", raw("Subject: a\r\nSubject: b\r\n\r\nx"), "BadRequestException"],
    [
      "a multipart without an end",
      raw('Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nx'),
      "BadRequestException",
    ],
  ])("is %s", async (_, body, code) => {
    const simulator = createSimulator({ now: () => now });
    const answer = await call(body, {}, path, simulator);
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([400, code]);
    expect(simulator.store.messages({}, 1).items).toEqual([]);
  });

  test("is another path, another method, and a stored template", async () => {
    expect((await call(email, {}, "/v2/email/identities")).status).toBe(404);
    const headers = await sign(path, "", good);
    const put = await createSimulator({ now: () => now }).fetch(`https://${host}${path}`, { method: "PUT", headers });
    expect(put.status).toBe(403);
    expect((await call({ ...email, Content: { Template: { TemplateName: "x" } } })).status).toBe(404);
  });
});

describe("a message", () => {
  test("is kept as people read it", async () => {
    const simulator = createSimulator({ now: () => now });
    const body = {
      ...email,
      FromEmailAddress: "=?UTF-8?B?Wm/Dqw==?= =?utf-8?q?=C3=89a_b?= <zoe@example.com>",
      EmailTags: [{ Name: "carillon_message_id", Value: "msg_1" }],
      ConfigurationSetName: "events",
    };
    const answer = await call(body, {}, path, simulator);
    const [kept] = simulator.store.messages({}, 1).items;
    expect(answer.json).toEqual({ MessageId: kept?.providerMessageId });
    expect(kept).toMatchObject({ messageId: "msg_1", extra: { configurationSet: "events" } });
    expect(newest(simulator).from).toEqual({ email: "zoe@example.com", name: "ZoëÉa b" });
  });

  test("may be raw: folded headers, nested parts, quoted-printable, file names in sections", async () => {
    const simulator = createSimulator({ now: () => now });
    const lines = [
      "From: a@example.com",
      "To: b@example.com",
      "Reply-To: c@example.com",
      "Subject: =?UTF-8?B?R3LDvMOfZQ==?=",
      "X-Long: one",
      " two",
      'Content-Type: multipart/mixed; boundary="m"',
      "",
      "--m",
      'Content-Type: multipart/alternative; boundary="a"',
      "",
      "--a",
      "Content-Type: text/plain; charset=UTF-8",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "caf=C3=A9=",
      "!",
      "--a",
      "Content-Type: text/html",
      "Content-Transfer-Encoding: base64",
      "",
      "PHA+eDwvcD4=",
      "--a--",
      "--m",
      "Content-Type: application/pdf",
      "Content-Transfer-Encoding: base64",
      "Content-Disposition: attachment; filename*0*=UTF-8''%C3;",
      " filename*1*=%A9.pdf",
      "Content-ID: <c>",
      "",
      "eA==",
      "--m--",
    ];
    const body = { Content: { Raw: { Data: toBase64(utf8(lines.join("\r\n"))) } } };
    expect((await call(body, {}, path, simulator)).status).toBe(200);
    expect(newest(simulator)).toEqual({
      kind: "email",
      from: { email: "a@example.com" },
      to: [{ email: "b@example.com" }],
      cc: [],
      bcc: [],
      replyTo: [{ email: "c@example.com" }],
      subject: "Grüße",
      text: "café!",
      html: "<p>x</p>",
      headers: [["X-Long", "one two"]],
      attachments: [{ filename: "é.pdf", contentType: "application/pdf", contentId: "c", base64: "eA==" }],
    });
  });
});

describe("a bulk send", () => {
  test("renders each entry with its own data, headers and tags, and answers each", async () => {
    const simulator = createSimulator({ now: () => now });
    const data = (value: string): object => ({ ReplacementTemplate: { ReplacementTemplateData: value } });
    const to = { Destination: { ToAddresses: ["bob@example.com"] } };
    const template = { ...bulk.DefaultContent.Template, Headers: [{ Name: "X-A", Value: "1" }] };
    const answer = await call(
      {
        ...bulk,
        DefaultContent: { Template: template },
        BulkEmailEntries: [
          to,
          { ...to, ReplacementEmailContent: data("{}") },
          { Destination: { ToAddresses: ["nope"] } },
          { ...to, ReplacementEmailContent: data('{"name":"<b>"}'), ReplacementHeaders: [{ Name: "x-a", Value: "2" }] },
        ],
      },
      {},
      bulkPath,
      simulator,
    );
    const [second, first] = simulator.store.messages({}, 10).items;
    expect(answer.json).toEqual({
      BulkEmailEntryResults: [
        { Status: "SUCCESS", MessageId: first?.providerMessageId },
        { Status: "INVALID_PARAMETER", Error: expect.stringContaining("'name'") as string },
        { Status: "INVALID_PARAMETER", Error: expect.stringContaining("Illegal address") as string },
        { Status: "SUCCESS", MessageId: second?.providerMessageId },
      ],
    });
    expect([first?.title, second?.title]).toEqual(["Hi you", "Hi <b>"]);
    expect(newest(simulator).headers).toEqual([["x-a", "2"]]);
  });

  test.each([
    ["51 entries", { ...bulk, BulkEmailEntries: Array(51).fill(bulk.BulkEmailEntries[0]) }, 400],
    ["no entry", { ...bulk, BulkEmailEntries: [] }, 400],
    ["no sender", { ...bulk, FromEmailAddress: undefined }, 400],
    ["a stored template", { ...bulk, DefaultContent: { Template: { TemplateName: "x" } } }, 404],
    [
      "more than 1 MB",
      { ...bulk, DefaultContent: { Template: { TemplateContent: { Text: "x".repeat(1_000_000) } } } },
      400,
    ],
  ])("is refused with %s", async (_, body, status) => {
    expect((await call(body, {}, bulkPath)).status).toBe(status);
  });
});

describe("what SNS tells", () => {
  const { topicArns, snsCertificate, snsPrivateKey } = simulatorCredentials.ses;
  const sns = "https://sns.eu-west-1.amazonaws.com";
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" };

  /** The events of one message, by what the receiver got. */
  async function told(to: string, more: object = {}): Promise<readonly Record<string, string>[]> {
    const { deliver, received } = receiver();
    const simulator = createSimulator({ now: () => now, deliver, webhookTarget: "https://app.example" });
    await call({ ...email, Destination: { ToAddresses: [to] }, ...more }, {}, path, simulator);
    await simulator.settle();
    for (const { url, headers } of received) {
      expect(url).toBe("https://app.example/v1/webhooks/ses");
      expect(headers.get("content-type")).toBe("text/plain; charset=UTF-8");
      expect(headers.get("x-amz-sns-message-type")).toBe("Notification");
    }
    return received.map(({ body }) => JSON.parse(body));
  }

  /** With the certificate's key, which is that of the private one. */
  async function isSigned(envelope: Record<string, string>): Promise<boolean> {
    const key = await crypto.subtle.importKey("pkcs8", fromBase64(snsPrivateKey), algorithm, true, ["sign"]);
    const { n = "", e = "" } = await crypto.subtle.exportKey("jwk", key);
    const verifying = await crypto.subtle.importKey("jwk", { kty: "RSA", n, e }, algorithm, false, ["verify"]);
    const names = Object.keys(envelope).filter((name) => !/^(Signature|SigningCertURL|UnsubscribeURL)/.test(name));
    const text = names.sort().map((name) => `${name}\n${envelope[name]}\n`);
    const signature = fromBase64(envelope["Signature"] ?? "");
    return crypto.subtle.verify(algorithm.name, verifying, signature, utf8(text.join("")));
  }

  test("of a configuration set are all events, with the message's tags", async () => {
    const EmailTags = [{ Name: "order", Value: "42" }];
    const envelopes = await told("clicked@simulator.test", { ConfigurationSetName: "events", EmailTags });
    const events = envelopes.map(({ Message = "" }) => JSON.parse(Message));
    expect(events.map(({ eventType }) => eventType)).toEqual(["Send", "Delivery", "Open", "Click"]);
    for (const { mail } of events) {
      expect(mail).toMatchObject({
        destination: ["clicked@simulator.test"],
        tags: { "ses:configuration-set": ["events"], order: ["42"] },
      });
    }
    for (const envelope of envelopes) {
      expect(envelope).toMatchObject({ TopicArn: topicArns, SignatureVersion: "1" });
      expect(await isSigned(envelope)).toBe(true);
      expect(await isSigned({ ...envelope, Message: "{}" })).toBe(false);
    }
  });

  test.each([
    ["bounced", "Bounce", { bounce: { bounceType: "Permanent" } }],
    ["softbounced", "Bounce", { bounce: { bounceType: "Transient" } }],
    ["suppressed", "Bounce", { bounce: { bounceSubType: "OnAccountSuppressionList" } }],
    ["complained", "Complaint", { complaint: { complaintFeedbackType: "abuse" } }],
    ["deferred", "DeliveryDelay", { deliveryDelay: { delayType: "RecipientServerError" } }],
    ["unsubscribed", "Subscription", { subscription: { newTopicPreferences: { unsubscribeAll: true } } }],
    ["dropped", "Reject", { reject: { reason: "Bad content" } }],
    ["failed", "Rendering Failure", { failure: {} }],
  ])("of %s is a %s", async (name, eventType, details) => {
    const envelopes = await told(`${name}@simulator.test`, { ConfigurationSetName: "events" });
    const events = envelopes.map(({ Message = "" }) => JSON.parse(Message));
    expect(events.find((event) => event.eventType === eventType)).toMatchObject(details);
  });

  test("of a message without a configuration set are bounces, complaints and deliveries, without tags", async () => {
    const envelopes = await told("complained@simulator.test", { EmailTags: [{ Name: "order", Value: "42" }] });
    const events = envelopes.map(({ Message = "" }) => JSON.parse(Message));
    expect(events.map(({ notificationType }) => notificationType)).toEqual(["Delivery", "Complaint"]);
    expect(events[0].mail.tags).toBe(undefined);
  });

  test("is vouched for by a certificate at the host of its region, and at no other", async () => {
    const simulator = createSimulator();
    const [envelope] = await told("bob@simulator.test");
    const url = envelope?.["SigningCertURL"] ?? "";
    expect(url).toMatch(/^https:\/\/sns\.eu-west-1\.amazonaws\.com\/SimpleNotificationService-[0-9a-f]{32}\.pem$/);
    expect(await (await simulator.fetch(url)).text()).toBe(snsCertificate);
    for (const other of [url.replace("eu-west-1", "us-east-1"), url.replace(/\d\.pem/, "9.pem"), `${sns}/x.pem`]) {
      expect((await simulator.fetch(other)).status).toBe(404);
    }
  });

  test("begins with a confirmation, whose token it takes and masks", async () => {
    const { deliver, received } = receiver(503);
    const simulator = createSimulator({ now: () => now, deliver, webhookTarget: "https://app.example" });
    const ask = async (provider: string) => {
      const answer = await simulator.fetch(`http://localhost/api/webhooks/${provider}/confirm`, { method: "POST" });
      return [answer.status, await answer.json()];
    };
    expect(await ask("ses")).toEqual([200, { status: 503 }]);
    expect(await ask("ses")).toEqual([200, { status: 200 }]);
    expect((await ask("resend"))[0]).toBe(404);
    const envelope: Record<string, string> = JSON.parse(received[1]?.body ?? "{}");
    expect(envelope["Type"]).toBe("SubscriptionConfirmation");
    expect(await isSigned(envelope)).toBe(true);

    const subscribe = envelope["SubscribeURL"] ?? "";
    const answer = await simulator.fetch(subscribe);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(`<SubscriptionArn>${topicArns}:`);
    const [kept] = simulator.store.otherRequests(1).items;
    expect(kept).toMatchObject({ note: "Subscription confirmed", url: expect.stringMatching(/&Token=•+$/) });
    for (const wrong of [
      subscribe.slice(0, -1),
      subscribe.replace("Confirm", "Delete"),
      subscribe.replace("simulator", "other"),
      subscribe.replace("eu-west-1.amazonaws", "us-east-1.amazonaws"),
    ]) {
      expect((await simulator.fetch(wrong)).status).toBe(400);
    }
  });
});
