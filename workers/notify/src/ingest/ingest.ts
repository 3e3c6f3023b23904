import { receiveWebhook } from "carillon";
import type { DeliveryEvent, WebhookSource } from "carillon";
import type { Env } from "../env.ts";
import { parseId } from "../ids.ts";
import type { IncomingEvent } from "../ledger/ingest.ts";
import { shardOfKey, shardStub } from "../ledger/shards.ts";
import { settingsOf } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { correlate } from "./correlate.ts";

/** What a provider may report at once: its own batches end at 768 kB (SendGrid), single events are far smaller. */
const maxWebhookBytes = 1_048_576;

/** An event's own record is kept up to here; beyond, its mapped fields are. */
const maxRawLength = 16_000;

/**
 * Takes a provider's webhook: verify, parse, group by shard, one transaction a shard; only then the answer. When a shard
 * cannot store, the provider gets a 5xx and tries again, and what was stored already changes nothing the second time.
 */
export async function ingestWebhook(env: Env, source: WebhookSource, request: Request): Promise<Response> {
  const settings = settingsOf(env);
  const received = await receiveWebhook(source, request, { maxBodyBytes: maxWebhookBytes, now: () => new Date() });
  if (!received.ok) {
    console.warn(JSON.stringify({ event: "webhook-refused", provider: source.id, reason: received.reason }));
    return received.response;
  }
  try {
    await storeEvents(env, settings, received.events);
  } catch {
    console.error(JSON.stringify({ event: "webhook-not-stored", provider: source.id, count: received.events.length }));
    return new Response(null, { status: 503, headers: { "retry-after": "30" } });
  }
  return received.response;
}

async function storeEvents(env: Env, settings: Settings, events: readonly DeliveryEvent[]): Promise<void> {
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
    if (id === undefined) unknown.push(incomingOf(event, "", now));
    else put(id.shard, incomingOf(event, id.uuid, now));
  }
  if (foreign > 0) console.warn(JSON.stringify({ event: "webhook-of-another-environment", count: foreign }));
  if (unknown.length > 0) {
    const { placed, unplaced } = await correlate(env, unknown);
    for (const [shard, found] of placed) for (const event of found) put(shard, event);
    // Kept, and asked for again later, on a shard of their own choosing: the same event is always the same row.
    for (const event of unplaced) put(await shardOfKey(env, `${event.provider}:${event.id}`), event);
  }
  const stored = await Promise.allSettled(
    Array.from(byShard, ([shard, group]) => shardStub(env, shard).ingest(group, now)),
  );
  const failed = stored.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Another deployment shares the provider account: its messages are not in this ledger. */
function isForeign({ metadata }: DeliveryEvent, { environment }: Settings): boolean {
  const sender = metadata?.["carillon-environment"];
  return sender !== undefined && sender !== environment;
}

function incomingOf(event: DeliveryEvent, uuid: string, receivedAt: number): IncomingEvent {
  const { id, provider, type, occurredAt, providerMessageId, address, providerType, reason, code, raw } = event;
  return {
    uuid,
    id,
    provider,
    type,
    // The epoch: the provider does not say.
    occurredAt: occurredAt.getTime() || receivedAt,
    providerMessageId,
    addressKey: address?.trim().toLowerCase(),
    providerType,
    reason,
    code,
    raw: JSON.stringify(raw ?? null).length > maxRawLength ? { omitted: "longer than is kept" } : raw,
  };
}
