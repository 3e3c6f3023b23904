import { createHash, createHmac, createPrivateKey, randomUUID, sign } from "node:crypto";
import { simulatorCredentials } from "@carillon/simulator";

/** A webhook as it arrives. */
export interface Signed {
  readonly method: "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** So many different ones, that no verifier meets the same one twice in a row. */
const count = 200;

/** Gives one after the other, and begins again. */
export function inTurn(make: (index: number) => Signed): () => Signed {
  const made = Array.from({ length: count }, (_, index) => make(index));
  let next = 0;
  return () => made[next++ % count]!;
}

const json = { "content-type": "application/json" };
const seconds = (): string => String(Math.floor(Date.now() / 1000));

function signed(url: string, headers: Readonly<Record<string, string>>, text: string): Signed {
  return { method: "POST", url, headers, body: new TextEncoder().encode(text) };
}

function email(index: number): object {
  return {
    email_id: randomUUID(),
    created_at: new Date().toISOString(),
    from: "App <hello@app.example.com>",
    to: [`person-${index}@example.com`],
    subject: `Receipt ${index}`,
    tags: { carillon_message_id: `msg_${randomUUID()}`, order_id: String(index) },
  };
}

/** Standard Webhooks, as Resend has them from Svix. */
export function svixRequest(index: number): Signed {
  const body = JSON.stringify({ type: "email.delivered", created_at: new Date().toISOString(), data: email(index) });
  const [id, time] = [`msg_${index}`, seconds()];
  const key = Buffer.from(simulatorCredentials.resend.webhookSecret.slice("whsec_".length), "base64");
  const mac = createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64");
  const headers = { ...json, "svix-id": id, "svix-timestamp": time, "svix-signature": `v1,${mac}` };
  return signed("https://app.example.com/webhooks/resend", headers, body);
}

const sendgridKey = createPrivateKey({
  key: Buffer.from(simulatorCredentials.sendgrid.webhookPrivateKey, "base64"),
  format: "der",
  type: "pkcs8",
});

export function sendgridRequest(events: number): Signed {
  const time = seconds();
  const list = Array.from({ length: events }, (_, index) => ({
    email: `person-${index}@example.com`,
    timestamp: Number(time),
    event: "delivered",
    sg_event_id: randomUUID(),
    sg_message_id: `${randomUUID()}.filterdrecv`,
    carillon_message_id: `msg_${randomUUID()}`,
    response: "250 2.0.0 OK",
  }));
  const body = `${JSON.stringify(list)}\r\n`;
  const signature = sign("sha256", Buffer.from(time + body), sendgridKey).toString("base64");
  const headers = {
    ...json,
    "x-twilio-email-event-webhook-signature": signature,
    "x-twilio-email-event-webhook-timestamp": time,
  };
  return signed("https://app.example.com/webhooks/sendgrid", headers, body);
}

export function twilioRequest(index: number): Signed {
  const url = `https://app.example.com/webhooks/twilio?carillon_message_id=msg_${randomUUID()}`;
  const fields = {
    AccountSid: simulatorCredentials.twilio.accountSid,
    ApiVersion: "2010-04-01",
    From: "+15005550006",
    MessageSid: `SM${randomUUID().replaceAll("-", "")}`,
    MessageStatus: "delivered",
    SmsSid: `SM${index}`,
    SmsStatus: "delivered",
    To: "+447700900123",
  };
  // Their names are sorted already.
  const text = url + Object.entries(fields).flat().join("");
  const signature = createHmac("sha1", simulatorCredentials.twilio.authToken).update(text).digest("base64");
  const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature };
  return signed(url, headers, `${new URLSearchParams(fields)}`);
}

/** A certificate's URL of its own for the simulator's topic, as it serves it. */
export const certificateUrl: string =
  "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-51000000000000000000000000000000.pem";

/** SignatureVersion 2. */
export function snsRequest(index: number): Signed {
  const { topicArns, snsPrivateKey } = simulatorCredentials.ses;
  const at = new Date().toISOString();
  const fields = {
    Message: JSON.stringify({
      eventType: "Delivery",
      mail: { timestamp: at, messageId: randomUUID(), destination: [`person-${index}@example.com`], tags: {} },
      delivery: { timestamp: at, recipients: [`person-${index}@example.com`], smtpResponse: "250 2.0.0 OK" },
    }),
    MessageId: randomUUID(),
    Timestamp: at,
    TopicArn: topicArns,
    Type: "Notification",
  };
  const text = Object.entries(fields)
    .map(([name, value]) => `${name}\n${value}\n`)
    .join("");
  const key = createPrivateKey({ key: Buffer.from(snsPrivateKey, "base64"), format: "der", type: "pkcs8" });
  const proof = {
    SignatureVersion: "2",
    Signature: sign("sha256", Buffer.from(text), key).toString("base64"),
    SigningCertURL: certificateUrl,
  };
  const headers = { "content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification" };
  return signed("https://app.example.com/webhooks/ses", headers, JSON.stringify({ ...fields, ...proof }));
}

export function qstashRequest(index: number): Signed {
  const url = "https://app.example.com/webhooks/qstash";
  const body = JSON.stringify({ sourceMessageId: randomUUID(), status: 200, retried: index % 3, maxRetries: 3 });
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: "Upstash",
    sub: url,
    exp: now + 3_600,
    nbf: now - 60,
    iat: now,
    jti: `jwt_${randomUUID()}`,
    body: `${createHash("sha256").update(body).digest("base64url")}=`,
  };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  const mac = createHmac("sha256", simulatorCredentials.qstash.currentSigningKey).update(text).digest("base64url");
  return signed(url, { ...json, "upstash-signature": `${text}.${mac}` }, body);
}
