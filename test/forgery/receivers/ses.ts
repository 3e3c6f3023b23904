import { sesWebhook } from "carillon/providers/ses";
import type { Receiver, Tenant, Variant } from "../receiver.ts";
import { sample } from "../receiver.ts";
import { exactly, objectIn } from "../request.ts";
import type { Changed, Proof, Request } from "../request.ts";
import { base64, hmac, rsa, utf8 } from "../signing.ts";
import type { Hash } from "../signing.ts";

const files = import.meta.glob<string>("../../../packages/carillon/src/webhook/scheme/fixtures/sns/*.{pem,key}", {
  query: "?raw",
  import: "default",
  eager: true,
});

function file(name: string): string {
  const [, text] = Object.entries(files).find(([path]) => path.endsWith(`/${name}`)) ?? [];
  if (text === undefined) throw new Error(`No ${name}`);
  return text;
}

export const topicArn: string = "arn:aws:sns:eu-west-1:123456789012:ses-events";
const otherTopicArn = "arn:aws:sns:eu-west-1:210987654321:ses-events";
const host = "https://sns.eu-west-1.amazonaws.com";
const certificates: Readonly<Record<string, string>> = {
  first: "01",
  second: "02",
  expired: "03",
  future: "04",
  "other-name": "05",
  elliptic: "06",
  "two-names": "07",
};
const urlOf = (name: string): string => `${host}/SimpleNotificationService-${certificates[name]}.pem`;
const served = new Map(Object.keys(certificates).map((name) => [urlOf(name), file(`${name}.pem`)]));

/** Answers as SNS's host does. */
const fetch: NonNullable<Receiver["fetch"]> = async (url) => {
  const pem = served.get(url);
  return pem === undefined ? new Response("Not found", { status: 404 }) : new Response(pem);
};

type Fields = Readonly<Record<string, unknown>>;

const proofNames = ["TopicArn", "SignatureVersion", "SigningCertURL", "Signature"];

function textOf(fields: Fields): string {
  const names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  const isNotification = fields["Type"] === "Notification";
  const absent = isNotification ? ["SubscribeURL", "Token"] : ["Subject"];
  return names
    .filter((name) => name in fields && !absent.includes(name))
    .map((name) => `${name}\n${String(fields[name])}\n`)
    .join("");
}

function written(request: Request, fields: Fields): Request {
  return { ...request, body: utf8(JSON.stringify(fields)) };
}

function writeProof(request: Request, changed: Changed): Request {
  const fields = objectIn(request) ?? {};
  return written(
    request,
    Object.fromEntries(Object.entries({ ...fields, ...changed }).filter(([, value]) => value !== undefined)),
  );
}

function receiver(version: "1" | "2"): Receiver {
  const hash: Hash = version === "1" ? "SHA-1" : "SHA-256";
  const mac = async (key: string, hash: Hash, text: string): Promise<string> =>
    base64(await rsa(file(`${key}.key`), hash, utf8(text)));

  /** The other tenant has a topic of its own, which SNS signs with the same keys. */
  async function sign(request: Request, _: Date, tenant: Tenant = "ours"): Promise<Request | undefined> {
    const given = objectIn(request);
    if (given === undefined || !("Type" in given)) return undefined;
    const fields = { ...given, TopicArn: tenant === "ours" ? topicArn : otherTopicArn };
    return written(request, {
      ...fields,
      SignatureVersion: version,
      SigningCertURL: urlOf("first"),
      Signature: await mac("first", hash, textOf(fields)),
    });
  }

  async function otherwise(signed: Request): Promise<readonly Variant[]> {
    const fields = objectIn(signed) ?? {};
    const text = textOf(fields);
    const variant = (what: string, changed: Fields): Variant => ({
      what,
      request: written(signed, { ...fields, ...changed }),
    });
    const urls: readonly string[] = [
      "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-01.pem",
      "https://evil.example/SimpleNotificationService-01.pem",
      "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-01.pem",
      "https://snsxeu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-01.pem",
      "https://evil.example\\@sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      "https://a:b@sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem?x",
      "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem#x",
      "https://sns.eu-west-1.amazonaws.com/a/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem/",
      "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-xy.pem",
      "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-.pem",
      "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01%2epem",
      "https://sns.eu-west-1.amazonaws.com./SimpleNotificationService-01.pem",
      "https://SNS.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      " https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem\n",
      "https://sns.eu-west-1.amazonaws.com/\nSimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws。com/SimpleNotificationService-01.pem",
      "//sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem",
      "file:///SimpleNotificationService-01.pem",
      "data:text/plain,SimpleNotificationService-01.pem",
      "https://169.254.169.254/SimpleNotificationService-01.pem",
      "https://sns.eu-west-1.amazonaws.com/?Action=Publish&x=/SimpleNotificationService-01.pem",
      "",
    ];
    const other: Hash = version === "1" ? "SHA-256" : "SHA-1";
    const reversed = Object.fromEntries(Object.entries(fields).toReversed());
    return [
      ...urls.map((url, index) => variant(`certificate URL ${index}: ${url.slice(0, 60)}`, { SigningCertURL: url })),
      variant("a certificate of another one's name", { SigningCertURL: urlOf("other-name") }),
      variant("a certificate that has expired", { SigningCertURL: urlOf("expired") }),
      variant("a certificate of tomorrow", { SigningCertURL: urlOf("future") }),
      variant("a certificate of an elliptic key", { SigningCertURL: urlOf("elliptic") }),
      variant("a certificate of two names", { SigningCertURL: urlOf("two-names") }),
      variant("another certificate", { SigningCertURL: urlOf("second") }),
      variant("the other version", { SignatureVersion: version === "1" ? "2" : "1" }),
      ...["0", "3", "", "1.0", "01", " 1", "2 ", "none", "__proto__"].map((SignatureVersion) =>
        variant(`version "${SignatureVersion}"`, { SignatureVersion }),
      ),
      variant("a version that is a number", { SignatureVersion: Number(version) }),
      variant("a version in a list", { SignatureVersion: [version] }),
      variant("the other hash", { Signature: await mac("first", other, text) }),
      variant("SHA-512", { Signature: await mac("first", "SHA-512", text) }),
      variant("another key", { Signature: await mac("second", hash, text) }),
      variant("an HMAC under the certificate", { Signature: base64(await hmac("SHA-256", file("first.pem"), text)) }),
      variant("no line break at the end", { Signature: await mac("first", hash, text.trimEnd()) }),
      variant("CRLF", { Signature: await mac("first", hash, text.replaceAll("\n", "\r\n")) }),
      variant("a signature in a list", { Signature: [fields["Signature"]] }),
      variant("a signature of zeros", { Signature: base64(new Uint8Array(256)) }),
      variant("a signature of one", { Signature: base64(new Uint8Array(256).with(255, 1)) }),
      variant("a signature of ones", { Signature: base64(new Uint8Array(256).fill(255)) }),
      variant("another topic", { TopicArn: otherTopicArn }),
      variant("a topic in a list", { TopicArn: [topicArn] }),
      variant("a topic that every object has", { TopicArn: "constructor" }),
      variant("a subject that was not there", { Subject: "x" }),
      variant("another type", { Type: "SubscriptionConfirmation", Token: "x", SubscribeURL: "https://evil.example/" }),
      variant("an unknown type", { Type: "notification" }),
      variant("a type in a list", { Type: ["Notification"] }),
      variant("fields in the message's last line", { Message: `${String(fields["Message"])}\nMessageId\nother` }),
      variant("a line break in the id", { MessageId: "a\nSubject\nb" }),
      variant("unsigned fields", { MessageAttributes: { x: 1 }, x: 2 }),
      { what: "fields in another order", request: written(signed, reversed) },
      {
        what: "another spelling of the JSON",
        request: { ...signed, body: utf8(JSON.stringify(fields, undefined, 2)) },
      },
      {
        what: "a field twice, the last one wrong",
        request: { ...signed, body: utf8(exactly(signed.body).replace(/\}$/, ',"Message":"{}"}')) },
      },
      {
        what: "a field twice, the last one right",
        request: { ...signed, body: utf8(new TextDecoder().decode(signed.body).replace("{", '{"Message":"{}",')) },
      },
      {
        what: "raw delivery",
        request: { ...signed, headers: [...signed.headers, ["x-amz-sns-rawdelivery", "true"]] },
      },
      {
        what: "raw delivery, the message alone",
        request: {
          ...signed,
          headers: [...signed.headers, ["x-amz-sns-rawdelivery", "true"]],
          body: utf8(String(fields["Message"])),
        },
      },
    ];
  }

  return {
    name: `ses (version ${version})`,
    provider: "ses",
    create: () => sesWebhook({ topicArns: topicArn }),
    samples: [sample("ses", "delivery"), sample("ses", "bounce-permanent")],
    more: version === "1" ? [] : [sample("ses", "bounce-permanent"), sample("ses", "complaint")],
    readProof: (request) =>
      Object.fromEntries(
        Object.entries(objectIn(request) ?? {}).filter(([name]) => proofNames.includes(name)),
      ) as Proof,
    writeProof,
    signature: "Signature",
    sign,
    covered(request) {
      const fields = objectIn(request);
      return fields === undefined ? exactly(request.body) : `${String(fields["SignatureVersion"])} ${textOf(fields)}`;
    },
    otherwise,
    fetch,
  };
}

export const receivers: readonly Receiver[] = [receiver("1"), receiver("2")];
