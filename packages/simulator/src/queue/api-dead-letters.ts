import { countOf, deadLetterFilter } from "./filter.ts";
import type { QueueContext, QueueRequest, QueueRoute } from "./call.ts";
import { readOptions } from "./publication.ts";
import { newMessage } from "./publish.ts";
import type { DeadLetter, MessageOptions } from "./record.ts";
import type { Records } from "./records.ts";
import { Refusal } from "./refusal.ts";
import { deadLetterView } from "./views.ts";

const maxCount = 100;

export const deadLetterRoutes: readonly QueueRoute[] = [
  {
    method: "GET",
    path: /^\/dlq$/,
    handle:
      ({ query }, _, { records }) =>
      () => {
        const { letters, cursor } = select(query, records);
        return { status: 200, body: { cursor, messages: letters.map(deadLetterView) } };
      },
  },
  {
    method: "DELETE",
    path: /^\/dlq$/,
    handle:
      ({ query }, _, { records }) =>
      () => {
        const { letters, cursor } = select(query, records);
        for (const { id } of letters) records.deadLetters.delete(id);
        return { status: 200, body: { deleted: letters.length, cursor } };
      },
  },
  {
    method: "POST",
    path: /^\/dlq\/retry$/,
    handle: (request, _, { records }) => {
      const override = overrideOf(request);
      return () => {
        const { letters, cursor } = select(request.query, records);
        const responses = letters.map((letter) => retry(records, letter, override, request.nowMs));
        return { status: 201, body: { cursor, responses } };
      };
    },
  },
  {
    method: "POST",
    path: /^\/dlq\/retry\/([^/]+)$/,
    handle: (request, [id = ""], context) => {
      const override = overrideOf(request);
      const answer = () => retry(context.records, known(context, id), override, request.nowMs);
      return () => ({ status: 201, body: answer() });
    },
  },
  {
    method: "GET",
    path: /^\/dlq\/([^/]+)$/,
    handle:
      (_, [id = ""], context) =>
      () => ({ status: 200, body: deadLetterView(known(context, id)) }),
  },
  {
    method: "DELETE",
    path: /^\/dlq\/([^/]+)$/,
    handle:
      (_, [id = ""], context) =>
      () => {
        context.records.deadLetters.delete(known(context, id).id);
        return { status: 200 };
      },
  },
];

function known({ records }: QueueContext, id: string): DeadLetter {
  const letter = records.deadLetters.get(id);
  if (!letter) throw new Refusal(404, `dlq message ${id} not found`);
  return letter;
}

/** A page of those that the query names or describes, oldest first, from its cursor on. */
function select(
  query: URLSearchParams,
  records: Records,
): { readonly letters: readonly DeadLetter[]; readonly cursor?: string } {
  const ids = query.getAll("dlqIds");
  const all = records.deadLetters.list();
  if (ids.length > 0) {
    const letters = all.filter(({ id }) => ids.includes(id));
    if (letters.length < new Set(ids).size) throw new Refusal(404, "some messages were not found in the DLQ");
    return { letters };
  }
  const after = query.get("cursor");
  const [afterMs = 0, afterNumber = 0] = (after ?? "").split("-").map(Number);
  const rest = all.filter(({ id }) => {
    const [ms = 0, number = 0] = id.split("-").map(Number);
    return after === null || ms > afterMs || (ms === afterMs && number > afterNumber);
  });
  const found = rest.filter(deadLetterFilter(query));
  const letters = found.slice(0, countOf(query, maxCount));
  const last = letters.at(-1);
  return last && found.length > letters.length ? { letters, cursor: last.id } : { letters };
}

/** What the request says about delivery replaces what the message said. */
function overrideOf({ headers, nowMs }: QueueRequest): Partial<MessageOptions> {
  const given = readOptions(headers, nowMs);
  const replaces: readonly (readonly [header: string, field: keyof MessageOptions])[] = [
    ["retries", "maxRetries"],
    ["retry-delay", "retryDelayExpression"],
    ["timeout", "timeoutMs"],
    ["method", "method"],
    ["callback", "callback"],
    ["failure-callback", "failureCallback"],
    ["label", "labels"],
    ["flow-control-key", "flowControl"],
  ];
  const replaced = replaces.filter(([header]) => headers.has(`upstash-${header}`));
  return {
    ...Object.fromEntries(replaced.map(([, field]) => [field, given[field]])),
    // What it waited for is over.
    delayMs: given.delayMs,
    notBeforeMs: given.notBeforeMs,
  };
}

/** A new message takes the dead one's place. */
function retry(
  records: Records,
  { id, message }: DeadLetter,
  override: Partial<MessageOptions>,
  nowMs: number,
): { readonly messageId: string } {
  const { url, origin, bodyBase64, bodyHash, callbackOf } = message;
  const options = { ...message.options, ...override };
  const again = newMessage({ url, options, origin, bodyBase64, bodyHash, callbackOf }, nowMs);
  records.messages.put(again);
  records.deadLetters.delete(id);
  return { messageId: again.id };
}
