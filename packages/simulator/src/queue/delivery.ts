import { providerSettings } from "../settings.ts";
import type { Store } from "../store/store.ts";
import { fromBase64, toBase64 } from "../wire/bytes.ts";
import type { Fetch } from "../webhook/dispatcher.ts";
import { conclude } from "./conclude.ts";
import { admit, release } from "./gates.ts";
import type { DestinationResponse, QueueMessage } from "./record.ts";
import type { Records } from "./records.ts";
import { runSchedules } from "./schedule.ts";
import { signRequest } from "./signature.ts";

export interface DeliveryOptions {
  readonly store: Store;
  readonly records: Records;
  readonly deliver: Fetch;
  /** Nobody else is called than this origin. */
  readonly target: string | undefined;
  readonly now: () => Date;
}

export interface QueueDelivery {
  /** Delivers what is due. Starts nothing more after `budgetMs`; answers how many deliveries it made. */
  flush(budgetMs?: number): Promise<number>;
  /** Delivers everything that no pause holds, due or not, until nothing waits. Schedules are left alone. */
  settle(): Promise<number>;
  /** What is due has changed: a running flush looks again. */
  poke(): void;
  /** Deliveries of a flow-control key that are running, or of all. */
  running(key?: string): number;
}

/** What a Durable Object may have open at once. */
const connections = 6;
/** QStash waits longer, but the alarm that delivers does not. */
const maxAnswerMs = 120_000;
const maxResponseBytes = 65_536;

export function createQueueDelivery(options: DeliveryOptions): QueueDelivery {
  const { store, records, target } = options;
  const nowMs = (): number => options.now().getTime();
  const inFlight = new Map<string, { readonly flowKey: string | undefined; readonly done: Promise<void> }>();
  let last: Promise<unknown> = Promise.resolve();
  let poke = (): void => undefined;

  const running = (key?: string): number =>
    key === undefined ? inFlight.size : [...inFlight.values()].filter(({ flowKey }) => flowKey === key).length;

  async function deliverOne(message: QueueMessage): Promise<void> {
    const startedAtMs = nowMs();
    const settings = providerSettings(store.settings(), "qstash");
    const answer = await call(message, startedAtMs);
    if (settings.duplicate && answer.response && isSuccess(answer.response.status)) await call(message, nowMs());
    const now = nowMs();
    // Cancelled meanwhile, or forgotten.
    if (records.messages.get(message.id)?.state !== "waiting") return;
    const attempt = {
      atMs: startedAtMs,
      durationMs: now - startedAtMs,
      status: answer.response?.status,
      error: answer.error,
    };
    const { retryDelaysMs } = store.settings().providers["qstash"] ?? {};
    conclude(records, message, { attempt, response: answer.response, nowMs: now, retryDelaysMs });
  }

  async function call(
    message: QueueMessage,
    atMs: number,
  ): Promise<{ readonly response?: DestinationResponse; readonly error?: string }> {
    const { url, options: delivery, origin } = message;
    if (target === undefined || new URL(url).origin !== new URL(target).origin) {
      return { error: "The simulator calls nobody but the receiver that it is configured with." };
    }
    const hasBody = delivery.method !== "GET";
    const body = hasBody ? fromBase64(message.bodyBase64) : new Uint8Array();
    const headers = new Headers(delivery.headers.map(([name, value]) => [name, value]));
    const own = {
      "user-agent": "Upstash-QStash",
      "upstash-signature": await signRequest(records.keys().current, { url, body, nowMs: atMs }),
      "upstash-message-id": message.id,
      "upstash-retried": String(message.retried),
      "upstash-caller-ip": origin.callerIp,
      "upstash-region": origin.region,
      "upstash-schedule-id": origin.scheduleId,
      "upstash-topic-name": origin.topicName,
    };
    for (const [name, value] of Object.entries(own)) if (value !== undefined) headers.set(name, value);
    try {
      const response = await options.deliver(url, {
        method: delivery.method,
        headers,
        ...(hasBody && { body }),
        redirect: "manual",
        signal: AbortSignal.timeout(Math.min(delivery.timeoutMs ?? maxAnswerMs, maxAnswerMs)),
      });
      return { response: await readResponse(response) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  function start(message: QueueMessage): void {
    const flowKey = message.options.flowControl?.key;
    const done = deliverOne(message).finally(() => {
      inFlight.delete(message.id);
      if (flowKey !== undefined) release(records, `flow ${flowKey}`, 1);
    });
    inFlight.set(message.id, { flowKey, done });
  }

  /** Starts what may be started, and answers how many deliveries that were. */
  function startDue(untilMs: number, keepsRates: boolean): number {
    let started = 0;
    let again = true;
    while (again && inFlight.size < connections) {
      again = false;
      for (const message of records.messages.due(untilMs, connections * 4 + inFlight.size)) {
        if (inFlight.size >= connections) break;
        if (inFlight.has(message.id)) continue;
        const admission = admit(records, message, { nowMs: nowMs(), runningOf: running, keepsRates });
        // Whatever was decided is written, so that the same message does not come up again.
        again = true;
        if (admission.go) {
          records.messages.put(admission.message);
          start(admission.message);
          started += 1;
        } else if ("heldBy" in admission) records.messages.put({ ...message, heldBy: admission.heldBy });
        else records.messages.put({ ...message, dueAtMs: admission.dueAtMs });
      }
    }
    return started;
  }

  async function run(settles: boolean, budgetMs: number): Promise<number> {
    if (target === undefined) return 0;
    const startedAt = performance.now();
    // Who held a place in flow control when the process ended holds it no more.
    for (const { key } of records.flows.list()) release(records, `flow ${key}`);
    let delivered = 0;
    for (;;) {
      if (performance.now() - startedAt < budgetMs) {
        if (!settles) await runSchedules(records, nowMs());
        delivered += startDue(settles ? Infinity : nowMs(), !settles);
      }
      if (inFlight.size === 0) return delivered;
      const poked = new Promise<void>((resolve) => {
        poke = resolve;
      });
      await Promise.race([poked, ...[...inFlight.values()].map(({ done }) => done)]);
    }
  }

  /** One run at a time: two would deliver the same messages. */
  const exclusively = (work: () => Promise<number>): Promise<number> => {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  };

  return {
    flush: (budgetMs = Infinity) => exclusively(() => run(false, budgetMs)),
    settle: () => exclusively(() => run(true, Infinity)),
    poke: () => poke(),
    running,
  };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

async function readResponse(response: Response): Promise<DestinationResponse> {
  const parts: number[] = [];
  const reader = response.body?.getReader();
  while (reader && parts.length < maxResponseBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const byte of value.subarray(0, maxResponseBytes - parts.length)) parts.push(byte);
  }
  await reader?.cancel();
  return {
    status: response.status,
    headers: [...response.headers].map(([name, value]) => [name, value] as const),
    bodyBase64: toBase64(Uint8Array.from(parts)),
  };
}
