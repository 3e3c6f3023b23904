import { createHash, createHmac, createPrivateKey, sign as signWith } from "node:crypto";
import { EventWebhook } from "@sendgrid/eventwebhook";
import { simulatorCredentials } from "@carillon/simulator";
import { Receiver } from "@upstash/qstash";
import { receiveWebhook, type WebhookSource } from "carillon";
import { sendgridWebhook } from "carillon/providers/sendgrid";
import { sesWebhook } from "carillon/providers/ses";
import { qstashWebhook } from "carillon/receivers/qstash";
import { standardWebhook } from "carillon/receivers/standard";
import MessageValidator from "sns-validator";
import { Webhook } from "svix";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createRig } from "./harness.ts";

// Thousands of requests, most of them changed in one place, judged by the official verifier and by ours. What ours lets in,
// theirs must let in; where only theirs does, a reason is written here.

const now = new Date("2026-01-02T03:04:05Z");
const nowSeconds = now.getTime() / 1000;
const url = "https://app.example/hooks";

interface Request {
  /** What was done to a genuine one. */
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Why ours refuses what theirs lets in. */
interface Stricter {
  readonly reason: string;
  readonly when: (request: Request) => boolean;
}

interface Side {
  readonly source: WebhookSource;
  official(request: Request): Promise<boolean> | boolean;
  /** Genuine ones, and some signed with something else in them. */
  readonly signed: readonly Request[];
  readonly changesOfEach: number;
  readonly stricter: readonly Stricter[];
}

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now });
});
afterAll(() => {
  vi.useRealTimers();
});

const rig = createRig();

/** Numbers that look random, and are the same at every run: from 0 to 1, by mulberry32. */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Change = (text: string, at: number, random: () => number) => string;

const printable = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.,: v";

/** What may happen to a header, or to a body as Latin-1. */
const changes: Readonly<Record<string, Change>> = {
  "a character changed": (text, at, random) =>
    text.slice(0, at) + printable[Math.floor(random() * printable.length)] + text.slice(at + 1),
  "a character taken away": (text, at) => text.slice(0, at) + text.slice(at + 1),
  "a character put in": (text, at, random) =>
    text.slice(0, at) + printable[Math.floor(random() * printable.length)] + text.slice(at),
  "two characters exchanged": (text, at) =>
    text.slice(0, at) + (text[at + 1] ?? "") + (text[at] ?? "") + text.slice(at + 2),
  cut: (text, at) => text.slice(0, at),
  doubled: (text) => `${text}${text}`,
  "put in a list": (text) => `${text}, ${text}`,
  "in upper case": (text) => text.toUpperCase(),
  "in lower case": (text) => text.toLowerCase(),
  padded: (text) => `${text}=`,
  emptied: () => "",
};

function* changed(request: Request, count: number, random: () => number): Generator<Request> {
  const names = Object.keys(request.headers).filter((name) => name !== "content-type");
  const kinds = Object.entries(changes);
  for (let made = 0; made < count; made++) {
    const [kind, change] = kinds[Math.floor(random() * kinds.length)]!;
    const name = random() < 0.4 ? undefined : names[Math.floor(random() * names.length)];
    const text = name === undefined ? request.body.toString("latin1") : request.headers[name]!;
    const other = change(text, Math.floor(random() * text.length), random);
    const what = `${request.what}; ${name ?? "body"} ${kind}`;
    if (name === undefined) yield { ...request, what, body: Buffer.from(other, "latin1") };
    else yield { ...request, what, headers: { ...request.headers, [name]: other.trim() } };
  }
}

async function isAccepted(source: WebhookSource, { headers, body }: Request): Promise<boolean> {
  const request = { method: "POST", url, headers, body: Uint8Array.from(body) };
  return (await receiveWebhook(source, request, { now: () => now, fetch: rig.fetch as typeof fetch })).ok;
}

/** Whether a verifier that throws let it in. */
async function holds(verify: () => unknown): Promise<boolean> {
  try {
    return (await verify()) !== false;
  } catch {
    return false;
  }
}

async function compare({ source, official, signed, changesOfEach, stricter }: Side): Promise<void> {
  const random = seeded(4);
  const unused = new Set(stricter.map(({ reason }) => reason));
  const wrong: string[] = [];
  const counts = { both: 0, neither: 0 };
  for (const genuine of signed) {
    for (const request of [genuine, ...changed(genuine, changesOfEach, random)]) {
      const [ours, theirs] = [await isAccepted(source, request), await official(request)];
      if (ours === theirs) counts[ours ? "both" : "neither"] += 1;
      else if (ours) wrong.push(`only ours accepts: ${request.what}`);
      else {
        const found = stricter.filter(({ when }) => when(request));
        if (found.length === 0) wrong.push(`only theirs accepts: ${request.what} ${JSON.stringify(request.headers)}`);
        for (const { reason } of found) unused.delete(reason);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect([...unused]).toEqual([]);
  expect(counts.both).toBeGreaterThan(0);
  expect(counts.neither).toBeGreaterThan(counts.both);
}

test("Standard Webhooks, beside svix", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const sign = (what: string, time: string, body: string, more: (signature: string) => string = (s) => s): Request => {
    const key = Buffer.from(secret.slice(6), "base64");
    const mac = createHmac("sha256", key).update(`msg_1.${time}.${body}`).digest("base64");
    return {
      what,
      headers: { "webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": more(`v1,${mac}`) },
      body: Buffer.from(body),
    };
  };
  const wrong = `v1,${Buffer.alloc(32).toString("base64")}`;
  const at = (offset: number): Request =>
    sign(`${offset} s from now`, String(nowSeconds + offset), '{"test": 2432232314}');
  const webhook = new Webhook(secret);
  await compare({
    source: standardWebhook({ secret }),
    official: ({ headers, body }) => holds(() => (webhook.verify(body, { ...headers }), true)),
    signed: [
      ...[0, -299, -300, -301, 299, 300, 301, -86_400].map(at),
      sign("a text", String(nowSeconds), "Grüße"),
      sign("several signatures", String(nowSeconds), '{"a":1}', (right) => `v1a,AAAA ${wrong} ${right} v2,x`),
      sign("eleven signatures", String(nowSeconds), '{"a":1}', (right) => `${`${wrong} `.repeat(10)}${right}`),
      sign("nothing", String(nowSeconds), ""),
    ],
    changesOfEach: 250,
    stricter: [
      {
        reason: "ten signatures are tried: each costs a pass over the body",
        when: ({ what }) => what.startsWith("eleven"),
      },
      {
        reason: "a time has ten digits and nothing else: theirs reads as many as come first, and signs those",
        when: ({ headers }) => !/^\d{10}$/.test(headers["webhook-timestamp"] ?? ""),
      },
    ],
  });
});

test("QStash, beside its own Receiver", async () => {
  const keys = {
    currentSigningKey: "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
    nextSigningKey: "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",
  };
  const text = '{"hello":"world"}';
  const hash = createHash("sha256").update(text).digest("base64url");
  const good = {
    iss: "Upstash",
    sub: url,
    exp: nowSeconds + 300,
    nbf: 0,
    iat: nowSeconds,
    jti: "jwt_1",
    body: `${hash}=`,
  };
  const sign = (what: string, claims: object = {}, key = keys.currentSigningKey, alg = "HS256"): Request => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg, typ: "JWT" })}.${part({ ...good, ...claims })}`;
    const mac = createHmac(alg.replace("HS", "sha"), key).update(signed).digest("base64url");
    return { what, headers: { "upstash-signature": `${signed}.${mac}` }, body: Buffer.from(text) };
  };
  const receiver = new Receiver(keys);
  await compare({
    source: qstashWebhook(keys),
    official: ({ headers, body }) =>
      holds(() => receiver.verify({ signature: headers["upstash-signature"] ?? "", body: body.toString(), url })),
    signed: [
      sign("as it is"),
      sign("with the next key", {}, keys.nextSigningKey),
      sign("with another key", {}, "sig_other"),
      sign("with HS512", {}, keys.currentSigningKey, "HS512"),
      ...[-1, 0, 1].flatMap((offset) => [
        sign(`exp in ${offset} s`, { exp: nowSeconds + offset }),
        sign(`nbf in ${offset} s`, { nbf: nowSeconds + offset }),
      ]),
      sign("no nbf", { nbf: undefined }),
      sign("no exp", { exp: undefined }),
      sign("exp a text", { exp: "4102444800" }),
      sign("another iss", { iss: "upstash" }),
      sign("no iss", { iss: undefined }),
      sign("another sub", { sub: `${url}/` }),
      sign("no sub", { sub: undefined }),
      sign("hash without padding", { body: hash }),
      sign("hash with more padding", { body: `${hash}==` }),
      sign("another hash", { body: createHash("sha256").update("x").digest("base64url") }),
      sign("no hash", { body: undefined }),
    ],
    changesOfEach: 100,
    stricter: [
      {
        reason: "HS256 and nothing else: theirs takes what jose takes of this key",
        when: ({ what }) => what.includes("HS512"),
      },
      { reason: "a token that never ends would be good for ever", when: ({ what }) => what.startsWith("no exp") },
      { reason: "a hash has one padding", when: ({ what }) => what.startsWith("hash with more padding") },
      {
        reason: "a signature has one spelling: theirs decodes what stands beside the alphabet, or after its end",
        when: ({ headers }) => {
          const parts = (headers["upstash-signature"] ?? "").split(".");
          return parts.some((part) => Buffer.from(part, "base64url").toString("base64url") !== part);
        },
      },
    ],
  });
});

test("SendGrid, beside its own EventWebhook", async () => {
  const { webhookPublicKey: publicKey, webhookPrivateKey } = simulatorCredentials.sendgrid;
  const privateKey = createPrivateKey({ key: Buffer.from(webhookPrivateKey, "base64"), format: "der", type: "pkcs8" });
  const sign = (what: string, body: string): Request => ({
    what,
    headers: {
      "x-twilio-email-event-webhook-signature": signWith(
        "sha256",
        Buffer.from(`${nowSeconds}${body}`),
        privateKey,
      ).toString("base64"),
      "x-twilio-email-event-webhook-timestamp": String(nowSeconds),
    },
    body: Buffer.from(body),
  });
  const verifier = new EventWebhook();
  const key = verifier.convertPublicKeyToECDSA(publicKey);
  await compare({
    source: sendgridWebhook({ publicKey }),
    official: ({ headers, body }) =>
      holds(() =>
        verifier.verifySignature(
          key,
          body,
          headers["x-twilio-email-event-webhook-signature"] ?? "",
          headers["x-twilio-email-event-webhook-timestamp"] ?? "",
        ),
      ),
    signed: [
      sign("a batch", '[{"email":"ada@example.com","event":"delivered"}]\r\n'),
      sign("not ASCII", '[{"name":"Grüße"}]'),
    ],
    changesOfEach: 250,
    stricter: [
      {
        reason: "a signature has one spelling: theirs decodes what stands beside base64's alphabet, or after its end",
        when: ({ headers }) => {
          const given = headers["x-twilio-email-event-webhook-signature"] ?? "";
          return Buffer.from(given, "base64").toString("base64") !== given;
        },
      },
    ],
  });
});

test("SNS, beside npm sns-validator", async () => {
  const { topicArns, snsPrivateKey } = simulatorCredentials.ses;
  const privateKey = createPrivateKey({ key: Buffer.from(snsPrivateKey, "base64"), format: "der", type: "pkcs8" });
  const certificate =
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-51000000000000000000000000000000.pem";
  const notification = {
    Type: "Notification",
    MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    TopicArn: topicArns,
    Message: '{"eventType":"Send"}',
    Timestamp: "2026-01-02T03:04:02.123Z",
  };
  const sign = (what: string, more: Record<string, string> = {}, version = "1", proof: object = {}): Request => {
    const fields: Record<string, string> = { ...notification, ...more };
    const names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
    const text = names.flatMap((name) => (fields[name] === undefined ? [] : [`${name}\n${fields[name]}\n`]));
    const Signature = signWith(version === "1" ? "sha1" : "sha256", Buffer.from(text.join("")), privateKey).toString(
      "base64",
    );
    const whole = { ...fields, SignatureVersion: version, Signature, SigningCertURL: certificate, ...proof };
    return {
      what,
      headers: { "x-amz-sns-message-type": fields["Type"] ?? "" },
      body: Buffer.from(
        JSON.stringify({ ...whole, UnsubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe" }),
      ),
    };
  };
  const token = { SubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription", Token: "2336" };
  const fieldsOf = ({ body }: Request): Record<string, unknown> =>
    JSON.parse(body.toString()) as Record<string, unknown>;
  const validator = new MessageValidator();
  const official = ({ body }: Request): Promise<boolean> =>
    holds(
      () =>
        new Promise((resolve, reject) => {
          validator.validate(body.toString(), (error, message) => (error ? reject(error) : resolve(message)));
        }),
    );
  const source = sesWebhook({ topicArns });
  await rig.official(() =>
    compare({
      source,
      official,
      signed: [
        sign("version 1"),
        sign("version 2", { Subject: "Hi", Message: "Grüße\n🔔" }, "2"),
        sign("a subscription", { Type: "SubscriptionConfirmation", ...token }, "2"),
        sign("another topic", { TopicArn: topicArns.replace("simulator", "another") }),
        sign("version 3", {}, "2", { SignatureVersion: "3" }),
        sign("another region's certificate", {}, "1", {
          SigningCertURL: certificate.replace("eu-west-1", "us-east-1"),
        }),
        sign("a certificate over http", {}, "1", { SigningCertURL: certificate.replace("https", "http") }),
        sign("a stranger's certificate", {}, "1", { SigningCertURL: "https://evil.example/x.pem" }),
        sign("a certificate with a query", {}, "1", { SigningCertURL: `${certificate}?x=.pem` }),
        sign("a subject of two lines", { Subject: "Hi\nTimestamp" }),
        sign("another type", { Type: "Other" }),
      ],
      changesOfEach: 200,
      stricter: [
        { reason: "topics are those that are configured", when: ({ what }) => what.startsWith("another topic") },
        { reason: "a certificate's URL is exact: no query", when: ({ what }) => what.startsWith("a certificate with") },
        { reason: "only the message may have lines", when: ({ what }) => what.startsWith("a subject of two") },
        { reason: "three types exist", when: ({ what }) => what.startsWith("another type") },
        {
          reason: "a signature has one spelling, the canonical base64",
          when: (request) => {
            const given = String(fieldsOf(request)["Signature"]);
            return Buffer.from(given, "base64").toString("base64") !== given;
          },
        },
      ],
    }),
  );

  // Theirs leaves the token out of what is signed, and so refuses what SNS really sends:
  // fixtures of aws-sdk-java-v2 hold a genuine one. Nothing but this does ours accept alone.
  const end = sign("a subscription's end", { Type: "UnsubscribeConfirmation", ...token }, "2");
  expect(await isAccepted(source, end)).toBe(true);
  expect(await rig.official(() => official(end))).toBe(false);
});
