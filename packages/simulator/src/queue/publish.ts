import { sha256Hex, toBase64, utf8 } from "../wire/bytes.ts";
import { release } from "./gates.ts";
import { deduplicationMs, limits } from "./limits.ts";
import { isHttpUrl, readOptions, resourceName } from "./publication.ts";
import type { MessageOptions, Origin, QueueMessage } from "./record.ts";
import type { Records } from "./records.ts";
import { Refusal } from "./refusal.ts";
import { randomId } from "./signature.ts";

/** What a request asks to publish, as it came. */
export interface Publication {
  /** A URL, or the name of a URL group. */
  readonly destination: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly origin: Origin;
}

/** Read and hashed: what is left to do takes no time. */
export interface Prepared {
  readonly destination: string;
  readonly options: MessageOptions;
  readonly origin: Origin;
  readonly bodyBase64: string;
  readonly bodyHash: string;
  /** What another message with the same would be a duplicate of. */
  readonly duplicateKey?: string | undefined;
}

export interface Published {
  readonly messageId: string;
  readonly url?: string;
  readonly deduplicated?: true;
}

/** Reads a publication. Throws a {@link Refusal}. */
export async function prepare(publication: Publication, nowMs: number): Promise<Prepared> {
  const { destination, headers, body, origin } = publication;
  const options = readOptions(headers, nowMs);
  if (body.length > limits.maxBodyBytes) throw new Refusal(412, "quota maxMessageSize exceeded");
  if (origin.queueName !== undefined && !resourceName.test(origin.queueName)) throw invalidQueueName();
  const bodyHash = await sha256Hex(body);
  const id = headers.get("upstash-deduplication-id")?.trim();
  const byContent = headers.get("upstash-content-based-deduplication")?.trim() === "true";
  let duplicateKey = id ? `id ${id}` : undefined;
  if (!duplicateKey && byContent) {
    const content = [destination, bodyHash, headers.get("content-type"), options.headers];
    duplicateKey = `content ${await sha256Hex(utf8(JSON.stringify(content)))}`;
  }
  return { destination, options, origin, bodyBase64: toBase64(body), bodyHash, duplicateKey };
}

export function invalidQueueName(): Refusal {
  return new Refusal(
    400,
    "queue name is invalid: it can only contain alphanumeric characters, hyphens, periods, and underscores",
  );
}

/** Keeps the message, or one for each endpoint of a URL group. Throws a {@link Refusal}. */
export function publish(records: Records, prepared: Prepared, nowMs: number): Published | readonly Published[] {
  const { destination, origin } = prepared;
  if (/^[a-z][a-z0-9+.-]*:/i.test(destination) || !resourceName.test(destination)) {
    checkDestination(destination);
    ensureQueue(records, origin.queueName, nowMs);
    return publishOne(records, prepared, destination, {}, nowMs);
  }
  const group = records.groups.get(destination);
  if (!group) {
    if (destination.includes(".")) checkDestination(destination);
    throw new Refusal(404, `topic ${destination} not found`);
  }
  ensureQueue(records, origin.queueName, nowMs);
  return group.endpoints.map(({ url, name }) => {
    const from = { topicName: group.name, endpointName: name };
    return { ...publishOne(records, prepared, url, from, nowMs), url };
  });
}

const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

export function checkDestination(destination: string): void {
  if (!isHttpUrl(destination)) {
    throw new Refusal(400, "invalid destination url: endpoint has invalid scheme, add http:// or https://");
  }
}

/** QStash calls nobody on its own machine. */
export function checkLoopback(destination: string, target: string | undefined): void {
  if (!isHttpUrl(destination)) return;
  const { hostname, origin } = new URL(destination);
  if (loopback.test(hostname) && (target === undefined || new URL(target).origin !== origin)) {
    throw new Refusal(400, `invalid destination url: endpoint resolves to a loopback address: ${hostname}`);
  }
}

/** A queue that a message names is made. */
export function ensureQueue(records: Records, name: string | undefined, nowMs: number): void {
  if (name === undefined || records.queues.get(name)) return;
  if (records.queues.list().length >= limits.maxQueues) throw new Refusal(412, "quota maxQueues exceeded");
  records.queues.put({ name, parallelism: 1, paused: false, createdAtMs: nowMs, updatedAtMs: nowMs });
}

function publishOne(
  records: Records,
  { options, origin, bodyBase64, bodyHash, duplicateKey }: Prepared,
  url: string,
  group: Pick<Origin, "topicName" | "endpointName">,
  nowMs: number,
): Published {
  const key = duplicateKey === undefined ? undefined : `${duplicateKey} ${group.topicName === undefined ? "" : url}`;
  const earlier = key === undefined ? undefined : records.deduplications.get(key);
  if (earlier && earlier.expiresAtMs > nowMs) return { messageId: earlier.messageId, deduplicated: true };
  const message = newMessage({ url, options, origin: { ...origin, ...group }, bodyBase64, bodyHash }, nowMs);
  records.messages.put(message);
  if (options.flowControl) noteFlow(records, options.flowControl, nowMs);
  if (key !== undefined) {
    for (const { id } of records.deduplications.expired(nowMs)) records.deduplications.delete(id);
    records.deduplications.put({ id: key, messageId: message.id, expiresAtMs: nowMs + deduplicationMs });
  }
  return { messageId: message.id };
}

/** A message as it is before its first delivery. */
export function newMessage(
  parts: Pick<QueueMessage, "url" | "options" | "origin" | "bodyBase64" | "bodyHash" | "callbackOf" | "place">,
  nowMs: number,
): QueueMessage {
  const { notBeforeMs, delayMs = 0 } = parts.options;
  const dueAtMs = notBeforeMs === undefined ? nowMs + delayMs : Math.max(nowMs, notBeforeMs);
  return {
    ...parts,
    id: `msg_${randomId(42)}`,
    state: "waiting",
    createdAtMs: nowMs,
    retried: 0,
    dueAtMs,
    attempts: [],
    log: [{ time: nowMs, state: "CREATED", nextDeliveryTime: dueAtMs }],
  };
}

/** The limits of a key are those of its newest message, unless they are pinned. */
function noteFlow(records: Records, given: NonNullable<MessageOptions["flowControl"]>, nowMs: number): void {
  const { key, parallelism, rate, periodSeconds } = given;
  const known = records.flows.get(key);
  const fresh = {
    key,
    isPaused: false,
    isPinnedParallelism: false,
    isPinnedRate: false,
    periodStartMs: nowMs,
    countInPeriod: 0,
  };
  const before = known ?? { ...fresh, limits: {} };
  const byRate = before.isPinnedRate ? before.limits : { rate, periodSeconds };
  const byParallelism = before.isPinnedParallelism ? before.limits : { parallelism };
  const limits = {
    parallelism: byParallelism.parallelism,
    rate: byRate.rate,
    periodSeconds: byRate.periodSeconds,
  };
  records.flows.put({ ...before, limits });
  if (limits.parallelism !== before.limits.parallelism || limits.rate !== before.limits.rate) {
    release(records, `flow ${key}`);
  }
}
