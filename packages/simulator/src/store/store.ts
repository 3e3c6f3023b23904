import type { Fault, FaultInput } from "../fault.ts";
import type { AcceptedMessage, MessageSummary, OtherRequest, RecordedMessage, RecordedRequest } from "../message.ts";
import type { Answer, Edit, SimulatedEvent } from "../route.ts";
import type { Settings } from "../settings.ts";
import type { QueueRecords } from "./queue-records.ts";
import type { Page } from "./page.ts";

/** Requests without messages that are kept: enough to look back on, and few enough for a long run of refused ones. */
export const maxOtherRequests = 200;
/** Of such a request's body this much is kept, in UTF-16 units. */
export const maxOtherBodyLength = 100_000;

/** One try to deliver a webhook, and what came of it. */
export interface WebhookAttempt {
  readonly atMs: number;
  readonly durationMs: number;
  /** Absent when no answer came. */
  readonly status?: number | undefined;
  /** Why no answer came. */
  readonly error?: string | undefined;
}

/** `no-target`: nobody is configured to receive it. */
export type WebhookState = "waiting" | "delivered" | "failed" | "no-target";

/** An event that is, or was, to be delivered. */
export interface WebhookRecord {
  readonly id: string;
  /** The simulator's id of the message. */
  readonly message: string;
  readonly provider: string;
  readonly event: SimulatedEvent;
  readonly payload: unknown;
  /** Where it goes, when its message names that. */
  readonly url?: string | undefined;
  readonly state: WebhookState;
  readonly dueAtMs: number;
  readonly attempts: readonly WebhookAttempt[];
}

export type NewWebhook = Pick<WebhookRecord, "event" | "payload" | "url" | "state" | "dueAtMs">;

/** What one accepted request leaves behind: stored whole or not at all. */
export interface Acceptance {
  readonly provider: string;
  readonly receivedAtMs: number;
  readonly idempotencyKey?: string | undefined;
  readonly request: Omit<RecordedRequest, "id">;
  readonly entries: readonly { readonly message: AcceptedMessage; readonly webhooks: readonly NewWebhook[] }[];
  readonly edits?: readonly Edit[] | undefined;
  readonly remember?: { readonly key: string; readonly remembered: Remembered } | undefined;
}

/** The answer that an idempotency key stands for. */
export interface Remembered {
  /** Hash of the request that the key came with. */
  readonly fingerprint: string;
  readonly answer: Answer;
  readonly expiresAtMs: number;
}

export interface MessageFilter {
  readonly provider?: string | undefined;
  /** A kind of content. */
  readonly channel?: string | undefined;
  /** Part of an address, in lower case. */
  readonly recipient?: string | undefined;
  /** Carillon's id of the message, or the provider's. */
  readonly messageId?: string | undefined;
}

export interface WitnessSummary {
  /** Different `carillon_message_id`s. */
  readonly messages: number;
  /** How many times a message was accepted, in all. A request answered from its idempotency key does not count. */
  readonly accepted: number;
  /** Acceptances beyond the first of each message. */
  readonly duplicates: number;
  /** The first hundred messages that were accepted more than once. */
  readonly duplicated: readonly { readonly messageId: string; readonly accepted: number }[];
}

/**
 * Everything that the simulator keeps. Synchronous: what one request decides is stored before another runs.
 * In memory for tests; in SQLite for the Worker.
 */
export interface Store {
  accept(acceptance: Acceptance): void;
  messages(filter: MessageFilter, limit: number, before?: string): Page<MessageSummary>;
  message(id: string): (RecordedMessage & { readonly request: RecordedRequest }) | undefined;
  /** The newest message of a provider that it calls by this id. */
  messageOf(provider: string, providerMessageId: string): RecordedMessage | undefined;
  /** Keeps a request that brought no message, with what it changes. Of these the newest {@link maxOtherRequests} stay. */
  addRequest(request: Omit<OtherRequest, "id">, edits: readonly Edit[]): void;
  /** Newest first. */
  otherRequests(limit: number, before?: string): Page<OtherRequest>;
  /**
   * Forgets messages, requests, webhooks, idempotency keys, the witness's counts, and the queue's messages and dead letters.
   * Faults and settings stay, what the queue was told to keep (schedules, queues, URL groups, signing keys), and the
   * subscriptions of real browsers.
   */
  clear(): void;

  /** Newest first. */
  webhooks(filter: { readonly message?: string | undefined }, limit: number, before?: string): Page<WebhookRecord>;
  webhook(id: string): WebhookRecord | undefined;
  /** Webhooks of several messages, in the order that their events were made. */
  webhooksOf(messages: readonly string[]): readonly WebhookRecord[];
  addWebhook(message: string, provider: string, webhook: NewWebhook): WebhookRecord;
  /** Waiting ones whose time has come, the longest due first. */
  dueWebhooks(untilMs: number, limit: number): readonly WebhookRecord[];
  nextDueMs(): number | undefined;
  recordAttempt(ids: readonly string[], attempt: WebhookAttempt, state: WebhookState, dueAtMs: number): void;

  remembered(key: string, nowMs: number): Remembered | undefined;

  addFault(fault: FaultInput): Fault;
  faults(): readonly Fault[];
  /** The first fault that the test holds for, its count taken down; one that is used up is gone. */
  takeFault(test: (fault: Fault) => boolean): Fault | undefined;
  /** All of them, when no id is given. False: no such fault. */
  deleteFaults(id?: string): boolean;

  settings(): Settings;
  setSettings(settings: Settings): void;

  /** What the simulated QStash keeps, and the push service of real browsers. */
  readonly queue: QueueRecords;

  witness(): WitnessSummary;
  witnessCounts(messageId?: string): Iterable<readonly [messageId: string, accepted: number]>;
}
