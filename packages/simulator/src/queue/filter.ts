import type { DeadLetter, QueueMessage } from "./record.ts";
import { Refusal } from "./refusal.ts";

/** Which of the filters a message must match; several values of one are alternatives, several filters hold together. */
const readers: Readonly<Record<string, (message: QueueMessage) => readonly (string | undefined)[]>> = {
  messageId: ({ id }) => [id],
  url: ({ url }) => [url],
  host: ({ url }) => [new URL(url).host],
  path: ({ url }) => [new URL(url).pathname],
  topicName: ({ origin }) => [origin.topicName],
  queueName: ({ origin }) => [origin.queueName],
  scheduleId: ({ origin }) => [origin.scheduleId],
  callerIp: ({ origin }) => [origin.callerIp],
  label: ({ options }) => options.labels,
  flowControlKey: ({ options }) => [options.flowControl?.key],
};

/** A test for the query of a list or a bulk action. */
export function messageFilter(query: URLSearchParams): (message: QueueMessage) => boolean {
  const from = numberOf(query, "fromDate") ?? -Infinity;
  const to = numberOf(query, "toDate") ?? Infinity;
  const wanted = Object.entries(readers).flatMap(([name, read]) => {
    const values = query.getAll(name);
    return values.length > 0 ? [{ read, values }] : [];
  });
  return (message) =>
    message.createdAtMs >= from &&
    message.createdAtMs <= to &&
    wanted.every(({ read, values }) => read(message).some((value) => value !== undefined && values.includes(value)));
}

export function deadLetterFilter(query: URLSearchParams): (letter: DeadLetter) => boolean {
  const matches = messageFilter(query);
  const statuses = query.getAll("responseStatus");
  return ({ message, response }) =>
    matches(message) && (statuses.length === 0 || statuses.includes(String(response?.status ?? 0)));
}

export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,16}$/.test(text)) throw new Refusal(400, `invalid ${name}`);
  return Number(text);
}

/** How many a list gives at once. */
export function countOf(query: URLSearchParams, max: number): number {
  const count = numberOf(query, "count") ?? max;
  if (count < 1) throw new Refusal(400, "invalid count");
  return Math.min(count, max);
}
