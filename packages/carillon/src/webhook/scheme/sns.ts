import { fromBase64, toBase64, utf8 } from "../../crypto/bytes.ts";
import { type Certificate, readCertificate } from "../../crypto/certificate.ts";
import { verifySignature } from "../../crypto/signing-key.ts";
import { ConfigurationError } from "../../error/errors.ts";
import { entryOf, matches } from "../../provider/reading.ts";
import type { OutboundRequest } from "../../provider/request.ts";
import type { SignatureScheme } from "../../provider/webhook.ts";
import { customScheme, type CustomVerifierTools } from "./custom.ts";
import { jsonBodyOf } from "./json-body.ts";
import { type SnsTopic, snsTopic } from "./sns-topic.ts";

export interface SnsOptions {
  /** The topics whose messages are let in. Anybody with an AWS account can have SNS sign messages of a topic of theirs. */
  readonly topicArns: readonly string[];
}

type Envelope = Readonly<Record<string, unknown>>;

/** What SNS signs, in this order; of some types only, see {@link signedText}. */
const signedKeys = [
  "Message",
  "MessageId",
  "Subject",
  "SubscribeURL",
  "Timestamp",
  "Token",
  "TopicArn",
  "Type",
] as const;

/** A certificate is 2 kB. */
const maxCertificateBytes = 16_384;
const keptForMs = 3_600_000;

/** As it is remembered: a value that survives JSON, for stores that keep nothing else. */
interface Signer extends Omit<Certificate, "spki"> {
  /** Base64. */
  readonly spki: string;
}

/**
 * Amazon SNS, signature versions 1 (RSASSA-PKCS1-v1_5 with SHA-1) and 2 (with SHA-256), over some fields of the envelope.
 *
 * The message names its certificate. What makes that one SNS's own is TLS to the host that serves it, and nothing else:
 * WebCrypto builds no chains. So the URL must be exactly one of SNS in the region of a topic that was configured.
 *
 * "Raw message delivery" has neither envelope nor signature, and is refused.
 *
 * Errors: throws `ConfigurationError` for a list without topics, or with what is no topic's ARN. Verifying rejects where the
 * certificate did not come, or cannot vouch: the message may be genuine, and SNS sends it again.
 * Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html (read 2026-11-23)
 */
export function snsScheme({ topicArns }: SnsOptions): SignatureScheme {
  const topics = Object.fromEntries(topicArns.map((arn) => [arn, snsTopic(arn)]));
  if (topicArns.length === 0 || Object.values(topics).includes(undefined)) {
    throw new ConfigurationError("Webhook", [
      '"topicArns" must be ARNs of SNS topics: arn:aws:sns:<region>:<id>:<name>',
    ]);
  }
  // The bytes of a key are the same object each time, by which the imported key is found again.
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  return customScheme({
    covers: "fields",
    async verify(raw, tools) {
      const envelope = jsonBodyOf(raw);
      const { TopicArn: arn, SignatureVersion: signedAs, Signature: given, SigningCertURL: url } = envelope;
      const topic = typeof arn === "string" ? entryOf(topics, arn) : undefined;
      const signed = signedText(envelope);
      const signature = typeof given === "string" && fromBase64(given);
      const hash = signedAs === "1" ? "SHA-1" : signedAs === "2" ? "SHA-256" : undefined;
      if (raw.headers.has("x-amz-sns-rawdelivery") || !topic || signed === undefined || !signature || !hash)
        return false;
      if (!isCertificateUrl(url, topic)) return false;
      const spki = await signerKey(url, topic, tools);
      const key = keys.get(spki) ?? fromBase64(spki)!;
      keys.set(spki, key);
      return verifySignature({ name: "RSASSA-PKCS1-v1_5", hash }, key, signature, utf8(signed), tools.crypto);
    },
  });
}

/**
 * A notification may have a subject, the two kinds of confirmation have a token. Undefined where the envelope is not whole,
 * or could be another one with the same text: only the message may have line breaks, and what its type does not have is not
 * signed.
 */
function signedText(envelope: Envelope): string | undefined {
  const type = envelope["Type"];
  const isNotification = type === "Notification";
  if (!isNotification && !matches(/^(S|Uns)ubscri(ption|be)Confirmation$/, type)) return undefined;
  let text = "";
  for (const key of signedKeys) {
    const value = envelope[key];
    const isOther = /^(SubscribeURL|Token)$/.test(key) ? isNotification : key === "Subject" && !isNotification;
    if (value === undefined && (isOther || key === "Subject")) continue;
    if (isOther || !matches(key === "Message" ? /^/ : /^[^\n]*$/, value)) return undefined;
    text += `${key}\n${value}\n`;
  }
  return text;
}

/** Compared as text, so that no parser's idea of user-info, ports or dots has a say. */
function isCertificateUrl(url: unknown, { host }: SnsTopic): url is string {
  const name = /^https:\/\/([a-z0-9.-]+)\/SimpleNotificationService-[0-9a-f]{1,64}\.pem$/;
  return matches(name, url) && name.exec(url)![1] === host;
}

/** The key in base64 of the SPKI. */
async function signerKey(url: string, topic: SnsTopic, { now, get, remember }: CustomVerifierTools): Promise<string> {
  const nowMs = now.getTime();
  const checked = (signer: Signer): Signer => {
    const { commonName, notBeforeMs, notAfterMs } = signer;
    if (!topic.certificateNames.includes(commonName) || nowMs < notBeforeMs || nowMs > notAfterMs) {
      throw new TypeError("The certificate is another one's, or not of today");
    }
    return signer;
  };
  const signer = await remember(`sns:${url}`, new Date(nowMs + keptForMs), async () => {
    const pem = await get(url, maxCertificateBytes);
    const certificate = pem && readCertificate(new TextDecoder().decode(pem));
    if (!certificate) throw new TypeError("The certificate did not come");
    return checked({ ...certificate, spki: toBase64(certificate.spki) });
  });
  return checked(signer).spki;
}

/**
 * The request that confirms a subscription, undefined for any other message. Its URL is made of the topic and the token alone:
 * following `SubscribeURL` would let whoever gets a message signed send this server anywhere (CVE-2026-32096).
 *
 * @param envelope of a message whose signature held.
 */
export function snsConfirmation({ Type, TopicArn, Token }: Envelope): OutboundRequest | undefined {
  const topic = snsTopic(String(TopicArn));
  if (Type !== "SubscriptionConfirmation" || !topic || typeof Token !== "string") return undefined;
  const query = `Action=ConfirmSubscription&TopicArn=${encodeURIComponent(String(TopicArn))}`;
  const token = encodeURIComponent(Token);
  return { method: "GET", url: `https://${topic.host}/?${query}&Token=${token}`, headers: {}, secrets: [token] };
}
