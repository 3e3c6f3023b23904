import type { Route } from "../dispatch/escalate.ts";
import { findTopic } from "../directory/topics.ts";
import type { Env } from "../env.ts";
import { formatId, partOf, stemOf, uuidAt } from "../ids.ts";
import type { AcceptedNotification } from "../ledger/accept.ts";
import { uuidOf } from "../ledger/accept.ts";
import { allShards, shardOfKey, shardStub } from "../ledger/shards.ts";
import { invalid, refusal } from "../problem.ts";
import type { FieldError } from "../problem.ts";
import { settingsOf } from "../settings.ts";
import { defaultPriority } from "./expand.ts";
import { expandRequest } from "./expand-request.ts";
import { hashRequest, isIdempotencyKey, keyKeptForMs } from "./idempotency.ts";
import { maxAddresses } from "./people.ts";
import { maxRecipients } from "./request.ts";
import type { NotificationRequest } from "./request.ts";
import { routeView } from "./route-view.ts";

export interface AcceptedView {
  readonly id: string;
  /** Undefined: it has a route. */
  readonly channel: string | undefined;
  readonly route?: readonly object[] | undefined;
  /** Whose members it is for: their messages are made when it is due. */
  readonly topic?: string | undefined;
  readonly acceptedAt: string;
  readonly sendAt: string;
  readonly expiresAt: string | undefined;
  /** What was not taken as it was written. */
  readonly notices?: readonly FieldError[] | undefined;
  /** Of a route: those of its first steps. `to` is empty while the recipient's addresses are still to be looked up. */
  readonly messages: readonly {
    readonly id: string;
    readonly channel?: string | undefined;
    readonly recipient?: string | undefined;
    readonly to: readonly string[];
  }[];
}

export interface Accepted {
  readonly notifications: readonly AcceptedView[];
  /** The same request had been accepted before. */
  readonly repeated: boolean;
}

/**
 * Takes notifications: all of them or none, with one call to one shard and one transaction. The shard is that of the
 * idempotency key, so that two requests with one key meet; without a key any shard will do.
 */
export async function acceptNotifications(
  env: Env,
  requests: readonly NotificationRequest[],
  caller: {
    readonly apiKeyId: string;
    readonly idempotencyKey: string | undefined;
    readonly pathOf: (index: number) => string;
    /** Id of the schedule that asks. */
    readonly schedule?: string | undefined;
  },
): Promise<Accepted> {
  const { apiKeyId, idempotencyKey, pathOf, schedule } = caller;
  const now = new Date();
  const settings = settingsOf(env);
  if (idempotencyKey !== undefined && !isIdempotencyKey(idempotencyKey)) {
    throw invalid([{ field: "Idempotency-Key", detail: "expected 1 to 255 printable ASCII characters" }]);
  }
  const errors: FieldError[] = [];
  const notifications: AcceptedNotification[] = [];
  const notices: (readonly FieldError[])[] = [];
  for (const [index, request] of requests.entries()) {
    const expanded = await expandRequest(request, settings, now);
    if (expanded.ok) {
      notifications.push(schedule === undefined ? expanded.notification : { ...expanded.notification, schedule });
      notices.push(expanded.notices);
      const { topic } = expanded.notification;
      if (topic !== undefined && (await findTopic(env.DB, topic)) === undefined) {
        errors.push({ field: `${pathOf(index)}to.topic`, detail: "expected a topic that there is" });
      }
    } else errors.push(...expanded.errors.map(({ field, detail }) => ({ field: pathOf(index) + field, detail })));
  }
  const sum = (countOf: (notification: AcceptedNotification) => number): number =>
    notifications.reduce((count, notification) => count + countOf(notification), 0);
  const recipients = sum(({ route, messages }) => route?.escalations.length ?? messages.length);
  if (recipients > maxRecipients) {
    errors.push({ field: "notifications", detail: `expected at most ${maxRecipients} recipients in all` });
  }
  if (sum(({ messages }) => messages.length) > maxAddresses) {
    errors.push({ field: "notifications", detail: `expected at most ${maxAddresses} first messages in all` });
  }
  const scopedKey = idempotencyKey === undefined ? undefined : `${apiKeyId}:${idempotencyKey}`;
  const shard = scopedKey === undefined ? anyShard(env) : await shardOfKey(env, scopedKey);
  const idempotency =
    scopedKey === undefined
      ? undefined
      : {
          key: await hashRequest(scopedKey),
          requestHash: await hashRequest(spelledOut(requests)),
          keptForMs: keyKeptForMs,
        };
  if (errors.length > 0) {
    // What was accepted before stays accepted, though its due time has passed or its provider is gone by now.
    const earlier = idempotency && (await shardStub(env, shard).findAccepted(idempotency, now.getTime()));
    if (earlier === undefined) throw invalid(errors);
    return { repeated: true, notifications: await readAccepted(env, shard, earlier) };
  }
  const ledger = shardStub(env, shard);
  const command = { now: now.getTime(), notifications, idempotency };
  const hasRoute = notifications.some(({ route }) => route !== undefined);
  const isNamed = notifications.some(({ messages }) => messages.some(({ recipientId }) => recipientId !== undefined));
  const answer = await (isNamed
    ? ledger.acceptNamed(command)
    : hasRoute
      ? ledger.acceptRoutes(command)
      : ledger.accept(command));
  if (answer.outcome === "conflict") {
    throw refusal({
      status: 409,
      code: "idempotency-key-reused",
      title: "This Idempotency-Key was used for another request.",
    });
  }
  if (answer.outcome === "repeated") {
    return { repeated: true, notifications: await readAccepted(env, shard, answer.notifications) };
  }
  return {
    repeated: false,
    notifications: notifications.map((one, index) => ({
      ...viewOf(shard, one, now.getTime()),
      notices: notices[index]?.length ? notices[index] : undefined,
    })),
  };
}

/** What is not said hashes like what it stands for, as it did when requests had it filled in. */
function spelledOut(requests: readonly NotificationRequest[]): readonly NotificationRequest[] {
  return requests.map((request) => ({ ...request, priority: request.priority ?? defaultPriority }));
}

function viewOf(shard: number, notification: AcceptedNotification, acceptedAt: number): AcceptedView {
  const { stem, channel, sendAt, expiresAt, messages } = notification;
  const route = notification.route && (JSON.parse(notification.route.route) as Route);
  return {
    id: formatId("ntf", shard, uuidAt(stem, 0)),
    channel: route === undefined ? channel : undefined,
    route: route && routeView(route),
    topic: notification.topic,
    acceptedAt: new Date(acceptedAt).toISOString(),
    sendAt: new Date(sendAt).toISOString(),
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    messages: messages.map(({ addresses, recipientId }, index) => ({
      id: formatId("msg", shard, uuidOf(notification, index)),
      channel: route?.channels[partOf(uuidOf(notification, index))],
      recipient: recipientId,
      to: addresses.map(({ label }) => label),
    })),
  };
}

/** What the first of the repeated requests was answered, from what it wrote. */
async function readAccepted(env: Env, shard: number, uuids: readonly string[]): Promise<readonly AcceptedView[]> {
  const found = await Promise.all(uuids.map((uuid) => shardStub(env, shard).readNotification(uuid)));
  return found.flatMap((one) =>
    one === undefined
      ? []
      : {
          id: formatId("ntf", shard, uuidAt(stemOf(one.uuid), 0)),
          channel: one.route === undefined ? one.channel : undefined,
          route: one.route && routeView(one.route.route),
          topic: one.broadcast?.topic,
          acceptedAt: new Date(one.acceptedAt).toISOString(),
          sendAt: new Date(one.sendAt).toISOString(),
          expiresAt: one.expiresAt === undefined ? undefined : new Date(one.expiresAt).toISOString(),
          messages: one.messages.map(({ uuid, channel, recipient, to }) => ({
            id: formatId("msg", shard, uuid),
            channel,
            recipient,
            to,
          })),
        },
  );
}

function anyShard(env: Env): number {
  const shards = allShards(env).length;
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % shards;
}
