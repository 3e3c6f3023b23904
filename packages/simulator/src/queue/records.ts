import { simulatorCredentials } from "../credentials.ts";
import type { QueueKind, QueueRecords } from "../store/queue-records.ts";
import type {
  DeadLetter,
  Deduplication,
  FlowControl,
  QueueMessage,
  QueueSettings,
  Schedule,
  SigningKeys,
  UrlGroup,
} from "./record.ts";

/** What goes when the simulator forgets its messages. */
export const clearedKinds: readonly QueueKind[] = ["message", "dead-letter", "deduplication", "flow", "push-delivery"];

/** Messages that have ended of which something is still known. */
const keptMessages = 500;

/** The records of one kind, with their type. */
export interface Collection<T> {
  put(record: T): void;
  get(id: string): T | undefined;
  delete(id: string): boolean;
  list(): readonly T[];
}

export interface Messages extends Collection<QueueMessage> {
  due(untilMs: number, limit: number): readonly QueueMessage[];
  /** Messages that wait for something, oldest first. */
  held(by: string, limit: number): readonly QueueMessage[];
  /** How many occupy a place of a queue. */
  countPlaces(queueName: string): number;
}

/** What the simulated QStash keeps, typed. */
export interface Records {
  readonly messages: Messages;
  readonly deadLetters: Collection<DeadLetter>;
  readonly schedules: Collection<Schedule> & { due(untilMs: number): readonly Schedule[] };
  readonly queues: Collection<QueueSettings>;
  readonly groups: Collection<UrlGroup>;
  readonly flows: Collection<FlowControl>;
  readonly deduplications: Collection<Deduplication & { readonly id: string }> & {
    /** Some of those that mean nothing any more. */
    expired(nowMs: number): readonly { readonly id: string }[];
  };
  keys(): SigningKeys;
  setKeys(keys: SigningKeys): void;
  /** A number that was never given before. */
  nextNumber(): number;
  nextDueMs(): number | undefined;
}

export function recordsOf(store: QueueRecords): Records {
  const collection = <T>(
    kind: QueueKind,
    idOf: (record: T) => string,
    dueOf?: (record: T) => number | undefined,
  ): Collection<T> => ({
    put: (record) => store.put(kind, idOf(record), record, { dueAtMs: dueOf?.(record) }),
    get: (id) => store.get(kind, id) as T | undefined,
    delete: (id) => store.delete(kind, id),
    list: () => store.list(kind) as readonly T[],
  });
  const messages = collection<QueueMessage>("message", ({ id }) => id);
  const scheduled = collection<Schedule>(
    "schedule",
    ({ id }) => id,
    (schedule) => (schedule.isPaused ? undefined : schedule.nextAtMs),
  );
  const deduplications = collection<Deduplication & { readonly id: string }>(
    "deduplication",
    ({ id }) => id,
    ({ expiresAtMs }) => expiresAtMs,
  );
  return {
    messages: {
      ...messages,
      put(message) {
        const waits = message.state === "waiting";
        const index = { heldBy: waits ? message.heldBy : undefined, place: message.place };
        store.put("message", message.id, message, { ...index, dueAtMs: waits ? message.dueAtMs : undefined });
        if (!waits) store.trim("message", keptMessages);
      },
      due: (untilMs, limit) => store.due("message", untilMs, limit) as readonly QueueMessage[],
      held: (by, limit) => store.held(by, limit) as readonly QueueMessage[],
      countPlaces: (queueName) => store.countPlaces(queueName),
    },
    deadLetters: collection("dead-letter", ({ id }) => id),
    schedules: { ...scheduled, due: (untilMs) => store.due("schedule", untilMs, 100) as readonly Schedule[] },
    queues: collection("queue", ({ name }) => name),
    groups: collection("group", ({ name }) => name),
    flows: collection("flow", ({ key }) => key),
    deduplications: {
      ...deduplications,
      expired: (nowMs) => store.due("deduplication", nowMs, 100) as readonly { readonly id: string }[],
    },
    keys: () => {
      const { currentSigningKey: current, nextSigningKey: next } = simulatorCredentials.qstash;
      return (store.get("keys", "signing") as SigningKeys | undefined) ?? { current, next };
    },
    setKeys: (keys) => store.put("keys", "signing", keys),
    nextNumber() {
      const number = Number(store.get("counter", "number") ?? 0) + 1;
      store.put("counter", "number", number);
      return number;
    },
    nextDueMs() {
      const times = [store.nextDueMs("message"), store.nextDueMs("schedule")].filter((time) => time !== undefined);
      return times.length > 0 ? Math.min(...times) : undefined;
    },
  };
}
