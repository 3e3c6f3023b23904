import { toBase64, utf8 } from "../wire/bytes.ts";
import { release } from "./gates.ts";
import { newMessage } from "./publish.ts";
import type {
  CallbackOptions,
  DeliveryAttempt,
  DestinationResponse,
  LogEntry,
  MessageState,
  QueueMessage,
} from "./record.ts";
import type { Records } from "./records.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { headerMap } from "./views.ts";

/** A delivery that has ended, one way or the other. */
export interface Delivered {
  readonly attempt: DeliveryAttempt;
  readonly response?: DestinationResponse | undefined;
  readonly nowMs: number;
  /** Waits before each retry, the last one again and again, that stand in for QStash's own, which take hours. */
  readonly retryDelaysMs?: readonly number[] | undefined;
}

const noRetryStatus = 489;
const noRetryHeader = "upstash-nonretryable-error";

/** What becomes of a message after a delivery: the end, a retry, or the dead letters; and its callbacks. */
export function conclude(records: Records, message: QueueMessage, delivered: Delivered): void {
  const { attempt, response, nowMs } = delivered;
  const attempts = [...message.attempts, attempt];
  const log: LogEntry[] = [...message.log, { time: attempt.atMs, state: "ACTIVE" }];
  const { status } = attempt;
  const isSuccess = status !== undefined && status >= 200 && status < 300;
  if (isSuccess) {
    log.push({ time: nowMs, state: "DELIVERED" });
    return end(records, { ...message, attempts, log }, "delivered", delivered);
  }
  const headers = response && new Headers(response.headers.map(([name, value]) => [name, value]));
  const isFinal =
    message.retried >= message.options.maxRetries ||
    (status === noRetryStatus && headers?.get(noRetryHeader)?.toLowerCase() === "true");
  const error = attempt.error ?? `unexpected status code: ${status}`;
  log.push({ time: nowMs, state: "ERROR", error, responseStatus: status });
  if (isFinal) {
    log.push({ time: nowMs, state: "FAILED", error });
    return end(records, { ...message, attempts, log }, "failed", delivered);
  }
  const { retryDelayExpression } = message.options;
  const waitMs =
    delivered.retryDelaysMs?.at(Math.min(message.retried, delivered.retryDelaysMs.length - 1)) ??
    retryDelayMs(message.retried, retryDelayExpression, headers, nowMs);
  const dueAtMs = nowMs + waitMs;
  log.push({ time: nowMs, state: "RETRY", nextDeliveryTime: dueAtMs });
  records.messages.put({ ...message, attempts, log, retried: message.retried + 1, dueAtMs });
  callBack(records, message, message.options.callback, delivered);
}

function end(records: Records, message: QueueMessage, state: MessageState, delivered: Delivered): void {
  const { place } = message;
  records.messages.put({ ...message, state, heldBy: undefined, place: undefined });
  noteSchedule(records, message, state);
  // The next of a queue waits for the callbacks, too: they take over the place.
  let remaining = callBack(records, message, message.options.callback, delivered, { place });
  if (state === "failed") {
    const dlqId = `${delivered.nowMs}-${records.nextNumber()}`;
    records.deadLetters.put({
      id: dlqId,
      message: { ...message, state, heldBy: undefined, place: undefined },
      response: delivered.response,
    });
    const { failureCallback } = message.options;
    remaining = callBack(records, message, failureCallback, delivered, { place, dlqId }) || remaining;
  }
  if (place !== undefined && !remaining) leave(records, place);
}

/** Ends a message without delivering it. */
export function cancel(records: Records, message: QueueMessage, nowMs: number): void {
  const log: LogEntry[] = [...message.log, { time: nowMs, state: "CANCELLED" }];
  records.messages.put({ ...message, state: "cancelled", heldBy: undefined, place: undefined, log });
  if (message.place !== undefined) leave(records, message.place);
}

function leave(records: Records, queueName: string): void {
  release(records, `queue ${queueName}`, 1);
}

/** Publishes the answer to where the message says. False: to nobody. */
function callBack(
  records: Records,
  message: QueueMessage,
  to: CallbackOptions | undefined,
  { attempt, response, nowMs }: Delivered,
  { place, dlqId }: { readonly place?: string | undefined; readonly dlqId?: string | undefined } = {},
): boolean {
  if (!to) return false;
  const { options, origin } = message;
  const body = {
    status: attempt.status ?? 0,
    header: headerMap(response?.headers ?? []),
    body: response?.bodyBase64 ?? "",
    retried: message.retried,
    maxRetries: options.maxRetries,
    ...(dlqId !== undefined && { dlqId }),
    sourceMessageId: message.id,
    topicName: origin.topicName,
    endpointName: origin.endpointName,
    url: message.url,
    method: options.method,
    sourceHeader: headerMap(options.headers),
    sourceBody: message.bodyBase64,
    notBefore: options.notBeforeMs ?? message.createdAtMs + (options.delayMs ?? 0),
    createdAt: message.createdAtMs,
    scheduleId: origin.scheduleId,
    callerIP: origin.callerIp,
  };
  const { url, ...delivery } = to;
  const { callerIp, region } = origin;
  const parts = {
    url,
    options: { ...delivery, labels: options.labels, redact: options.redact },
    origin: { callerIp, region },
    bodyBase64: toBase64(utf8(JSON.stringify(body))),
    bodyHash: message.bodyHash,
    callbackOf: message.id,
    place,
  };
  records.messages.put(newMessage(parts, nowMs));
  return true;
}

function noteSchedule(records: Records, message: QueueMessage, state: MessageState): void {
  const { scheduleId } = message.origin;
  const schedule = scheduleId === undefined ? undefined : records.schedules.get(scheduleId);
  if (!schedule || !(message.id in schedule.lastStates)) return;
  const now = state === "delivered" ? "SUCCESS" : "FAIL";
  records.schedules.put({ ...schedule, lastStates: { ...schedule.lastStates, [message.id]: now } });
}
