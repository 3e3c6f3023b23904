import { simulatorCredentials } from "@carillon/simulator";
import { call } from "./service.ts";

/** Webhooks as the providers send them, signed with the simulator's credentials. */

const encoder = new TextEncoder();

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function post(provider: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return call("POST", `/v1/webhooks/${provider}`, { key: "", body, headers });
}

export interface ResendEvent {
  readonly type: string;
  /** The Svix id: of the event, the same at each repetition. */
  readonly id: string;
  readonly messageId?: string | undefined;
  readonly emailId?: string;
  readonly to?: string;
  readonly environment?: string;
  readonly bounce?: object;
  readonly at?: Date;
}

/** `signedAt` in seconds; `secret` other than the simulator's makes it forged. */
export async function postResend(
  event: ResendEvent,
  signing: { readonly signedAt?: number; readonly secret?: string } = {},
): Promise<Response> {
  const { type, id, messageId, emailId = `email-of-${messageId}`, to = "a@simulator.test", bounce } = event;
  const { environment = "development", at = new Date() } = event;
  const tags = {
    ...(messageId === undefined ? {} : { carillon_message_id: messageId }),
    "carillon-environment": environment,
  };
  const data = { email_id: emailId, created_at: at.toISOString(), to: [to], tags, ...(bounce ? { bounce } : {}) };
  const body = JSON.stringify({ type, created_at: at.toISOString(), data });
  const seconds = String(signing.signedAt ?? Math.floor(Date.now() / 1000));
  const secret = signing.secret ?? simulatorCredentials.resend.webhookSecret;
  const key = await crypto.subtle.importKey(
    "raw",
    bytesOf(secret.slice("whsec_".length)),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signature = base64(await crypto.subtle.sign("HMAC", key, encoder.encode(`${id}.${seconds}.${body}`)));
  return post("resend", body, { "svix-id": id, "svix-timestamp": seconds, "svix-signature": `v1,${signature}` });
}

export async function postSendGrid(events: readonly object[], signedAt: number = Date.now() / 1000): Promise<Response> {
  const body = JSON.stringify(events);
  const seconds = String(Math.floor(signedAt));
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pkcs8 = bytesOf(simulatorCredentials.sendgrid.webhookPrivateKey);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, encoder.encode(seconds + body));
  return post("sendgrid", body, {
    "x-twilio-email-event-webhook-signature": base64(derOf(new Uint8Array(raw))),
    "x-twilio-email-event-webhook-timestamp": seconds,
  });
}

/** An ECDSA signature as ASN.1: two integers, without leading zeros, positive. */
function derOf(raw: Uint8Array): ArrayBuffer {
  const integers = [raw.slice(0, 32), raw.slice(32)].map((half) => {
    let start = 0;
    while (start < 31 && half[start] === 0) start += 1;
    const digits = half.slice(start);
    return (digits[0] ?? 0) > 127 ? [0, ...digits] : [...digits];
  });
  const body = integers.flatMap((integer) => [2, integer.length, ...integer]);
  return Uint8Array.from([0x30, body.length, ...body]).buffer;
}

export function postPostmark(
  body: Readonly<Record<string, unknown>>,
  password: string = simulatorCredentials.postmark.webhookPassword,
): Promise<Response> {
  const authorization = `Basic ${btoa(`${simulatorCredentials.postmark.webhookUsername}:${password}`)}`;
  return post("postmark", JSON.stringify(body), { authorization });
}
