import type { WebhookSource } from "carillon";
import { eventTypes, receiveWebhook, type ReceiveOptions } from "carillon";
import { ensure } from "./check.ts";
import type { WebhookParts } from "./webhook-keys.ts";

/** The clock of fixtures that have no `clock.txt`. */
export const fixtureTime: Date = new Date("2026-01-02T03:04:05.000Z");

export interface Received {
  readonly ok: boolean;
  readonly reason: string;
  readonly parsed: boolean;
  readonly events: readonly unknown[];
}

/** Receives with an eye on `parse`: the source itself is watched, so that a call of it from anywhere is seen. */
export async function receive(
  source: WebhookSource,
  parts: WebhookParts,
  now: Date = fixtureTime,
  seen?: ReceiveOptions["seen"],
): Promise<Received> {
  let parsed = false;
  const parse = source.parse.bind(source);
  const watched = Object.assign(source, {
    parse(webhook: Parameters<WebhookSource["parse"]>[0]) {
      parsed = true;
      return parse(webhook);
    },
  });
  const received = await receiveWebhook(watched, parts, { now: () => now, seen });
  Object.assign(source, { parse });
  return received.ok
    ? { ok: true, reason: "", parsed, events: received.events }
    : { ok: false, reason: received.reason, parsed, events: [] };
}

export function mustBeRejected(received: Received, what: string): void {
  ensure(!received.ok, `${what}: must be rejected, and was accepted`);
  ensure(!received.parsed, `${what}: was rejected, but parsed`);
}

export async function mustAccept(
  source: WebhookSource,
  parts: WebhookParts,
  what: string,
  now?: Date,
  seen?: ReceiveOptions["seen"],
): Promise<Received> {
  const received = await receive(source, parts, now, seen);
  ensure(received.ok, `${what}: must be accepted, and was rejected (${received.reason})`);
  return received;
}

export function ensureWellFormed(source: WebhookSource, events: readonly unknown[]): void {
  ensure(Array.isArray(events), "events must be a list");
  for (const event of events as readonly Record<string, unknown>[]) {
    const { id, provider, type, occurredAt, providerType } = event;
    ensure(typeof id === "string" && id !== "", "an event has an id");
    ensure(provider === source.id, "an event names its provider");
    ensure(typeof providerType === "string", "an event keeps the provider's own name of it");
    ensure(eventTypes.includes(type as never), `an event's type is one that Carillon knows, not ${String(type)}`);
    ensure(occurredAt instanceof Date && Number.isFinite(occurredAt.getTime()), "an event has a time");
  }
}
