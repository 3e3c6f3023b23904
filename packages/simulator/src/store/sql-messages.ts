import { describeContent } from "../describe.ts";
import type {
  AcceptedMessage,
  MessageContent,
  MessageSummary,
  OtherRequest,
  RecordedMessage,
  RecordedRequest,
} from "../message.ts";
import type { Edit } from "../route.ts";
import { bound, page, type Row, type Sql } from "./sql-database.ts";
import { maxOtherBodyLength, maxOtherRequests, type Acceptance, type Store } from "./store.ts";

/** What messages were brought by. */
interface Source extends Pick<Acceptance, "provider" | "receivedAtMs" | "idempotencyKey"> {
  readonly request: number;
}

/** The part of a store that has messages and requests. Writes are not in a transaction of their own. */
export interface SqlMessages extends Pick<
  Store,
  "messages" | "message" | "messageOf" | "addRequest" | "otherRequests"
> {
  addMessageRequest(request: Acceptance["request"]): number;
  addMessage(message: AcceptedMessage, source: Source): number;
  edit(provider: string, edits: readonly Edit[], atMs: number): void;
}

export function sqlMessages(sql: Sql): SqlMessages {
  const { rows, insert, short, writeLong, textOf } = sql;

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

  const replace = (row: Row, content: MessageContent, atMs: number): void => {
    const seq = Number(row["seq"]);
    const before = typeof row["content"] === "string" ? row["content"] : null;
    const version = insert("INSERT INTO earlier (message, replaced_at, content) VALUES (?, ?, ?)", seq, atMs, before);
    rows("UPDATE parts SET owner = ? WHERE owner = ?", `e${version}`, `m${seq}`);
    const text = JSON.stringify(content);
    writeLong(`m${seq}`, text);
    const summary = JSON.stringify({ ...storedSummary(row), ...describeContent(content), editedAtMs: atMs });
    rows("UPDATE messages SET summary = ?, content = ? WHERE seq = ?", summary, short(text), seq);
  };
  const edit: SqlMessages["edit"] = (provider, edits, atMs) => {
    for (const change of edits) {
      const row = newestOf(provider, change.providerMessageId);
      if (!row) continue;
      if ("content" in change) {
        replace(row, change.content, atMs);
        continue;
      }
      const summary = JSON.stringify({ ...storedSummary(row), deletedAtMs: atMs });
      rows("UPDATE messages SET summary = ? WHERE seq = ?", summary, Number(row["seq"]));
    }
  };

  return {
    edit,
    addMessageRequest({ body, ...head }) {
      const seq = insert("INSERT INTO requests (record, body) VALUES (?, ?)", JSON.stringify(head), short(body));
      writeLong(`r${seq}`, body);
      return seq;
    },
    addMessage({ content, ...known }, { request, ...source }) {
      const summary: Omit<MessageSummary, "id"> = { ...known, ...describeContent(content), ...source };
      const text = JSON.stringify(content);
      const seq = insert(
        `INSERT INTO messages (provider, provider_message_id, message_id, recipients, summary, content, request)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        source.provider,
        known.providerMessageId,
        known.messageId ?? null,
        known.recipients.join("\n"),
        JSON.stringify(summary),
        short(text),
        request,
      );
      writeLong(`m${seq}`, text);
      return seq;
    },
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
    addRequest(request, edits) {
      const kept = { ...request, body: request.body.slice(0, maxOtherBodyLength) };
      const seq = insert("INSERT INTO other_requests (record) VALUES (?)", JSON.stringify(kept));
      rows("DELETE FROM other_requests WHERE seq <= ?", seq - maxOtherRequests);
      edit(request.provider, edits, request.receivedAtMs);
    },
    otherRequests(limit, before) {
      const found = rows(
        "SELECT * FROM other_requests WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        bound(before),
        limit + 1,
      );
      return page(found, limit, otherOf);
    },
  };
}

function storedSummary(row: Row): Omit<MessageSummary, "id"> {
  return JSON.parse(String(row["summary"])) as Omit<MessageSummary, "id">;
}

function summaryOf(row: Row): MessageSummary {
  return { ...storedSummary(row), id: String(row["seq"]) };
}

function otherOf(row: Row): OtherRequest {
  return { ...(JSON.parse(String(row["record"])) as Omit<OtherRequest, "id">), id: String(row["seq"]) };
}
