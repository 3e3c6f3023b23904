import { type ChannelId, CallError, ConfigurationError, type Input } from "carillon";
import { checkOptions, text } from "carillon/provider";
import { Client } from "@upstash/qstash";
import { deadLetterUrl } from "./callback-url.ts";
import { encodeMessage, type Envelope, isRecord } from "./envelope.ts";
import { MessageTooLargeError } from "./errors.ts";
import { type FlowControl, isFlowControl, spellFlowControl } from "./flow-control.ts";
import { callable, handlerUrl, having, oneOf, wholeNumber } from "./rules.ts";
import type { MessageStore } from "./store.ts";

/** `"90s"`, `"1h30m"`, or seconds. */
export type Delay = number | string;

/** What is used of Upstash's client. */
export type QueueClient = Pick<Client, "publish" | "batch" | "messages">;

export interface QueueOptions<C extends ChannelId = ChannelId> {
  /** Upstash's client; or `token`, and it is made. */
  readonly client?: QueueClient | undefined;
  readonly token?: string | undefined;
  /** Of the token's region: `https://qstash-us-east-1.upstash.io`. Default QStash's in Europe. */
  readonly baseUrl?: string | undefined;
  /** Where the handler is mounted, as the internet sees it: the same as the handler's own `url`. */
  readonly url: string;
  /** Deliveries after the first. Default QStash's, 3; each plan has its maximum. */
  readonly retries?: number | undefined;
  /**
   * Waits before retries, an expression in milliseconds: `min(600000, pow(2, retried) * 1000)`. Default QStash's own back-off:
   * 12 seconds, 2 minutes, 30 minutes, 6 hours, then a day.
   */
  readonly retryDelay?: string | undefined;
  /** For all messages, or for each; see {@link flowControlFor}. */
  readonly flowControl?: FlowControl | ((message: Input<C>) => FlowControl | undefined) | undefined;
  /** Whether QStash brings messages that it gave up to the handler's `onFailed`. Default true. */
  readonly deadLetters?: boolean | undefined;
  /** Hides the messages in Upstash's console, logs and API. They stand in QStash's storage all the same. Default false. */
  readonly redact?: boolean | undefined;
  /** Keeps the messages, so that only a reference travels; the handler has the same. */
  readonly store?: Pick<MessageStore, "put"> | undefined;
  /** What the plan takes. Default 1,048,576, which is the Free plan's. */
  readonly maxBodyBytes?: number | undefined;
}

export interface EnqueueOptions {
  /** Names the message so that it is sent once, where the provider can tell. Default its `messageId`. */
  readonly idempotencyKey?: string | undefined;
  /** Carried to the provider and back in its webhooks: 1 to 128 of `A-Z a-z 0-9 _ -`. Made when absent. */
  readonly messageId?: string | undefined;
  /** Until the first delivery. Not beside `notBefore`. */
  readonly delay?: Delay | undefined;
  /** The earliest moment; QStash counts in seconds, and it is rounded up. */
  readonly notBefore?: Date | undefined;
  /** Another message with the same is not enqueued, for ten minutes. */
  readonly deduplicationId?: string | undefined;
}

export interface Enqueued {
  /** QStash's id: what `cancel` takes. */
  readonly jobId: string;
  /** Absent for a duplicate by its `deduplicationId`: the message that stands in the queue may have another. */
  readonly messageId?: string | undefined;
  /** A message with the same `deduplicationId`, or the same `messageId` without one, was there already. */
  readonly deduplicated: boolean;
}

export interface QueueEntry<C extends ChannelId = ChannelId> extends EnqueueOptions {
  readonly message: Input<C>;
}

/** Of one message of a batch: enqueued, or refused by QStash. */
export type EnqueueResult = (Enqueued & { readonly ok: true }) | { readonly ok: false; readonly error: string };

export interface Queue<C extends ChannelId = ChannelId> {
  /**
   * Errors: a `CallError` for a call that cannot be carried out, a {@link MessageTooLargeError}, or the client's own error
   * when QStash could not be reached or refused. Then nothing was enqueued, except that an answer may have been lost: to
   * repeat the call safely, give it a `deduplicationId`.
   */
  enqueue(message: Input<C>, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues many, at most 100 a request, and answers in order; one that QStash refuses does not fail the others. Errors as of
   * `enqueue`, and then nothing was enqueued; once a request has succeeded, the failure of a later one is in the results.
   */
  enqueueBatch(entries: readonly QueueEntry<C>[]): Promise<readonly EnqueueResult[]>;
  /** Takes a message back. False: it was delivered, given up or cancelled before. */
  cancel(jobId: string): Promise<boolean>;
}

const defaultMaxBodyBytes = 1_048_576;
const batchSize = 100;
const batchBytes = 8_000_000;
const delayText = /^(\d+[dhms])+$/;

/**
 * Enqueues messages that a handler ({@link createHandler}) sends when QStash calls it.
 *
 * Errors: a `ConfigurationError` with every problem of the options.
 *
 * @example
 * const queue = createQueue<ChannelsOf<typeof notifier>>({ token, url: "https://app.example/jobs" });
 * await queue.enqueue({ channel: "email", from, to, subject, html }, { delay: "15m" });
 */
export function createQueue<C extends ChannelId = ChannelId>(options: QueueOptions<C>): Queue<C> {
  check(options);
  const { url, store, flowControl, maxBodyBytes = defaultMaxBodyBytes } = options;
  const client: QueueClient = options.client ?? clientOf(options);

  async function requestOf(message: Input<C>, given: EnqueueOptions): Promise<Prepared> {
    const messageId = given.messageId ?? `msg_${crypto.randomUUID()}`;
    const { body, size } = await bodyOf(message, { messageId, idempotencyKey: given.idempotencyKey ?? messageId });
    if (size > maxBodyBytes) throw new MessageTooLargeError(size, maxBodyBytes);
    const flow = typeof flowControl === "function" ? flowControl(message) : flowControl;
    if (flow !== undefined && !isFlowControl(flow))
      throw new CallError(`enqueue: flowControl returned no ${flowControlText}`);
    const request = {
      url,
      body,
      headers: { "content-type": "application/json" },
      label: `carillon-${message.channel}`,
      // The client repeats a request whose answer was lost.
      deduplicationId: given.deduplicationId ?? messageId,
      ...(given.delay !== undefined && { delay: given.delay as number }),
      ...(given.notBefore !== undefined && { notBefore: Math.ceil(given.notBefore.getTime() / 1000) }),
      ...(options.retries !== undefined && { retries: options.retries }),
      ...(options.retryDelay !== undefined && { retryDelay: options.retryDelay }),
      ...(flow && { flowControl: spellFlowControl(flow) }),
      ...((options.deadLetters ?? true) && { failureCallback: deadLetterUrl(url) }),
      ...(options.redact && { redact: { body: true as const } }),
    };
    return { request, messageId, size, given };
  }

  async function bodyOf(
    message: Input<C>,
    ids: Pick<Envelope, "messageId" | "idempotencyKey">,
  ): Promise<{ readonly body: string; readonly size: number }> {
    const json = encodeMessage(message);
    const envelope = `{"carillon":1,${JSON.stringify(ids).slice(1, -1)}`;
    if (!store) return sized(`${envelope},"message":${json}}`);
    const reference = `carillon/${crypto.randomUUID()}`;
    await store.put(reference, json);
    return sized(`${envelope},"reference":${JSON.stringify(reference)}}`);
  }

  return {
    async enqueue(message, given = {}) {
      checkCall("enqueue", message, given);
      const prepared = await requestOf(message, given);
      return enqueued(await client.publish(prepared.request), prepared);
    },
    async enqueueBatch(entries) {
      if (!Array.isArray(entries)) throw new CallError("enqueueBatch: expected a list");
      for (const [index, entry] of entries.entries()) {
        if (!isRecord(entry)) throw new CallError(`enqueueBatch, entry ${index}: expected an object`);
        checkCall(`enqueueBatch, entry ${index}`, entry.message, entry);
      }
      const prepared: Prepared[] = [];
      for (const { message, ...given } of entries) prepared.push(await requestOf(message, given));
      const results: EnqueueResult[] = [];
      for (const part of requestsOf(prepared)) {
        try {
          const answers: readonly unknown[] = await client.batch(part.map(({ request }) => request));
          for (const [index, each] of part.entries()) results.push(resultOf(answers[index], each));
        } catch (error) {
          // What an earlier request enqueued must be told.
          if (results.length === 0) throw error;
          const why = { ok: false, error: error instanceof Error ? error.message : String(error) } as const;
          return [...results, ...prepared.slice(results.length).map(() => why)];
        }
      }
      return results;
    },
    async cancel(jobId) {
      if (typeof jobId !== "string" || !/^[\w.-]+$/.test(jobId))
        throw new CallError("cancel: expected the id of a job");
      // As a list of one: of a message that is gone the client would tell the console.
      return (await client.messages.cancel([jobId])).cancelled > 0;
    },
  };
}

/** As many at a time as one request should carry. */
function* requestsOf(prepared: readonly Prepared[]): Generator<readonly Prepared[]> {
  let part: Prepared[] = [];
  let size = 0;
  for (const one of prepared) {
    if (part.length === batchSize || (part.length > 0 && size + one.size > batchBytes)) {
      yield part;
      [part, size] = [[], 0];
    }
    part.push(one);
    size += one.size;
  }
  if (part.length > 0) yield part;
}

interface Prepared {
  /** Of the body, in bytes. */
  readonly size: number;
  readonly request: Parameters<QueueClient["batch"]>[0][number];
  readonly messageId: string;
  readonly given: EnqueueOptions;
}

const flowControlText = "{ key, parallelism?, rate?, periodSeconds? } with a limit";

function check(options: QueueOptions<never>): void {
  checkOptions(
    "createQueue",
    options,
    { url: handlerUrl },
    {
      client: having("publish", "batch"),
      token: (value) =>
        (typeof value === "string" && /^[!-~]+$/.test(value)) || "a token, visible ASCII without spaces",
      baseUrl: (value) =>
        (typeof value === "string" && /^https?:/.test(value) && URL.canParse(value)) || "an http or https URL",
      retries: wholeNumber(0, 1000),
      retryDelay: text,
      flowControl: (value) => callable(value) === true || isFlowControl(value) || `a function, or ${flowControlText}`,
      deadLetters: oneOf(true, false),
      redact: oneOf(true, false),
      store: having("put"),
      maxBodyBytes: wholeNumber(1, 100_000_000),
    },
  );
  const { client, token, baseUrl } = options;
  const problems = [
    ...((client === undefined) === (token === undefined) ? ["expected client or token, one of them"] : []),
    ...(client !== undefined && baseUrl !== undefined ? ["baseUrl: the client has its own"] : []),
  ];
  if (problems.length > 0) throw new ConfigurationError("createQueue", problems);
}

/** `devMode: false`: a variable of the environment must not send messages to another server. */
function clientOf({ token, baseUrl = "https://qstash.upstash.io" }: QueueOptions<never>): QueueClient {
  return new Client({ token: token ?? "", baseUrl, enableTelemetry: false, devMode: false });
}

/** What a call must be, whatever its message says. */
function checkCall(subject: string, message: unknown, given: EnqueueOptions): void {
  const wrong = (problem: string): CallError => new CallError(`${subject}: ${problem}`);
  if (!isRecord(message) || typeof message["channel"] !== "string") throw wrong("expected a message with its channel");
  const { idempotencyKey, messageId, delay, notBefore, deduplicationId } = given;
  const isPrintable = (value: unknown): boolean => typeof value === "string" && /^[!-~]([ -~]*[!-~])?$/.test(value);
  if (idempotencyKey !== undefined && !isPrintable(idempotencyKey))
    throw wrong("idempotencyKey: expected printable ASCII");
  if (deduplicationId !== undefined && !isPrintable(deduplicationId)) {
    throw wrong("deduplicationId: expected printable ASCII");
  }
  if (messageId !== undefined && !(typeof messageId === "string" && /^[\w-]{1,128}$/.test(messageId))) {
    throw wrong("messageId: expected 1 to 128 of A-Z a-z 0-9 _ -");
  }
  if (delay !== undefined && notBefore !== undefined) throw wrong("delay and notBefore exclude each other");
  const isDelay = typeof delay === "number" ? Number.isSafeInteger(delay) && delay >= 0 : delayText.test(delay ?? "0s");
  if (!isDelay) throw wrong("delay: expected whole seconds, or a text like 1h30m");
  if (notBefore !== undefined && !(notBefore instanceof Date && Number.isFinite(notBefore.getTime()))) {
    throw wrong("notBefore: expected a valid Date");
  }
}

function sized(body: string): { readonly body: string; readonly size: number } {
  return { body, size: new TextEncoder().encode(body).length };
}

function enqueued(answer: unknown, { messageId, given }: Prepared): Enqueued {
  const { messageId: jobId, deduplicated } = (answer ?? {}) as { messageId?: unknown; deduplicated?: unknown };
  if (typeof jobId !== "string") throw new CallError("enqueue: QStash answered without an id");
  const isDuplicate = deduplicated === true;
  if (isDuplicate && given.deduplicationId !== undefined) return { jobId, deduplicated: true };
  // An id that was made for this call can only be known from this call: its first answer was lost.
  return { jobId, messageId, deduplicated: isDuplicate && given.messageId !== undefined };
}

function resultOf(answer: unknown, prepared: Prepared): EnqueueResult {
  if (isRecord(answer) && typeof answer["messageId"] === "string") return { ok: true, ...enqueued(answer, prepared) };
  const error = isRecord(answer) ? answer["error"] : undefined;
  return { ok: false, error: typeof error === "string" ? error : "QStash answered without an id" };
}
