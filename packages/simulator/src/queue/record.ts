/** What the simulated QStash keeps: JSON, so that any store can hold it. */

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface FlowLimits {
  /** Deliveries that may run at once. */
  readonly parallelism?: number | undefined;
  /** Deliveries that may begin in a period. */
  readonly rate?: number | undefined;
  readonly periodSeconds?: number | undefined;
}

/** How a message is delivered. The headers of a publish say it; those of a callback say it with a prefix. */
export interface DeliveryOptions {
  readonly method: string;
  /** As the destination gets them, `content-type` included; names in lower case. */
  readonly headers: HeaderList;
  readonly maxRetries: number;
  /** In milliseconds, of `retried`. */
  readonly retryDelayExpression?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly delayMs?: number | undefined;
}

export interface CallbackOptions extends DeliveryOptions {
  readonly url: string;
}

export interface MessageOptions extends DeliveryOptions {
  readonly notBeforeMs?: number | undefined;
  readonly callback?: CallbackOptions | undefined;
  readonly failureCallback?: CallbackOptions | undefined;
  readonly labels: readonly string[];
  readonly flowControl?: (FlowLimits & { readonly key: string }) | undefined;
  /** `body`, `header`, or `header[Name]`. */
  readonly redact: readonly string[];
}

/** Where a message came from, beside the request that published it. */
export interface Origin {
  readonly queueName?: string | undefined;
  readonly topicName?: string | undefined;
  readonly endpointName?: string | undefined;
  readonly scheduleId?: string | undefined;
  readonly callerIp: string;
  /** As in the header `Upstash-Region`. */
  readonly region: string;
}

export type MessageState = "waiting" | "delivered" | "failed" | "cancelled";

/** One try to deliver, and what came of it. */
export interface DeliveryAttempt {
  readonly atMs: number;
  readonly durationMs: number;
  /** Absent when no answer came. */
  readonly status?: number | undefined;
  /** Why no answer came. */
  readonly error?: string | undefined;
}

export type LogState = "CREATED" | "ACTIVE" | "RETRY" | "ERROR" | "DELIVERED" | "FAILED" | "CANCELLED";

export interface LogEntry {
  readonly time: number;
  readonly state: LogState;
  readonly error?: string | undefined;
  readonly nextDeliveryTime?: number | undefined;
  readonly responseStatus?: number | undefined;
}

export interface QueueMessage {
  readonly id: string;
  readonly state: MessageState;
  readonly url: string;
  readonly options: MessageOptions;
  readonly origin: Origin;
  readonly bodyBase64: string;
  /** SHA-256 of the body, in hexadecimal: what is shown of it when it is redacted. */
  readonly bodyHash: string;
  readonly createdAtMs: number;
  /** Deliveries after the first. */
  readonly retried: number;
  /** When it is delivered next; without meaning once it has ended. */
  readonly dueAtMs: number;
  /** What it waits for although it is due: `queue <name>` or `flow <key>`. */
  readonly heldBy?: string | undefined;
  /** The queue of which it occupies a place, from its first delivery on until it and its callbacks have ended. */
  readonly place?: string | undefined;
  /** The message that it is a callback of. */
  readonly callbackOf?: string | undefined;
  readonly attempts: readonly DeliveryAttempt[];
  readonly log: readonly LogEntry[];
}

/** The answer of a destination, its body cut. */
export interface DestinationResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly bodyBase64: string;
}

export interface DeadLetter {
  /** `<milliseconds>-<number>`. */
  readonly id: string;
  readonly message: QueueMessage;
  readonly response?: DestinationResponse | undefined;
}

export interface Schedule {
  readonly id: string;
  readonly cron: string;
  /** A URL, or the name of a URL group. */
  readonly destination: string;
  readonly options: MessageOptions;
  readonly bodyBase64: string;
  readonly queueName?: string | undefined;
  readonly callerIp: string;
  readonly region: string;
  readonly createdAtMs: number;
  readonly isPaused: boolean;
  readonly lastAtMs?: number | undefined;
  readonly nextAtMs?: number | undefined;
  /** What became of the messages of its last turn. */
  readonly lastStates: Readonly<Record<string, "IN_PROGRESS" | "SUCCESS" | "FAIL">>;
}

export interface QueueSettings {
  readonly name: string;
  readonly parallelism: number;
  readonly paused: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface UrlGroup {
  readonly name: string;
  readonly endpoints: readonly { readonly name?: string | undefined; readonly url: string }[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface FlowControl {
  readonly key: string;
  /** As the newest message says, or as it is pinned. */
  readonly limits: FlowLimits;
  readonly isPaused: boolean;
  readonly isPinnedParallelism: boolean;
  readonly isPinnedRate: boolean;
  readonly periodStartMs: number;
  /** Deliveries begun since then. */
  readonly countInPeriod: number;
}

export interface SigningKeys {
  readonly current: string;
  readonly next: string;
}

/** The message that a deduplication id, or a content, stands for. */
export interface Deduplication {
  readonly messageId: string;
  readonly expiresAtMs: number;
}
