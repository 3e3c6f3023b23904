import type { Fault } from "../fault.ts";
import { describeContent } from "../describe.ts";
import type { MessageSummary, OtherRequest, RecordedMessage, RecordedRequest } from "../message.ts";
import type { Edit } from "../route.ts";
import { defaultSettings, type Settings } from "../settings.ts";
import { clearedKinds } from "../queue/records.ts";
import { memoryQueueRecords } from "./queue-records.ts";
import { maxOtherBodyLength, maxOtherRequests } from "./store.ts";
import type { Page } from "./page.ts";
import type { MessageFilter, NewWebhook, Remembered, Store, WebhookRecord } from "./store.ts";

/** A store that lasts as long as the object. */
export function memoryStore(): Store {
  const requests: RecordedRequest[] = [];
  const messages: (RecordedMessage & { readonly request: RecordedRequest })[] = [];
  /** Positions of the newest, by provider and its id. */
  const byProviderId = new Map<string, number>();
  const others: OtherRequest[] = [];
  const webhooks: WebhookRecord[] = [];
  const webhooksByMessage = new Map<string, number[]>();
  const waiting = new Set<number>();
  const memory = new Map<string, Remembered>();
  const witnessed = new Map<string, number>();
  let faults: Fault[] = [];
  let lastFault = 0;
  let settings: Settings = defaultSettings;
  const queue = memoryQueueRecords();
  // Ids go on growing after `clear`, so that an old link never shows another message.
  let firstMessage = 1;
  let firstWebhook = 1;
  let firstOther = 1;

  const edit = (provider: string, edits: readonly Edit[], atMs: number): void => {
    for (const change of edits) {
      const index = byProviderId.get(`${provider} ${change.providerMessageId}`) ?? -1;
      const known = messages[index];
      if (!known) continue;
      if ("deleted" in change) {
        messages[index] = { ...known, deletedAtMs: atMs };
        continue;
      }
      const { content } = change;
      const earlier = [...known.earlier, { content: known.content, replacedAtMs: atMs }];
      messages[index] = { ...known, ...describeContent(content), content, earlier, editedAtMs: atMs };
    }
  };

  const addWebhook = (message: string, provider: string, webhook: NewWebhook): WebhookRecord => {
    const record = { ...webhook, id: String(firstWebhook + webhooks.length), message, provider, attempts: [] };
    const index = webhooks.push(record) - 1;
    const known = webhooksByMessage.get(message);
    if (known) known.push(index);
    else webhooksByMessage.set(message, [index]);
    if (record.state === "waiting") waiting.add(index);
    return record;
  };

  return {
    accept(acceptance) {
      const request = { ...acceptance.request, id: String(requests.length + 1) };
      requests.push(request);
      for (const { message, webhooks: planned } of acceptance.entries) {
        const id = String(firstMessage + messages.length);
        const index = messages.push({
          ...message,
          ...describeContent(message.content),
          id,
          provider: acceptance.provider,
          idempotencyKey: acceptance.idempotencyKey,
          receivedAtMs: acceptance.receivedAtMs,
          earlier: [],
          request,
        });
        byProviderId.set(`${acceptance.provider} ${message.providerMessageId}`, index - 1);
        for (const webhook of planned) addWebhook(id, acceptance.provider, webhook);
        if (message.messageId !== undefined)
          witnessed.set(message.messageId, (witnessed.get(message.messageId) ?? 0) + 1);
      }
      edit(acceptance.provider, acceptance.edits ?? [], acceptance.receivedAtMs);
      if (acceptance.remember) memory.set(acceptance.remember.key, acceptance.remember.remembered);
    },
    messages(filter, limit, before) {
      const page = pageOf(messages, firstMessage, limit, before, (message) => matches(message, filter));
      return { ...page, items: page.items.map(summaryOf) };
    },
    message: (id) => messages[Number(id) - firstMessage],
    messageOf: (provider, id) => messages[byProviderId.get(`${provider} ${id}`) ?? -1],
    addRequest(request, edits) {
      const id = String(firstOther + others.length);
      others.push({ ...request, id, body: request.body.slice(0, maxOtherBodyLength) });
      if (others.length > maxOtherRequests) {
        others.shift();
        firstOther += 1;
      }
      edit(request.provider, edits, request.receivedAtMs);
    },
    otherRequests: (limit, before) => pageOf(others, firstOther, limit, before, () => true),
    clear() {
      firstMessage += messages.length;
      firstOther += others.length;
      firstWebhook += webhooks.length;
      for (const collection of [requests, messages, others, webhooks]) collection.length = 0;
      for (const collection of [byProviderId, webhooksByMessage, waiting, memory, witnessed]) collection.clear();
      queue.clear(clearedKinds);
    },

    webhooks: ({ message }, limit, before) =>
      pageOf(webhooks, firstWebhook, limit, before, (webhook) => message === undefined || webhook.message === message),
    webhook: (id) => webhooks[Number(id) - firstWebhook],
    webhooksOf: (ids) =>
      ids.flatMap((id) => (webhooksByMessage.get(id) ?? []).flatMap((index) => webhooks[index] ?? [])),
    addWebhook,
    dueWebhooks(untilMs, limit) {
      const due = [...waiting]
        .flatMap((index) => webhooks[index] ?? [])
        .filter((webhook) => webhook.dueAtMs <= untilMs);
      return due.sort((a, b) => a.dueAtMs - b.dueAtMs || Number(a.id) - Number(b.id)).slice(0, limit);
    },
    nextDueMs() {
      let next: number | undefined;
      for (const index of waiting) next = Math.min(next ?? Infinity, webhooks[index]?.dueAtMs ?? Infinity);
      return next;
    },
    recordAttempt(ids, attempt, state, dueAtMs) {
      for (const id of ids) {
        const index = Number(id) - firstWebhook;
        const record = webhooks[index];
        // Gone when the messages were cleared while it was on its way.
        if (!record) continue;
        webhooks[index] = { ...record, state, dueAtMs, attempts: [...record.attempts, attempt] };
        if (state === "waiting") waiting.add(index);
        else waiting.delete(index);
      }
    },

    remembered(key, nowMs) {
      const remembered = memory.get(key);
      return remembered && remembered.expiresAtMs > nowMs ? remembered : undefined;
    },

    addFault(input) {
      const fault: Fault = { ...input, id: String(++lastFault), remaining: input.times };
      faults.push(fault);
      return fault;
    },
    faults: () => faults,
    takeFault(test) {
      const fault = faults.find(test);
      if (fault?.remaining === undefined) return fault;
      const remaining = fault.remaining - 1;
      faults = faults.flatMap((other) => (other !== fault ? other : remaining > 0 ? { ...fault, remaining } : []));
      return fault;
    },
    deleteFaults(id) {
      const kept = id === undefined ? [] : faults.filter((fault) => fault.id !== id);
      const found = id === undefined || kept.length < faults.length;
      faults = kept;
      return found;
    },

    queue,
    settings: () => settings,
    setSettings(next) {
      settings = next;
    },

    witness() {
      const duplicated = [...witnessed].filter(([, accepted]) => accepted > 1);
      const accepted = [...witnessed.values()].reduce((sum, count) => sum + count, 0);
      return {
        messages: witnessed.size,
        accepted,
        duplicates: accepted - witnessed.size,
        duplicated: duplicated.slice(0, 100).map(([messageId, count]) => ({ messageId, accepted: count })),
      };
    },
    witnessCounts(messageId) {
      if (messageId === undefined) return witnessed;
      const accepted = witnessed.get(messageId);
      return accepted === undefined ? [] : [[messageId, accepted]];
    },
  };
}

function summaryOf(message: RecordedMessage & { readonly request: RecordedRequest }): MessageSummary {
  const { content: _content, earlier: _earlier, request: _request, ...summary } = message;
  return summary;
}

function matches(message: MessageSummary, filter: MessageFilter): boolean {
  if (filter.provider !== undefined && message.provider !== filter.provider) return false;
  if (filter.channel !== undefined && filter.channel !== message.kind) return false;
  const { recipient, messageId } = filter;
  if (recipient !== undefined && !message.recipients.some((address) => address.toLowerCase().includes(recipient)))
    return false;
  return messageId === undefined || message.messageId === messageId || message.providerMessageId === messageId;
}

/** The newest that come before an id. Ids are the positions, counted from `first`. */
function pageOf<T extends { readonly id: string }>(
  records: readonly T[],
  first: number,
  limit: number,
  before: string | undefined,
  test: (record: T) => boolean,
): Page<T> {
  const items: T[] = [];
  const start = before === undefined ? records.length : Math.min(Number(before) - first, records.length);
  for (let index = start - 1; index >= 0; index -= 1) {
    const record = records[index];
    if (!record || !test(record)) continue;
    if (items.length === limit) return { items, next: items.at(-1)?.id };
    items.push(record);
  }
  return { items };
}
