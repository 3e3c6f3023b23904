import type { Fault } from "../fault.ts";
import { defaultSettings, type Settings } from "../settings.ts";
import { clearedKinds } from "../queue/records.ts";
import { queueSchema, sqlQueueRecords } from "./queue-records.ts";
import { schema } from "./schema.ts";
import { bound, openSql, page, type Row, type SqlDatabase } from "./sql-database.ts";
import { sqlMessages } from "./sql-messages.ts";
import type { Remembered, Store, WebhookRecord, WebhookState } from "./store.ts";

/** A store in SQLite, durable where the database is. `transaction` runs its writes as one: `ctx.storage.transactionSync`. */
export function sqlStore(database: SqlDatabase, transaction: (run: () => void) => void = (run) => run()): Store {
  for (const statement of [...schema, ...queueSchema]) database.exec(statement);
  const sql = openSql(database);
  const { rows, insert } = sql;
  const messages = sqlMessages(sql);
  const queue = sqlQueueRecords(sql);

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
    ...messages,
    accept: (acceptance) =>
      transaction(() => {
        const { provider, receivedAtMs, idempotencyKey } = acceptance;
        const request = messages.addMessageRequest(acceptance.request);
        for (const { message, webhooks } of acceptance.entries) {
          const seq = messages.addMessage(message, { provider, receivedAtMs, idempotencyKey, request });
          for (const webhook of webhooks) addWebhook(String(seq), provider, webhook);
          if (message.messageId !== undefined) {
            rows(
              "INSERT INTO witness (message_id, accepted) VALUES (?, 1) ON CONFLICT DO UPDATE SET accepted = accepted + 1",
              message.messageId,
            );
          }
        }
        messages.edit(provider, acceptance.edits ?? [], receivedAtMs);
        if (acceptance.remember) {
          const { key, remembered } = acceptance.remember;
          rows("INSERT OR REPLACE INTO idempotency (key, record) VALUES (?, ?)", key, JSON.stringify(remembered));
        }
      }),
    addRequest: (request, edits) => transaction(() => messages.addRequest(request, edits)),
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
      queue.clear(clearedKinds);
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

    queue,
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
