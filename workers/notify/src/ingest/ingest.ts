import { receiveWebhook } from "carillon";
import type { DeliveryEvent, OutboundRequest, WebhookSource } from "carillon";
import { addressOf } from "../accept/address.ts";
import { sha256Hex } from "../digest.ts";
import type { Env } from "../env.ts";
import { parseId } from "../ids.ts";
import type { IncomingEvent } from "../ledger/incoming-event.ts";
import { shardOfKey, shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { consequenceOf } from "../suppress/consequences.ts";
import { correlate } from "./correlate.ts";

/** What a provider may report at once: its own batches end at 768 kB (SendGrid), single events are far smaller. */
const maxWebhookBytes = 1_048_576;

/** An event's own record is kept up to here; beyond, its mapped fields are. */
const maxRawLength = 16_000;

/** Clocks differ by less. What is said to have happened later than this is taken to have happened when it came. */
const maxAheadMs = 300_000;

const confirmTimeoutMs = 10_000;

/**
 * Takes a provider's webhook: verify, parse, group by shard, one transaction a shard; only then the answer. When a shard
 * cannot store, the provider gets a 5xx and tries again, and what was stored already changes nothing the second time.
 */
export async function ingestWebhook(env: Env, source: WebhookSource, request: Request): Promise<Response> {
  const settings = settingsOf(env);
  let once: Once | undefined;
  const received = await receiveWebhook(source, request, {
    maxBodyBytes: maxWebhookBytes,
    now: () => new Date(),
    fetch: settings.fetch as typeof fetch | undefined,
    seen(key, forSeconds) {
      once = { key, forSeconds };
      return false;
    },
  });
  if (!received.ok) {
    console.warn(JSON.stringify({ event: "webhook-refused", provider: source.id, reason: received.reason }));
    return received.response;
  }
  try {
    if (once !== undefined && !(await isFirstBody(env, once, received.events))) {
      console.warn(JSON.stringify({ event: "webhook-refused", provider: source.id, reason: "replayed" }));
      return new Response("rejected", { status: 409 });
    }
    await storeEvents(env, settings, source.id, received.events);
    if (received.confirm !== undefined) await confirmEndpoint(settings, received.confirm);
  } catch {
    console.error(JSON.stringify({ event: "webhook-not-stored", provider: source.id, count: received.events.length }));
    return new Response(null, { status: 503, headers: { "retry-after": "30" } });
  }
  return received.response;
}

/** Tells the provider that its webhooks are wanted here. It asks again where that failed, since it gets no 2xx then. */
async function confirmEndpoint(settings: Settings, { method, url, headers }: OutboundRequest): Promise<void> {
  const request = { method, headers, redirect: "manual", signal: AbortSignal.timeout(confirmTimeoutMs) } as const;
  const response = await (settings.fetch ?? fetch)(url, request);
  await response.body?.cancel();
  if (!response.ok) throw new Error("The endpoint was not confirmed.");
}

/** What a signature that leaves the body uncovered may be used for once, and how long it would hold. */
interface Once {
  readonly key: string;
  readonly forSeconds: number;
}

/**
 * Binds such a signature to what came with it first. Whoever captured it can send that again, which changes nothing, and
 * nothing else. So it may be written before the events are stored: the provider's own next try, after a 503, has the same.
 */
async function isFirstBody(env: Env, { key, forSeconds }: Once, events: readonly DeliveryEvent[]): Promise<boolean> {
  const scoped = `webhook:${key}`;
  return shardStub(env, await shardOfKey(env, scoped)).bind({
    key: await sha256Hex(scoped),
    requestHash: await sha256Hex(JSON.stringify(events.map(({ raw }) => raw ?? null))),
    keptForMs: forSeconds * 1000,
    now: Date.now(),
  });
}

async function storeEvents(
  env: Env,
  settings: Settings,
  provider: string,
  events: readonly DeliveryEvent[],
): Promise<void> {
  const now = Date.now();
  const byShard = new Map<number, IncomingEvent[]>();
  const unknown: IncomingEvent[] = [];
  let foreign = 0;
  const put = (shard: number, event: IncomingEvent): void => {
    const group = byShard.get(shard);
    if (group === undefined) byShard.set(shard, [event]);
    else group.push(event);
  };
  for (const event of events) {
    if (isForeign(event, settings)) {
      foreign += 1;
      continue;
    }
    const id = event.messageId === undefined ? undefined : parseId("msg", event.messageId, settings.shards);
    if (id === undefined) {
      unknown.push(incomingOf(event, "", now));
      continue;
    }
    const incoming = incomingOf(event, id.uuid, now);
    put(id.shard, mayBeTrimmed(id.uuid, settings, now) ? await withAddress(settings, incoming) : incoming);
  }
  if (foreign > 0) await countForeign(env, provider, foreign, now);
  if (unknown.length > 0) {
    const { placed, unplaced } = await correlate(env, unknown);
    for (const [shard, found] of placed) for (const event of found) put(shard, event);
    // Kept, and asked for again later, on a shard of their own choosing: the same event is always the same row.
    for (const event of unplaced) {
      put(await shardOfKey(env, `${event.provider}:${event.id}`), await withAddress(settings, event));
    }
  }
  const stored = await Promise.allSettled(
    Array.from(byShard, ([shard, group]) => shardStub(env, shard).ingest(group, now)),
  );
  const failed = stored.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Health says how many; that they could not be counted is no reason to have them sent again. */
async function countForeign(env: Env, provider: string, count: number, now: number): Promise<void> {
  console.warn(JSON.stringify({ event: "webhook-of-another-environment", provider, count }));
  try {
    await shardStub(env, await shardOfKey(env, provider)).count(`foreign:${provider}`, count, now);
  } catch {
    console.error(JSON.stringify({ event: "foreign-not-counted", provider, count }));
  }
}

/** Whether a message is so old that it may be gone: what the event causes must not need it. */
function mayBeTrimmed(uuid: string, { retentionDays }: Settings, now: number): boolean {
  return Number.parseInt(uuid.slice(0, 12), 16) < now - retentionDays * 86_400_000;
}

/** What causes something for an address and is about no message that is known: the address alone is suppressed. */
async function withAddress({ known }: Settings, event: IncomingEvent): Promise<IncomingEvent> {
  const channel = known.find(({ id }) => id === event.provider)?.channel;
  if (channel === undefined || event.consequence === null || event.address === undefined) return event;
  const address = await addressOf(channel, event.address);
  return address === undefined ? event : { ...event, about: { channel, key: address.key, label: address.label } };
}

/** Another deployment shares the provider account: its messages are not in this ledger. */
function isForeign({ metadata }: DeliveryEvent, { environment }: Settings): boolean {
  const sender = metadata?.["carillon-environment"];
  return sender !== undefined && sender !== environment;
}

function incomingOf(event: DeliveryEvent, uuid: string, receivedAt: number): IncomingEvent {
  const { id, provider, type, providerMessageId, address, providerType, reason, code, raw } = event;
  // The epoch: the provider does not say.
  const said = event.occurredAt.getTime() || receivedAt;
  const isBelieved = said <= receivedAt + maxAheadMs;
  return {
    uuid,
    id,
    provider,
    type,
    occurredAt: isBelieved ? said : receivedAt,
    claimedAt: isBelieved ? undefined : said,
    providerMessageId,
    address: address?.trim(),
    addressKey: address?.trim().toLowerCase(),
    consequence: consequenceOf(event) ?? null,
    providerType,
    reason,
    code,
    raw: JSON.stringify(raw ?? null).length > maxRawLength ? { omitted: "longer than is kept" } : raw,
  };
}
