import { noteChanges } from "./count-changes.ts";
import type { MessageRow, TimelineRow } from "./rows.ts";

/** The largest JSON that is handed to one statement: half of the 2 MB that a value may have. */
const maxJsonBytes = 1_000_000;

/**
 * Runs one set-based statement for any number of rows: they are handed over as one JSON list (`json_each(?1)`), in as
 * few slices as the limit on a value allows.
 */
export function execForEach(
  sql: SqlStorage,
  query: string,
  rows: readonly unknown[],
  ...rest: SqlStorageValue[]
): void {
  for (const json of jsonSlices(rows)) sql.exec(query, json, ...rest);
}

export function jsonSlices(rows: readonly unknown[]): readonly string[] {
  const slices: string[] = [];
  let items: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (items.length > 0) slices.push(`[${items.join(",")}]`);
    items = [];
    bytes = 0;
  };
  for (const row of rows) {
    const item = JSON.stringify(row);
    // A UTF-16 unit is at most three bytes of UTF-8.
    const size = item.length * 3;
    if (bytes + size > maxJsonBytes) close();
    items.push(item);
    bytes += size + 1;
  }
  close();
  return slices;
}

/** Rows of `message` by uuid, in no particular order. */
export function selectMessages(sql: SqlStorage, uuids: readonly string[]): MessageRow[] {
  return sql
    .exec<Omit<MessageRow, "seq"> & { last_seq: number | null }>(
      `SELECT m.*, (SELECT max(t.seq) FROM timeline AS t WHERE t.message = m.uuid) AS last_seq
       FROM json_each(?1) AS wanted JOIN message AS m ON m.uuid = wanted.value`,
      JSON.stringify(uuids),
    )
    .toArray()
    .map(({ last_seq, ...row }) => ({ ...row, seq: last_seq ?? 0 }) as MessageRow);
}

/** Of what a timeline's entry says, what says nothing of a person: no text, nothing of a provider's own. */
export function withoutPerson(data: string): string {
  const kept = ["type", "rule", "outcome", "failure", "step", "because", "addresses"];
  const pairs = [...kept.map((name) => `'${name}', ${data} -> '${name}'`), `'then', ${data} -> 'then'`];
  return `json_patch('{}', json_object(${pairs.join(", ")}))`;
}

/**
 * Of a message that was erased, only what says nothing of anybody. Every change of a message's status is an entry of its
 * timeline: so this is where a broadcast learns that its counts change.
 */
export function insertTimeline(sql: SqlStorage, rows: readonly TimelineRow[]): void {
  if (rows.length === 0) return;
  noteChanges(
    sql,
    rows.map(({ message }) => message),
    Date.now(),
  );
  execForEach(
    sql,
    `INSERT OR IGNORE INTO timeline (message, seq, at, kind, data, event_key, provider, provider_message_id)
     SELECT value ->> 'message', value ->> 'seq', value ->> 'at', value ->> 'kind',
            iif((SELECT erased_at FROM message WHERE uuid = value ->> 'message') IS NULL, value -> 'data',
                ${withoutPerson("(value -> 'data')")}),
            value ->> 'event_key', value ->> 'provider', value ->> 'provider_message_id'
     FROM json_each(?1)`,
    rows,
  );
}

/** What recording, claiming or ingesting may change of a message. */
const changing = [
  "place",
  "status",
  "due_at",
  "chunk",
  "lane",
  "lane_tries",
  "lane_since",
  "tries",
  "unknown_tries",
  "lost_leases",
  "evidence",
  "milestones",
  "provider",
  "provider_message_id",
  "possible_duplicate",
] as const satisfies readonly (keyof MessageRow)[];

/** What an event may change of it. A column that is written costs its index a row, though it stays what it was. */
export const changedByEvents = [
  "place",
  "status",
  "due_at",
  "evidence",
  "milestones",
] as const satisfies readonly (typeof changing)[number][];

export type MessageChange = Pick<MessageRow, "uuid" | "seq" | (typeof changing)[number]>;

/** Writes all that may change of each message, so that one statement serves every case. */
export function updateMessages(
  sql: SqlStorage,
  changes: readonly MessageChange[],
  columns: readonly (typeof changing)[number][] = changing,
): void {
  execForEach(
    sql,
    `UPDATE message SET ${columns.map((column) => `${column} = change.value ->> '${column}'`).join(", ")}
     FROM json_each(?1) AS change WHERE message.uuid = change.value ->> 'uuid'`,
    changes.map((change) =>
      Object.fromEntries(["uuid" as const, ...columns].map((column) => [column, change[column]])),
    ),
  );
}
