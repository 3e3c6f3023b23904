import { fromBase64, toBase64, utf8 } from "../wire/bytes.ts";
import type { DeadLetter, FlowControl, HeaderList, QueueMessage, QueueSettings, Schedule, UrlGroup } from "./record.ts";
import type { Records } from "./records.ts";

/** Records as the API shows them (docs `qstash/openapi.yaml`). Absent values are left out of the JSON. */

export function headerMap(headers: HeaderList): Record<string, string[]> {
  const map: Record<string, string[]> = {};
  for (const [name, value] of headers) (map[canonical(name)] ??= []).push(value);
  return map;
}

/** As Go writes it: `Content-Type`. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** Text where the bytes are text, base64 otherwise; the other one is left out. */
function bodyView(base64: string): { readonly text?: string; readonly base64?: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fromBase64(base64)) };
  } catch {
    return { base64 };
  }
}

/** What is shown of the headers and the body when some of them are not to be seen. */
function shown({ options, bodyBase64, bodyHash }: QueueMessage): { readonly header: unknown; readonly body: object } {
  const { redact } = options;
  const hidden = new Set(redact.flatMap((field) => /^headers?\[(.+)\]$/.exec(field)?.[1]?.toLowerCase() ?? []));
  const hidesAll = redact.includes("header") || redact.includes("headers");
  const headers = options.headers.map(([name, value]) =>
    hidesAll || hidden.has(name) ? ([name, "REDACTED"] as const) : ([name, value] as const),
  );
  if (redact.includes("body")) return { header: headerMap(headers), body: { body: `REDACTED:${bodyHash}` } };
  const { text, base64 } = bodyView(bodyBase64);
  return { header: headerMap(headers), body: { body: text, bodyBase64: base64 } };
}

export function messageView(message: QueueMessage): Record<string, unknown> {
  const { options, origin } = message;
  const { header, body } = shown(message);
  return {
    messageId: message.id,
    url: message.url,
    topicName: origin.topicName,
    endpointName: origin.endpointName,
    method: options.method,
    header,
    ...body,
    maxRetries: options.maxRetries,
    retryDelayExpression: options.retryDelayExpression,
    notBefore: options.notBeforeMs ?? message.createdAtMs + (options.delayMs ?? 0),
    createdAt: message.createdAtMs,
    callback: options.callback?.url,
    failureCallback: options.failureCallback?.url,
    queueName: origin.queueName,
    scheduleId: origin.scheduleId,
    callerIP: origin.callerIp,
    ...flowView(options.flowControl),
    label: options.labels[0],
    labels: options.labels.length > 0 ? options.labels : undefined,
  };
}

function flowView(flow: QueueMessage["options"]["flowControl"]): object {
  return flow
    ? {
        flowControlKey: flow.key,
        parallelism: flow.parallelism,
        rate: flow.rate,
        period: flow.rate === undefined ? undefined : (flow.periodSeconds ?? 1),
      }
    : {};
}

export function deadLetterView({ id, message, response }: DeadLetter): Record<string, unknown> {
  const { text, base64 } = response ? bodyView(response.bodyBase64) : {};
  return {
    ...messageView(message),
    dlqId: id,
    responseStatus: response?.status,
    responseHeader: response && headerMap(response.headers),
    responseBody: text,
    responseBodyBase64: base64,
  };
}

/** A message's log, one entry an event. */
export function logViews(message: QueueMessage): readonly (Record<string, unknown> & { readonly time: number })[] {
  const view = messageView(message);
  return message.log.map((entry) => ({
    ...entry,
    messageId: message.id,
    url: message.url,
    topicName: view["topicName"],
    endpointName: view["endpointName"],
    scheduleId: view["scheduleId"],
    queueName: view["queueName"],
    method: view["method"],
    header: view["header"],
    // Base64 here, and text elsewhere.
    body: message.options.redact.includes("body") ? toBase64(utf8(String(view["body"]))) : message.bodyBase64,
    callback: view["callback"],
    failureCallback: view["failureCallback"],
    maxRetries: view["maxRetries"],
    flowControlKey: view["flowControlKey"],
    label: view["label"],
    labels: view["labels"],
    timeout: message.options.timeoutMs,
  }));
}

export function scheduleView(schedule: Schedule): Record<string, unknown> {
  const { options } = schedule;
  const { text, base64 } = bodyView(schedule.bodyBase64);
  return {
    scheduleId: schedule.id,
    cron: schedule.cron,
    createdAt: schedule.createdAtMs,
    destination: schedule.destination,
    method: options.method,
    header: headerMap(options.headers),
    body: text,
    bodyBase64: base64,
    retries: options.maxRetries,
    retryDelayExpression: options.retryDelayExpression,
    delay: options.delayMs === undefined ? undefined : options.delayMs / 1000,
    callback: options.callback?.url,
    failureCallback: options.failureCallback?.url,
    callerIP: schedule.callerIp,
    isPaused: schedule.isPaused,
    queueName: schedule.queueName,
    ...flowView(options.flowControl),
    label: options.labels[0],
    labels: options.labels.length > 0 ? options.labels : undefined,
    lastScheduleTime: schedule.lastAtMs,
    nextScheduleTime: schedule.isPaused ? undefined : schedule.nextAtMs,
    lastScheduleStates: Object.keys(schedule.lastStates).length > 0 ? schedule.lastStates : undefined,
  };
}

export function queueView(records: Records, queue: QueueSettings): Record<string, unknown> {
  const lag = records.messages
    .list()
    .filter(({ state, origin }) => state === "waiting" && origin.queueName === queue.name).length;
  return {
    createdAt: queue.createdAtMs,
    updatedAt: queue.updatedAtMs,
    name: queue.name,
    parallelism: queue.parallelism,
    lag,
    paused: queue.paused,
  };
}

export function groupView({ name, endpoints, createdAtMs, updatedAtMs }: UrlGroup): Record<string, unknown> {
  return { name, endpoints, createdAt: createdAtMs, updatedAt: updatedAtMs };
}

export interface FlowState {
  readonly waiting: number;
  readonly running: number;
  readonly nowMs: number;
}

export function flowControlView(flow: FlowControl, { waiting, running, nowMs }: FlowState): Record<string, unknown> {
  const { parallelism = 0, rate = 0, periodSeconds = 1 } = flow.limits;
  const isOver = nowMs >= flow.periodStartMs + periodSeconds * 1000;
  return {
    flowControlKey: flow.key,
    waitListSize: waiting,
    parallelismMax: parallelism,
    parallelismCount: running,
    rateMax: rate,
    rateCount: isOver ? 0 : flow.countInPeriod,
    ratePeriod: rate === 0 ? 0 : periodSeconds,
    ratePeriodStart: Math.floor(flow.periodStartMs / 1000),
    isPaused: flow.isPaused,
    isPinnedParallelism: flow.isPinnedParallelism,
    isPinnedRate: flow.isPinnedRate,
  };
}
