import type { QueueMessage } from "./record.ts";
import type { Records } from "./records.ts";

/** Whether a message that is due may be delivered now. */
export type Admission =
  | { readonly go: true; readonly message: QueueMessage }
  /** It waits for a place, or for the end of a pause. */
  | { readonly go: false; readonly heldBy: string }
  /** It waits for the next period of its flow control. */
  | { readonly go: false; readonly dueAtMs: number };

export interface AdmissionOptions {
  readonly nowMs: number;
  /** Deliveries of a flow-control key that are running. */
  readonly runningOf: (key: string) => number;
  /** Whether rates are kept; parallelism and order always are. */
  readonly keepsRates: boolean;
}

/** Asks the message's queue, then its flow control, and takes its place in both. */
export function admit(records: Records, message: QueueMessage, options: AdmissionOptions): Admission {
  const { nowMs, runningOf, keepsRates } = options;
  const { queueName } = message.origin;
  const queue = queueName === undefined ? undefined : records.queues.get(queueName);
  if (queue) {
    const isFull = message.place === undefined && records.messages.countPlaces(queue.name) >= queue.parallelism;
    if (queue.paused || isFull) return { go: false, heldBy: `queue ${queue.name}` };
  }
  const key = message.options.flowControl?.key;
  const flow = key === undefined ? undefined : records.flows.get(key);
  if (flow) {
    const { parallelism, rate, periodSeconds = 1 } = flow.limits;
    const isFull = parallelism !== undefined && runningOf(flow.key) >= parallelism;
    if (flow.isPaused || isFull) return { go: false, heldBy: `flow ${flow.key}` };
    const endMs = flow.periodStartMs + periodSeconds * 1000;
    const isOver = nowMs >= endMs;
    const count = isOver ? 0 : flow.countInPeriod;
    if (keepsRates && rate !== undefined && count >= rate) return { go: false, dueAtMs: endMs };
    records.flows.put({ ...flow, periodStartMs: isOver ? nowMs : flow.periodStartMs, countInPeriod: count + 1 });
  }
  return { go: true, message: { ...message, place: message.place ?? queue?.name } };
}

/** Lets the oldest that wait for something ask again. */
export function release(records: Records, heldBy: string, count: number = Number.MAX_SAFE_INTEGER): void {
  for (const message of records.messages.held(heldBy, count)) records.messages.put({ ...message, heldBy: undefined });
}
