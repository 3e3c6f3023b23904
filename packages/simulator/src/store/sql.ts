import type { Fault } from "../fault.ts";
import { describeContent } from "../describe.ts";
import type { MessageContent, MessageSummary, OtherRequest, RecordedMessage, RecordedRequest } from "../message.ts";
import type { Edit } from "../route.ts";
import { defaultSettings, type Settings } from "../settings.ts";
import { schema } from "./schema.ts";
import { maxOtherBodyLength, maxOtherRequests } from "./store.ts";
import type { Page, Remembered, Store, WebhookRecord, WebhookState } from "./store.ts";

type Row = Readonly<Record<string, unknown>>;

/** What is needed of a Durable Object's `ctx.storage.sql`. */
export interface SqlDatabase {
  exec(query: string, ...bindings: (string | number | null)[]): { toArray(): Row[] };
}

/** A value in SQLite holds at most 2 MB in a Durable Object; a UTF-16 unit takes at most 3 bytes. */
const maxPartLength = 500_000;

/** A store in SQLite, durable where the database is. `transaction` runs its writes as one: `ctx.storage.transactionSync`. */
export function sqlStore(database: SqlDatabase, transaction: (run: () => void) => void = (run) => run()): Store {
  for (const statement of schema) database.exec(statement);

  const rows = (query: string, ...bindings: (string | number | null)[]): Row[] =>
    database.exec(query, ...bindings).toArray();
  const insert = (query: string, ...bindings: (string | number | null)[]): number =>
    Number(rows(`${query} RETURNING seq`, ...bindings)[0]?.["seq"]);

  const writeParts = (owner: string, text: string): void => {
    for (let start = 0, part = 0; start < text.length; start += maxPartLength, part += 1) {
      rows(
        "INSERT INTO parts (owner, part, text) VALUES (?, ?, ?)",
        owner,
        part,
        text.slice(start, start + maxPartLength),
      );
    }
  };
  const readParts = (owner: string): string =>
    rows("SELECT text FROM parts WHERE owner = ? ORDER BY part", owner)
      .map((row) => String(row["text"]))
      .join("");
  /** What goes into the row itself; longer text goes to `parts`. */
  const short = (text: string): string | null => (text.length <= maxPartLength ? text : null);

  const textOf = (column: unknown, owner: string): string => (typeof column === "string" ? column : readParts(owner));

  const contentOf = (column: unknown, owner: string): MessageContent =>
    JSON.parse(textOf(column, owner)) as MessageContent;
  const newestOf = (provider: string, providerMessageId: string): Row | undefined =>
    rows(
      "SELECT * FROM messages WHERE provider = ? AND provider_message_id = ? ORDER BY seq DESC LIMIT 1",
      provider,
      providerMessageId,
    )[0];
  const recordedOf = (row: Row): RecordedMessage => {
    const seq = Number(row["seq"]);
    const earlier = rows("SELECT * FROM earlier WHERE message = ? ORDER BY seq", seq).map((version) => ({
      content: contentOf(version["content"], `e${Number(version["seq"])}`),
      replacedAtMs: Number(version["replaced_at"]),
    }));
    return { ...summaryOf(row), content: contentOf(row["content"], `m${seq}`), earlier };
  };

  const edit = (provider: string, edits: readonly Edit[], atMs: number): void => {
    for (const change of edits) {
      const row = newestOf(provider, change.providerMessageId);
      if (!row) continue;
      const seq = Number(row["seq"]);
      const summary = JSON.parse(String(row["summary"])) as Omit<MessageSummary, "id">;
      if ("deleted" in change) {
        const changed = { ...summary, deletedAtMs: atMs };
        rows("UPDATE messages SET summary = ? WHERE seq = ?", JSON.stringify(changed), seq);
        continue;
      }
      const column = typeof row["content"] === "string" ? row["content"] : null;
      const version = insert("INSERT INTO earlier (message, replaced_at, content) VALUES (?, ?, ?)", seq, atMs, column);
      if (column === null) rows("UPDATE parts SET owner = ? WHERE owner = ?", `e${version}`, `m${seq}`);
      const text = JSON.stringify(change.content);
      if (short(text) === null) writeParts(`m${seq}`, text);
      const changed = { ...summary, ...describeContent(change.content), editedAtMs: atMs };
      rows("UPDATE messages SET summary = ?, content = ? WHERE seq = ?", JSON.stringify(changed), short(text), seq);
    }
  };

  const addWebhook: Store["addWebhook"] = (message, provider, webhook) => {
    const record = { event: webhook.event, payload: webhook.payload, url: webhook.url };
    const seq = insert(
      "INSERT INTO webhooks (message, provider, state, due_at, record, attempts) VALUES (?, ?, ?, ?, ?, '[]')",
      Number(message),
      provider,
      webhook.state,
      webhook.dueAtMs,
      JSON.stringify(record),
    );
    return { ...webhook, id: String(seq), message, provider, attempts: [] };
  };

  return {
    accept: (acceptance) =>
      transaction(() => {
        const { body, ...head } = acceptance.request;
        const request = insert("INSERT INTO requests (record, body) VALUES (?, ?)", JSON.stringify(head), short(body));
        if (short(body) === null) writeParts(`r${request}`, body);
        for (const { message, webhooks } of acceptance.entries) {
          const { content, ...known } = message;
          const summary: Omit<MessageSummary, "id"> = {
            ...known,
            ...describeContent(content),
            provider: acceptance.provider,
            idempotencyKey: acceptance.idempotencyKey,
            receivedAtMs: acceptance.receivedAtMs,
          };
          const text = JSON.stringify(content);
          const seq = insert(
            `INSERT INTO messages (provider, provider_message_id, message_id, recipients, summary, content, request)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
            acceptance.provider,
            message.providerMessageId,
            message.messageId ?? null,
            message.recipients.join("\n"),
            JSON.stringify(summary),
            short(text),
            request,
          );
          if (short(text) === null) writeParts(`m${seq}`, text);
          for (const webhook of webhooks) addWebhook(String(seq), acceptance.provider, webhook);
          if (message.messageId !== undefined) {
            rows(
              "INSERT INTO witness (message_id, accepted) VALUES (?, 1) ON CONFLICT DO UPDATE SET accepted = accepted + 1",
              message.messageId,
            );
          }
        }
        edit(acceptance.provider, acceptance.edits ?? [], acceptance.receivedAtMs);
        if (acceptance.remember) {
          const { key, remembered } = acceptance.remember;
          rows("INSERT OR REPLACE INTO idempotency (key, record) VALUES (?, ?)", key, JSON.stringify(remembered));
        }
      }),
    messages(filter, limit, before) {
      const found = rows(
        `SELECT seq, summary FROM messages
         WHERE seq < ?1 AND (?2 IS NULL OR provider = ?2) AND (?3 IS NULL OR instr(lower(recipients), ?3) > 0)
           AND (?4 IS NULL OR message_id = ?4 OR provider_message_id = ?4)
           AND (?5 IS NULL OR json_extract(summary, '$.kind') = ?5)
         ORDER BY seq DESC LIMIT ?6`,
        bound(before),
        filter.provider ?? null,
        filter.recipient ?? null,
        filter.messageId ?? null,
        filter.channel ?? null,
        limit + 1,
      );
      return page(found, limit, summaryOf);
    },
    message(id) {
      const [row] = rows("SELECT * FROM messages WHERE seq = ?", Number(id) || 0);
      if (!row) return undefined;
      const [request] = rows("SELECT * FROM requests WHERE seq = ?", Number(row["request"]));
      const head = JSON.parse(String(request?.["record"])) as Omit<RecordedRequest, "id" | "body">;
      const requestId = String(request?.["seq"]);
      const body = textOf(request?.["body"], `r${requestId}`);
      return { ...recordedOf(row), request: { ...head, id: requestId, body } };
    },
    messageOf(provider, providerMessageId) {
      const row = newestOf(provider, providerMessageId);
      return row && recordedOf(row);
    },
    addRequest: (request, edits) =>
      transaction(() => {
        const kept = { ...request, body: request.body.slice(0, maxOtherBodyLength) };
        const seq = insert("INSERT INTO other_requests (record) VALUES (?)", JSON.stringify(kept));
        rows("DELETE FROM other_requests WHERE seq <= ?", seq - maxOtherRequests);
        edit(request.provider, edits, request.receivedAtMs);
      }),
    otherRequests(limit, before) {
      const found = rows(
        "SELECT * FROM other_requests WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        bound(before),
        limit + 1,
      );
      return page(found, limit, otherOf);
    },
    clear() {
      for (const table of [
        "messages",
        "earlier",
        "requests",
        "other_requests",
        "parts",
        "webhooks",
        "idempotency",
        "witness",
      ]) {
        rows(`DELETE FROM ${table}`);
      }
    },

    webhooks({ message }, limit, before) {
      const found = rows(
        "SELECT * FROM webhooks WHERE seq < ?1 AND (?2 IS NULL OR message = ?2) ORDER BY seq DESC LIMIT ?3",
        bound(before),
        message === undefined ? null : Number(message) || 0,
        limit + 1,
      );
      return page(found, limit, webhookOf);
    },
    webhook(id) {
      const [row] = rows("SELECT * FROM webhooks WHERE seq = ?", Number(id) || 0);
      return row && webhookOf(row);
    },
    webhooksOf: (messages) =>
      rows(
        "SELECT * FROM webhooks WHERE message IN (SELECT value FROM json_each(?)) ORDER BY seq",
        JSON.stringify(messages.map(Number)),
      ).map(webhookOf),
    addWebhook,
    dueWebhooks: (untilMs, limit) =>
      rows(
        "SELECT * FROM webhooks WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, seq LIMIT ?",
        Math.min(untilMs, Number.MAX_SAFE_INTEGER),
        limit,
      ).map(webhookOf),
    nextDueMs() {
      const due = rows("SELECT min(due_at) AS due FROM webhooks WHERE state = 'waiting'")[0]?.["due"];
      return due === null || due === undefined ? undefined : Number(due);
    },
    recordAttempt(ids, attempt, state, dueAtMs) {
      rows(
        `UPDATE webhooks SET state = ?, due_at = ?, attempts = json_insert(attempts, '$[#]', json(?))
         WHERE seq IN (SELECT value FROM json_each(?))`,
        state,
        dueAtMs,
        JSON.stringify(attempt),
        JSON.stringify(ids.map(Number)),
      );
    },

    remembered(key, nowMs) {
      const [row] = rows("SELECT record FROM idempotency WHERE key = ?", key);
      const remembered = row && (JSON.parse(String(row["record"])) as Remembered);
      return remembered && remembered.expiresAtMs > nowMs ? remembered : undefined;
    },

    addFault(input) {
      const record = { ...input, remaining: input.times };
      return { ...record, id: String(insert("INSERT INTO faults (record) VALUES (?)", JSON.stringify(record))) };
    },
    faults: () => rows("SELECT * FROM faults ORDER BY seq").map(faultOf),
    takeFault(test) {
      const fault = rows("SELECT * FROM faults ORDER BY seq").map(faultOf).find(test);
      if (fault?.remaining === undefined) return fault;
      const { id, ...record } = fault;
      const remaining = fault.remaining - 1;
      if (remaining > 0) {
        rows("UPDATE faults SET record = ? WHERE seq = ?", JSON.stringify({ ...record, remaining }), Number(id));
      } else rows("DELETE FROM faults WHERE seq = ?", Number(id));
      return fault;
    },
    deleteFaults(id) {
      if (id !== undefined) return rows("DELETE FROM faults WHERE seq = ? RETURNING seq", Number(id) || 0).length > 0;
      rows("DELETE FROM faults");
      return true;
    },

    settings() {
      const [row] = rows("SELECT record FROM settings");
      return row ? (JSON.parse(String(row["record"])) as Settings) : defaultSettings;
    },
    setSettings(settings) {
      rows("INSERT OR REPLACE INTO settings (id, record) VALUES (1, ?)", JSON.stringify(settings));
    },

    witness() {
      const [sums] = rows("SELECT count(*) AS messages, coalesce(sum(accepted), 0) AS accepted FROM witness");
      const duplicated = rows("SELECT message_id, accepted FROM witness WHERE accepted > 1 LIMIT 100");
      const messages = Number(sums?.["messages"]);
      const accepted = Number(sums?.["accepted"]);
      return {
        messages,
        accepted,
        duplicates: accepted - messages,
        duplicated: duplicated.map((row) => ({
          messageId: String(row["message_id"]),
          accepted: Number(row["accepted"]),
        })),
      };
    },
    witnessCounts: (messageId) =>
      rows("SELECT message_id, accepted FROM witness WHERE ?1 IS NULL OR message_id = ?1", messageId ?? null).map(
        (row) => [String(row["message_id"]), Number(row["accepted"])] as const,
      ),
  };
}

function bound(before: string | undefined): number {
  return before === undefined ? Number.MAX_SAFE_INTEGER : Number(before) || 0;
}

function page<T extends { readonly id: string }>(found: readonly Row[], limit: number, read: (row: Row) => T): Page<T> {
  const items = found.slice(0, limit).map(read);
  return found.length > limit ? { items, next: items.at(-1)?.id } : { items };
}

function summaryOf(row: Row): MessageSummary {
  return { ...(JSON.parse(String(row["summary"])) as Omit<MessageSummary, "id">), id: String(row["seq"]) };
}

function otherOf(row: Row): OtherRequest {
  return { ...(JSON.parse(String(row["record"])) as Omit<OtherRequest, "id">), id: String(row["seq"]) };
}

function webhookOf(row: Row): WebhookRecord {
  return {
    ...(JSON.parse(String(row["record"])) as Pick<WebhookRecord, "event" | "payload" | "url">),
    id: String(row["seq"]),
    message: String(row["message"]),
    provider: String(row["provider"]),
    state: row["state"] as WebhookState,
    dueAtMs: Number(row["due_at"]),
    attempts: JSON.parse(String(row["attempts"])) as WebhookRecord["attempts"],
  };
}

function faultOf(row: Row): Fault {
  return { ...(JSON.parse(String(row["record"])) as Omit<Fault, "id">), id: String(row["seq"]) } as Fault;
}
