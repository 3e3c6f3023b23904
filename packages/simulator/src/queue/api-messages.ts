import { objectOf, objectsOf, stringOf } from "../wire/json.ts";
import { utf8 } from "../wire/bytes.ts";
import type { Answer } from "../route.ts";
import type { Decide, QueueContext, QueueRequest, QueueRoute } from "./call.ts";
import { cancel } from "./conclude.ts";
import { countOf, messageFilter, numberOf } from "./filter.ts";
import { limits } from "./limits.ts";
import { checkLoopback, prepare, publish, type Prepared, type Published } from "./publish.ts";
import type { QueueMessage } from "./record.ts";
import { Refusal } from "./refusal.ts";
import { logViews, messageView } from "./views.ts";

const maxLogs = 1000;

export const messageRoutes: readonly QueueRoute[] = [
  {
    method: "POST",
    path: /^\/publish\/(.*)$/s,
    handle: (request, [destination = ""], context) => publishFrom(request, destination, undefined, context),
  },
  {
    method: "POST",
    path: /^\/enqueue\/([^/]+)\/(.*)$/s,
    handle: (request, [queueName = "", destination = ""], context) =>
      publishFrom(request, destination, queueName, context),
  },
  { method: "POST", path: /^\/batch$/, handle: (request, _, context) => publishBatch(request, context) },
  {
    method: "GET",
    path: /^\/messages\/([^/]+)$/,
    handle:
      (_, [id = ""], context) =>
      () => ({ status: 200, body: messageView(pending(context, id)) }),
  },
  {
    method: "DELETE",
    path: /^\/messages\/([^/]+)$/,
    handle:
      ({ nowMs }, [id = ""], context) =>
      () => {
        cancel(context.records, pending(context, id), nowMs);
        return { status: 200, body: { cancelled: 1 } };
      },
  },
  { method: "DELETE", path: /^\/messages\/?$/, handle: (request, _, context) => () => cancelMany(request, context) },
  {
    method: "GET",
    path: /^\/(events|logs)$/,
    handle:
      ({ query }, [name = ""], { records }) =>
      () => {
        const matches = messageFilter(new URLSearchParams([...query].filter(([key]) => !key.endsWith("Date"))));
        const ids = query.getAll("messageIds");
        const state = query.get("state");
        const before = numberOf(query, "cursor") ?? Infinity;
        const from = numberOf(query, "fromDate") ?? -Infinity;
        const to = numberOf(query, "toDate") ?? Infinity;
        const count = countOf(query, maxLogs);
        const entries = records.messages
          .list()
          .filter((message) => matches(message) && (ids.length === 0 || ids.includes(message.id)))
          .flatMap(logViews)
          .filter((entry) => entry.time < before && entry.time >= from && entry.time <= to)
          .filter((entry) => state === null || entry["state"] === state)
          .toSorted((a, b) => b.time - a.time);
        const page = entries.slice(0, count);
        const cursor = entries.length > count ? String(page.at(-1)?.time ?? "") : "";
        return { status: 200, body: { cursor, [name]: page } };
      },
  },
];

async function publishFrom(
  request: QueueRequest,
  path: string,
  queueName: string | undefined,
  { records, target }: QueueContext,
): Promise<Decide> {
  const { headers, body, nowMs, callerIp, region } = request;
  // The query is the destination's.
  const destination = path + request.search;
  checkLoopback(destination, target);
  const prepared = await prepare({ destination, headers, body, origin: { queueName, callerIp, region } }, nowMs);
  return () => {
    const published = publish(records, prepared, nowMs);
    const isDuplicate = "messageId" in published && published.deduplicated;
    return { status: isDuplicate ? 202 : 200, body: published };
  };
}

interface RefusedItem {
  readonly error: string;
}

async function publishBatch(request: QueueRequest, { records, target }: QueueContext): Promise<Decide> {
  const { nowMs, callerIp, region } = request;
  if (!Array.isArray(request.json)) throw new Refusal(400, "failed to parse the batch: expected an array");
  if (request.body.length > limits.maxBatchBytes) throw new Refusal(412, "quota maxBatchSize exceeded");
  const items = objectsOf(request.json);
  if (items.length !== request.json.length) throw new Refusal(400, "failed to parse the batch: expected objects");
  const prepared: (Prepared | RefusedItem)[] = [];
  for (const item of items) {
    const destination = stringOf(item["destination"]) ?? "";
    const queueName = typeof item["queue"] === "string" ? item["queue"] : undefined;
    const body = utf8(typeof item["body"] === "string" ? item["body"] : "");
    try {
      const headers = headersOf(objectOf(item["headers"]) ?? {});
      checkLoopback(destination, target);
      prepared.push(await prepare({ destination, headers, body, origin: { queueName, callerIp, region } }, nowMs));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      prepared.push({ error: error.message });
    }
  }
  return () => ({
    status: 200,
    body: prepared.map((item): Published | readonly Published[] | RefusedItem => {
      if ("error" in item) return item;
      try {
        return publish(records, item, nowMs);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return { error: error.message };
      }
    }),
  });
}

/** Of an item, where they are JSON: nothing has kept them from what a header cannot be. Throws a {@link Refusal}. */
function headersOf(given: object): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, String(value));
    } catch {
      throw new Refusal(400, `invalid header ${name}`);
    }
  }
  return headers;
}

/** A message that has not ended. Throws a {@link Refusal}. */
function pending({ records }: QueueContext, id: string): QueueMessage {
  const message = records.messages.get(id);
  if (message?.state !== "waiting") throw new Refusal(404, `message ${id} not found`);
  return message;
}

/** Without any parameter it cancels everything. */
function cancelMany({ query, nowMs }: QueueRequest, { records }: QueueContext): Answer {
  const ids = query.getAll("messageIds");
  const matches = messageFilter(query);
  const found = records.messages
    .list()
    .filter((message) => message.state === "waiting")
    .filter((message) => (ids.length > 0 ? ids.includes(message.id) : matches(message)));
  for (const message of found) cancel(records, message, nowMs);
  return { status: 200, body: { cancelled: found.length } };
}
