import { simulatorCredentials } from "../../credentials.ts";
import type { Answer, ApiRequest, Handled, SignedWebhook } from "../../route.ts";
import { fromBase64, toBase64, utf8 } from "../../wire/bytes.ts";
import { lazy } from "../../wire/lazy.ts";

// Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html, http-notification-json.html,
// http-subscription-confirmation-json.html; https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html.
// It knows one topic, whose one subscription is told everything, confirmed or not.

const { region, topicArns: topicArn, snsCertificate, snsPrivateKey } = simulatorCredentials.ses;
const host = `sns.${region}.amazonaws.com`;
const certificatePath = "/SimpleNotificationService-51000000000000000000000000000000.pem";
const subscriptionArn = `${topicArn}:51000000-0000-4000-8000-000000000000`;
/** Real ones hold for three days; this one for as long as the simulator does. */
const token = "51".repeat(128);

const signingKey = /* @__PURE__ */ lazy(() =>
  crypto.subtle.importKey("pkcs8", fromBase64(snsPrivateKey), { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" }, false, [
    "sign",
  ]),
);

/** What is said of a message before it is signed. */
export interface SnsMessage {
  readonly Type: "Notification" | "SubscriptionConfirmation";
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Subject?: string;
  readonly Message: string;
  readonly Timestamp: string;
  readonly SubscribeURL?: string;
  readonly Token?: string;
}

export function notification(id: string, subject: string | undefined, message: object, atMs: number): SnsMessage {
  return {
    Type: "Notification",
    MessageId: id,
    TopicArn: topicArn,
    ...(subject !== undefined && { Subject: subject }),
    Message: JSON.stringify(message),
    Timestamp: new Date(atMs).toISOString(),
  };
}

/** As a topic signs that nobody has configured: version 1, SHA-1. */
export async function signed(message: SnsMessage): Promise<SignedWebhook> {
  const keys = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"] as const;
  const text = keys.map((key) => (message[key] === undefined ? "" : `${key}\n${message[key]}\n`)).join("");
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", await signingKey(), utf8(text));
  const isNotification = message.Type === "Notification";
  const body = {
    ...message,
    SignatureVersion: "1",
    Signature: toBase64(new Uint8Array(signature)),
    SigningCertURL: `https://${host}${certificatePath}`,
    ...(isNotification && {
      UnsubscribeURL: `https://${host}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`,
    }),
  };
  return {
    body: JSON.stringify(body, undefined, 2),
    headers: {
      "content-type": "text/plain; charset=UTF-8",
      "user-agent": "Amazon Simple Notification Service Agent (carillon simulator)",
      "x-amz-sns-message-type": message.Type,
      "x-amz-sns-message-id": message.MessageId,
      "x-amz-sns-topic-arn": topicArn,
      ...(isNotification && { "x-amz-sns-subscription-arn": subscriptionArn }),
    },
  };
}

/** Asks whether the endpoint wants to be subscribed. */
export function subscriptionConfirmation(nowMs: number): Promise<SignedWebhook> {
  return signed({
    Type: "SubscriptionConfirmation",
    MessageId: crypto.randomUUID(),
    TopicArn: topicArn,
    Message: `You have chosen to subscribe to the topic ${topicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
    Timestamp: new Date(nowMs).toISOString(),
    SubscribeURL: `https://${host}/?Action=ConfirmSubscription&TopicArn=${topicArn}&Token=${token}`,
    Token: token,
  });
}

/** What SNS's own host answers: its certificate, and confirmations. */
export function answerSns(request: ApiRequest): Handled {
  const { method, path, url } = request;
  if (method === "GET" && request.host === host && path === certificatePath) {
    const headers = { "content-type": "application/x-pem-file" };
    return { answer: { status: 200, headers, body: snsCertificate }, messages: [], note: "Signing certificate" };
  }
  const query = new URL(url).searchParams;
  if (path !== "/") return { answer: { status: 404 }, messages: [] };
  if (query.get("Action") !== "ConfirmSubscription") return refused("InvalidAction", "The action is not valid.");
  if (request.host !== host || query.get("TopicArn") !== topicArn) {
    return refused("InvalidParameter", "Invalid parameter: TopicArn");
  }
  if (query.get("Token") !== token) return refused("InvalidParameter", "Invalid parameter: Token");
  const result = `<ConfirmSubscriptionResult><SubscriptionArn>${subscriptionArn}</SubscriptionArn></ConfirmSubscriptionResult>`;
  return { answer: xml(200, "ConfirmSubscriptionResponse", result), messages: [], note: "Subscription confirmed" };
}

function refused(code: string, message: string): Handled {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { answer: xml(400, "ErrorResponse", error), messages: [] };
}

function xml(status: number, root: string, content: string): Answer {
  const body = `<${root} xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${content}</${root}>`;
  return { status, headers: { "content-type": "text/xml" }, body };
}
