import { fromBase64 } from "../../crypto/bytes.ts";
import { recordOf, textOf } from "../../provider/reading.ts";
import type { VerifiedWebhook } from "../../provider/webhook.ts";
import type { DeliveryEvent, EventType } from "../../result/delivery-event.ts";

/** A message that was published to this URL. */
export interface QstashDelivery {
  readonly kind: "delivery";
  /** Says the header `upstash-message-id`, which QStash does not sign. */
  readonly messageId?: string | undefined;
  /** How often it was tried before; from a header, as all but the body. */
  readonly retried: number;
  readonly scheduleId?: string | undefined;
  /** As it was published, as text. */
  readonly body: string;
}

/** What became of a message that was published with `Upstash-Callback` or `Upstash-Failure-Callback`: one attempt, or the end. */
export interface QstashCallback {
  /** `failure-callback`: no attempt is left, and the message is among the dead letters. */
  readonly kind: "callback" | "failure-callback";
  readonly sourceMessageId: string;
  /** What the destination answered. */
  readonly status: number;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** The answer's body, decoded: text, of which QStash may cut the end. What is no UTF-8 reads as U+FFFD. */
  readonly body: string;
  /** How often it was tried before this attempt. */
  readonly retried: number;
  readonly maxRetries?: number | undefined;
  /** Its dead letter, by which it can be tried again. */
  readonly dlqId?: string | undefined;
  /** The destination, and how it was called. */
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly sourceHeaders: Readonly<Record<string, readonly string[]>>;
  /** What was published, decoded as `body` is. */
  readonly sourceBody: string;
  /** The URL group and the endpoint in it. */
  readonly topicName?: string | undefined;
  readonly endpointName?: string | undefined;
  readonly scheduleId?: string | undefined;
  readonly callerIp?: string | undefined;
  readonly createdAt?: Date | undefined;
  readonly notBefore?: Date | undefined;
}

export interface QstashEvent extends DeliveryEvent {
  readonly raw: QstashCallback | QstashDelivery;
}

function headersOf(value: unknown): QstashCallback["headers"] {
  return Object.fromEntries(
    Object.entries(recordOf(value)).map(([name, values]) => [
      name,
      [values].flat().filter((each) => typeof each === "string"),
    ]),
  );
}

/** Of base64; as it is where it is none. */
function decoded(value: unknown): string {
  const text = textOf(value) ?? "";
  const bytes = fromBase64(text);
  return bytes ? new TextDecoder().decode(bytes) : text;
}

/** A number, or the text of one: examples show both. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "number" ? value : Number(textOf(value) ?? Number.NaN);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Of Unix milliseconds. */
function dateOf(value: unknown): Date | undefined {
  const ms = numberOf(value);
  return ms && ms <= 8.64e15 ? new Date(ms) : undefined;
}

/** Undefined for what is a message of the app's own. Source: https://upstash.com/docs/qstash/features/callbacks (read 2026-11-23) */
function readCallback(json: unknown): QstashCallback | undefined {
  const fields = recordOf(json);
  const sourceMessageId = textOf(fields["sourceMessageId"]);
  const status = numberOf(fields["status"]);
  if (sourceMessageId === undefined || status === undefined) return undefined;
  const dlqId = textOf(fields["dlqId"]);
  return {
    kind: dlqId === undefined ? "callback" : "failure-callback",
    sourceMessageId,
    status,
    headers: headersOf(fields["header"]),
    body: decoded(fields["body"]),
    retried: numberOf(fields["retried"]) ?? 0,
    maxRetries: numberOf(fields["maxRetries"]),
    dlqId,
    url: textOf(fields["url"]),
    method: textOf(fields["method"]),
    sourceHeaders: headersOf(fields["sourceHeader"]),
    sourceBody: decoded(fields["sourceBody"]),
    topicName: textOf(fields["topicName"]),
    endpointName: textOf(fields["endpointName"]),
    scheduleId: textOf(fields["scheduleId"]),
    callerIp: textOf(fields["callerIP"]),
    createdAt: dateOf(fields["createdAt"]),
    notBefore: dateOf(fields["notBefore"]),
  };
}

/** Each attempt has its own callback, of which the last may still have failed. */
function typeOf({ kind, status, retried, maxRetries = Infinity }: QstashCallback): EventType {
  if (status >= 200 && status < 300) return "delivered";
  return kind === "failure-callback" || retried >= maxRetries ? "failed" : "deferred";
}

export function readEvent({ headers, json, text }: VerifiedWebhook): QstashEvent {
  // QStash does not say when it called; the epoch stands for that, as everywhere.
  const common = { provider: "qstash", occurredAt: new Date(0) };
  const callback = readCallback(json);
  if (callback) {
    const { kind, sourceMessageId, retried, status } = callback;
    return {
      ...common,
      id: [kind, sourceMessageId, retried].join(":"),
      type: typeOf(callback),
      providerMessageId: sourceMessageId,
      providerType: kind,
      code: `${status}`,
      raw: callback,
    };
  }
  const messageId = textOf(headers.get("upstash-message-id"));
  return {
    ...common,
    // The signature, should the header not be there: another one with each try.
    id: `delivery:${messageId ?? headers.get("upstash-signature")}`,
    type: "unrecognized",
    providerMessageId: messageId,
    providerType: "delivery",
    raw: {
      kind: "delivery",
      messageId,
      retried: numberOf(headers.get("upstash-retried")) ?? 0,
      scheduleId: textOf(headers.get("upstash-schedule-id")),
      body: text,
    },
  };
}
