import { type ChannelId, ConfigurationError, type Input, type Notifier, type SendResult } from "carillon";
import { checkOptions } from "carillon/provider";
import { Receiver } from "@upstash/qstash";
import { answerTo, noRetry, retryLater } from "./answer.ts";
import { fromBase64 } from "./base64.ts";
import { bringsDeadLetter, deadLetterUrl } from "./callback-url.ts";
import { decodeMessage, type Envelope, isRecord, parseEnvelope, parseJson } from "./envelope.ts";
import { callable, handlerUrl, having, oneOf, signingKey, wholeNumber } from "./rules.ts";
import type { ChannelsOf, Sender } from "./sender.ts";
import type { MessageStore } from "./store.ts";

export interface HandlerOptions<N extends Sender = Notifier> {
  readonly notifier: N;
  /** Where the handler is mounted, as the internet sees it: what QStash signed. */
  readonly url: string;
  /** Upstash's receiver; or both keys, and it is made. */
  readonly receiver?: Pick<Receiver, "verify"> | undefined;
  readonly currentSigningKey?: string | undefined;
  readonly nextSigningKey?: string | undefined;
  /** The queue's, where only references travel. */
  readonly store?: Pick<MessageStore, "get"> | undefined;
  /**
   * What to do when a message may have been sent. `hold`, the default: it is dead. `retry`: QStash delivers it again; for
   * providers that honour idempotency keys, since the key stays the same.
   */
  readonly onUnknown?: "hold" | "retry" | undefined;
  /**
   * Told of every result, before QStash is answered. What it throws is discarded: a message that was sent must not be sent
   * again because of it.
   */
  readonly onResult?: ((result: SendResult, job: Job<ChannelsOf<N>>) => unknown) | undefined;
  /** Gets the messages that QStash gave up. If it throws, QStash brings them again. It may get one twice. */
  readonly onFailed?: ((dead: DeadMessage<ChannelsOf<N>>) => unknown) | undefined;
  /** Of a request's body. Default 4,194,304: a dead message comes in base64, with the last answer. */
  readonly maxBodyBytes?: number | undefined;
}

/** One delivery of a message. */
export interface Job<C extends ChannelId = ChannelId> {
  readonly message: Input<C>;
  readonly messageId: string;
  readonly idempotencyKey: string;
  /** QStash's id of the message; it stays the same from delivery to delivery. */
  readonly jobId?: string | undefined;
  /** Deliveries before this one. */
  readonly retried: number;
}

/** A message that QStash gave up. It also stands in QStash's dead letter queue, from where it can be replayed. */
export interface DeadMessage<C extends ChannelId = ChannelId> {
  /** Absent when it cannot be read any more: its store has lost it, or it was none of ours. */
  readonly message?: Input<C> | undefined;
  readonly messageId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly jobId: string;
  /** Of the dead letter, for Upstash's client: `client.dlq.retry(dlqId)`. */
  readonly dlqId?: string | undefined;
  /** The last answer: of this handler, of what stands before it, or 0 when there was none. */
  readonly status: number;
  /** What this handler answered last: a kind of failure (`recipient-gone`), or what was wrong with the job. */
  readonly reason?: string | undefined;
  readonly retried: number;
  readonly maxRetries: number;
}

const defaultMaxBodyBytes = 4_194_304;
/** Until a store that is down is asked again. */
const storeRetryMs = 30_000;

/**
 * Makes what QStash calls: mount it under `url`, for POST. It verifies the signature over the raw body, sends the message,
 * and answers so that QStash tries again what may be tried again, and nothing else.
 *
 * Errors: a `ConfigurationError` with every problem of the options. The handler never rejects for what comes in.
 *
 * @example
 * const handle = createHandler({ notifier, url: "https://app.example/jobs", currentSigningKey, nextSigningKey });
 * app.post("/jobs", (c) => handle(c.req.raw));
 */
export function createHandler<N extends Sender>(options: HandlerOptions<N>): (request: Request) => Promise<Response> {
  type C = ChannelsOf<N>;
  check(options);
  const { notifier, store, onResult, onFailed, onUnknown = "hold", maxBodyBytes = defaultMaxBodyBytes } = options;
  const receiver = options.receiver ?? receiverOf(options);
  const deadUrl = deadLetterUrl(options.url);

  async function verified(request: Request, body: string, url: string): Promise<boolean> {
    const signature = request.headers.get("upstash-signature");
    if (signature === null) return false;
    const upstashRegion = request.headers.get("upstash-region");
    try {
      return await receiver.verify({ signature, body, url, ...(upstashRegion !== null && { upstashRegion }) });
    } catch {
      return false;
    }
  }

  /** Undefined: it is not there. Throws where the store does, and for what cannot be read. */
  async function messageOf({ message, reference }: Envelope): Promise<Input<C> | undefined> {
    if (reference === undefined) return decodeMessage<C>(message);
    const stored = await store?.get(reference);
    return typeof stored === "string" ? decodeMessage<C>(parseJson(stored)) : undefined;
  }

  async function send(request: Request, envelope: Envelope): Promise<Response> {
    if (envelope.reference !== undefined && !store) return noRetry("no-store");
    let message: Input<C> | undefined;
    try {
      message = await messageOf(envelope);
    } catch {
      if (envelope.reference === undefined) return noRetry("malformed-job");
      return retryLater(503, "store-unavailable", storeRetryMs);
    }
    if (!isRecord(message)) return noRetry("message-missing");
    const { messageId, idempotencyKey } = envelope;
    let result: SendResult;
    try {
      result = await notifier.send(message as never, { messageId, idempotencyKey });
    } catch {
      // A call that the notifier cannot carry out: a channel that it has no provider for.
      return noRetry("wrong-call", { messageId });
    }
    const jobId = request.headers.get("upstash-message-id") ?? undefined;
    const retried = Number(request.headers.get("upstash-retried") ?? 0);
    try {
      await onResult?.(result, { message, messageId, idempotencyKey, jobId, retried });
    } catch {
      // Discarded, as the option says.
    }
    return answerTo(result, onUnknown);
  }

  async function bury(body: string): Promise<Response> {
    const callback = parseJson(body);
    if (!isRecord(callback) || typeof callback["sourceMessageId"] !== "string") return noRetry("malformed-callback");
    if (!onFailed) return new Response(null, { status: 204 });
    const envelope = parseEnvelope(textOf(callback["sourceBody"]));
    try {
      const answer = parseJson(textOf(callback["body"]));
      const reason = isRecord(answer) ? answer["error"] : undefined;
      // A store that is down has not lost it: the callback comes again.
      const read = envelope && messageOf(envelope);
      const message = envelope?.reference === undefined ? await readable(read) : await read;
      await onFailed({
        message: isRecord(message) ? message : undefined,
        messageId: envelope?.messageId,
        idempotencyKey: envelope?.idempotencyKey,
        jobId: callback["sourceMessageId"],
        dlqId: typeof callback["dlqId"] === "string" ? callback["dlqId"] : undefined,
        status: Number(callback["status"] ?? 0),
        reason: typeof reason === "string" ? reason : undefined,
        retried: Number(callback["retried"] ?? 0),
        maxRetries: Number(callback["maxRetries"] ?? 0),
      });
    } catch {
      return retryLater(503, "on-failed");
    }
    return new Response(null, { status: 204 });
  }

  return async (request) => {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
    const isDead = bringsDeadLetter(request.url);
    const body = await readText(request, maxBodyBytes);
    if (body === 400) return Response.json({ error: "body-cut-off" }, { status: 400 });
    if (body === 413) return Response.json({ error: "body-too-large" }, { status: 413 });
    if (!(await verified(request, body, isDead ? deadUrl : options.url))) {
      return Response.json({ error: "signature-mismatch" }, { status: 401 });
    }
    if (isDead) return bury(body);
    const envelope = parseEnvelope(body);
    return envelope ? send(request, envelope) : noRetry("malformed-job");
  };
}

function check(options: HandlerOptions<Sender>): void {
  checkOptions(
    "createHandler",
    options,
    { notifier: having("send"), url: handlerUrl },
    {
      receiver: having("verify"),
      currentSigningKey: signingKey,
      nextSigningKey: signingKey,
      store: having("get"),
      onUnknown: oneOf("hold", "retry"),
      onResult: callable,
      onFailed: callable,
      maxBodyBytes: wholeNumber(1, 100_000_000),
    },
  );
  const { receiver, currentSigningKey, nextSigningKey } = options;
  const keys = [currentSigningKey, nextSigningKey].filter((key) => key !== undefined).length;
  if (receiver ? keys > 0 : keys < 2) {
    throw new ConfigurationError("createHandler", ["expected receiver, or both currentSigningKey and nextSigningKey"]);
  }
}

/** `devMode: false`: with it, a variable of the environment would make it take the keys that everybody knows. */
function receiverOf({
  currentSigningKey = "",
  nextSigningKey = "",
}: Pick<HandlerOptions, "currentSigningKey" | "nextSigningKey">): Receiver {
  return new Receiver({ currentSigningKey, nextSigningKey, devMode: false });
}

/** A dead message is told of even if it cannot be read. */
async function readable<T>(message: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await message;
  } catch {
    return undefined;
  }
}

/** Text that came in base64; empty for what is none. */
function textOf(base64: unknown): string {
  try {
    return new TextDecoder().decode(fromBase64(typeof base64 === "string" ? base64 : ""));
  } catch {
    return "";
  }
}

/** The body as it came; a status when it breaks off, or is longer than that. What is no UTF-8 will not fit its signature. */
async function readText(request: Request, maxBytes: number): Promise<string | 400 | 413> {
  const reader = request.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let size = 0;
  for (;;) {
    const read = await reader.read().catch(() => undefined);
    if (!read) return 400;
    const { done, value } = read;
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      return 413;
    }
    text += decoder.decode(value, { stream: true });
  }
}
