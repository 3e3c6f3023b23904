import { allTypes } from "../endpoints/types.ts";
import type { AppEvent, AppEventType } from "../endpoints/types.ts";
import { execForEach } from "./sql.ts";
import { toldOf } from "./told.ts";
import type { Step } from "./told.ts";

/** The directory's endpoints, as the shards keep them. */
export interface Listeners {
  /** Of the list; a shard keeps the newer one. */
  readonly revision: number;
  readonly endpoints: readonly { readonly id: string; readonly types: readonly string[]; readonly enabled: boolean }[];
}

/**
 * Takes over the directory's list: a transaction must know who is told of what it does, and cannot ask the directory.
 * One that is enabled again is free at once.
 */
export function keepListeners(sql: SqlStorage, { revision, endpoints }: Listeners): void {
  const kept = sql.exec<{ revision: number }>("SELECT revision FROM listener_revision").toArray()[0]?.revision ?? -1;
  if (revision <= kept) return;
  sql.exec("DELETE FROM listener_revision");
  sql.exec("INSERT INTO listener_revision (revision) VALUES (?)", revision);
  sql.exec(
    `UPDATE listener SET enabled = 0, removed = 1
     WHERE endpoint NOT IN (SELECT value ->> 'id' FROM json_each(?1))`,
    JSON.stringify(endpoints),
  );
  execForEach(
    sql,
    `INSERT INTO listener (endpoint, types, enabled, removed, free_at, token, failed_turns)
     SELECT value ->> 'id', value -> 'types', value ->> 'enabled', 0, 0, NULL, 0 FROM json_each(?1) WHERE true
     ON CONFLICT (endpoint) DO UPDATE SET
       types = excluded.types,
       free_at = iif(excluded.enabled > listener.enabled AND listener.token IS NULL, 0, listener.free_at),
       failed_turns = iif(excluded.enabled > listener.enabled, 0, listener.failed_turns),
       enabled = excluded.enabled`,
    endpoints,
  );
}

/** Collects what apps are to be told of a transaction, and writes it at the end of it. */
export interface Teller {
  wants(type: AppEventType): boolean;
  tell(event: AppEvent): void;
  /** What a message's step is to apps, if it is anything to them. */
  tellStep(step: Step): void;
  write(now: number): void;
}

/** Asks once who listens: where nobody does, nothing is collected and nothing written. */
export function tellerOf(sql: SqlStorage): Teller {
  const listeners = sql
    .exec<{ endpoint: string; types: string }>("SELECT endpoint, types FROM listener WHERE enabled = 1")
    .toArray()
    .map(({ endpoint, types }) => ({ endpoint, types: new Set(JSON.parse(types) as string[]) }));
  const wanting = (type: AppEventType): readonly string[] =>
    listeners.flatMap(({ endpoint, types }) => (types.has(type) || types.has(allTypes) ? endpoint : []));
  const events: AppEvent[] = [];
  return {
    wants: (type) => wanting(type).length > 0,
    tell: (event) => void events.push(event),
    tellStep(step) {
      const event = listeners.length > 0 ? toldOf(step) : undefined;
      if (event !== undefined) events.push(event);
    },
    write: (now) => putDeliveries(sql, events, wanting, now),
  };
}

/**
 * One row for each event and endpoint. An event that is there already stays as it is. Only the first that is pending of
 * a subject is due: the next becomes due when that one is settled.
 */
function putDeliveries(
  sql: SqlStorage,
  events: readonly AppEvent[],
  wanting: (type: AppEventType) => readonly string[],
  now: number,
): void {
  const seen = new Set<string>();
  const rows = events.flatMap(({ subject, sequence, type, data, at = now }) =>
    wanting(type).map((endpoint) => {
      const line = `${endpoint} ${subject}`;
      const first = seen.size < seen.add(line).size;
      return { endpoint, subject, sequence, type, data, at, first };
    }),
  );
  execForEach(
    sql,
    `INSERT OR IGNORE INTO delivery (endpoint, subject, sequence, type, at, data, state, due_at)
     SELECT one.value ->> 'endpoint', one.value ->> 'subject', one.value ->> 'sequence', one.value ->> 'type',
            one.value ->> 'at', one.value -> 'data', 'pending',
            iif(one.value ->> 'first' AND NOT EXISTS (
              SELECT 1 FROM delivery AS earlier
              WHERE earlier.endpoint = one.value ->> 'endpoint' AND earlier.subject = one.value ->> 'subject'
                AND earlier.state = 'pending'), ?2, NULL)
     FROM json_each(?1) AS one`,
    rows,
    now,
  );
}
