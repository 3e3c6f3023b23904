import { formatId, notificationOf } from "../ids.ts";
import type { DueDelivery } from "../ledger/deliveries.ts";
import { eventId } from "./event-id.ts";
import type { AppEventType } from "./types.ts";

/** What is posted to an endpoint, as JSON. */
export interface Payload {
  /** The same at every try, and the `webhook-id`. */
  readonly id: string;
  /** `endpoint.test` comes only when it is asked for. */
  readonly type: AppEventType | "endpoint.test";
  /** When Carillon learned of it, ISO 8601. */
  readonly createdAt: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Addresses are given by their label. The app knows them by the message's id and its own metadata; a webhook passes
 * through proxies and logs, and an address can be a secret (a push endpoint, a Slack URL).
 */
export function payloadOf(shard: number, delivery: DueDelivery): Payload {
  const { subject, sequence, type, at, data, message } = delivery;
  // Known by the event itself: a message may be trimmed away before its last event is told.
  const about = type.startsWith("message.")
    ? {
        messageId: formatId("msg", shard, subject),
        notificationId: formatId("ntf", shard, notificationOf(subject)),
        sequence,
        ...message,
      }
    : {};
  return {
    id: eventId(shard, delivery),
    type,
    createdAt: new Date(at).toISOString(),
    data: { ...about, ...withIsoTimes(data) },
  };
}

const times = ["occurredAt", "expiresAt"];

/** Moments of the ledger and the directory, as the API spells moments; what is not known is left out. */
function withIsoTimes(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [
        name,
        times.includes(name) && typeof value === "number" ? new Date(value).toISOString() : value,
      ]),
  );
}
