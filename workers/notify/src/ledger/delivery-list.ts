import { randomToken } from "../ids.ts";
import { releaseNext } from "./deliveries.ts";
import { execForEach } from "./sql.ts";

export type DeliveryState = "pending" | "delivered" | "dead";

export interface ListedDelivery {
  readonly subject: string;
  readonly sequence: number;
  readonly type: string;
  readonly at: number;
  readonly state: DeliveryState;
  readonly tries: number;
  /** Undefined while an earlier one of its message is pending. */
  readonly dueAt: number | undefined;
  readonly answers: readonly { readonly at: number; readonly durationMs: number; readonly status?: number }[];
}

/** Where a page of a list ended. */
export interface DeliveryCursor {
  readonly subject: string;
  readonly sequence: number;
}

/** Those of the newest messages first. */
export function listDeliveries(
  sql: SqlStorage,
  endpoint: string,
  options: { readonly deadOnly: boolean; readonly before: DeliveryCursor | undefined; readonly limit: number },
): readonly ListedDelivery[] {
  const { deadOnly, before, limit } = options;
  return sql
    .exec<{
      subject: string;
      sequence: number;
      type: string;
      at: number;
      state: DeliveryState;
      tries: number;
      due_at: number | null;
      answers: string;
    }>(
      `SELECT subject, sequence, type, at, state, tries, due_at, answers
       FROM delivery ${deadOnly ? "INDEXED BY delivery_dead" : ""}
       WHERE endpoint = ?1 AND (subject, sequence) < (?2, ?3) ${deadOnly ? "AND state = 'dead'" : ""}
       ORDER BY subject DESC, sequence DESC LIMIT ?4`,
      endpoint,
      before?.subject ?? "g",
      before?.sequence ?? 0,
      limit,
    )
    .toArray()
    .map(({ due_at, answers, ...row }) => ({
      ...row,
      dueAt: due_at ?? undefined,
      answers: JSON.parse(answers) as ListedDelivery["answers"],
    }));
}

/** How many dead letters one call takes up again: it is one transaction. */
const maxReplayed = 1_000;

/**
 * Takes up what was settled, from the start of the schedule: the named ones, or all dead letters as far as one call
 * goes. Answers with how many. Those of one subject go out in their order.
 */
export function replayDeliveries(
  sql: SqlStorage,
  endpoint: string,
  which: readonly DeliveryCursor[] | "dead",
  now: number,
): number {
  const chosen =
    which === "dead" ? listDeliveries(sql, endpoint, { deadOnly: true, before: undefined, limit: maxReplayed }) : which;
  const wanted = chosen.map(({ subject, sequence }) => ({ subject, sequence }));
  const found = sql
    .exec<{ subject: string; sequence: number }>(
      `SELECT d.subject, d.sequence FROM json_each(?1) AS one JOIN delivery AS d
       ON d.endpoint = ?2 AND d.subject = one.value ->> 'subject' AND d.sequence = one.value ->> 'sequence'
       WHERE d.state <> 'pending'`,
      JSON.stringify(wanted),
      endpoint,
    )
    .toArray();
  execForEach(
    sql,
    `UPDATE delivery SET state = 'pending', due_at = NULL, tries = 0, answers = '[]' FROM json_each(?1) AS one
     WHERE delivery.endpoint = ?2 AND delivery.subject = one.value ->> 'subject'
       AND delivery.sequence = one.value ->> 'sequence'`,
    found,
    endpoint,
  );
  const subjects = [...new Set(found.map(({ subject }) => subject))];
  // One that waits behind a replayed one must not stay due beside it.
  execForEach(
    sql,
    `UPDATE delivery SET due_at = NULL FROM json_each(?1) AS one
     WHERE delivery.endpoint = ?2 AND delivery.subject = one.value AND delivery.due_at IS NOT NULL`,
    subjects,
    endpoint,
  );
  releaseNext(sql, endpoint, subjects, now);
  return found.length;
}

const keptForMs = 30 * 86_400_000;

const rowsPerSweep = 500;

/**
 * Drops deliveries that are a month old, whatever became of them, and all of endpoints that are no more. An index by time
 * would cost each delivery a row, so it looks at a few of each endpoint: the oldest messages', or from a moment on that
 * chance picks, for late events of old messages may stand before others.
 */
export function trimDeliveries(sql: SqlStorage, now: number): void {
  const listeners = sql.exec<{ endpoint: string; removed: number }>("SELECT endpoint, removed FROM listener").toArray();
  for (const { endpoint, removed } of listeners) {
    const moment = Math.floor(now - Math.random() * 2 * keptForMs);
    const from = removed === 1 || Math.random() < 0.5 ? "" : moment.toString(16).padStart(12, "0") + randomToken(10);
    const rows = sql
      .exec<{ subject: string; sequence: number; at: number; state: DeliveryState }>(
        "SELECT subject, sequence, at, state FROM delivery WHERE endpoint = ? AND subject >= ? ORDER BY subject LIMIT ?",
        endpoint,
        from,
        rowsPerSweep,
      )
      .toArray();
    if (removed === 1 && rows.length === 0) sql.exec("DELETE FROM listener WHERE endpoint = ?", endpoint);
    const over = rows.filter(({ at }) => removed === 1 || at <= now - keptForMs);
    execForEach(
      sql,
      `DELETE FROM delivery WHERE endpoint = ?2 AND (subject, sequence) IN (
         SELECT value ->> 'subject', value ->> 'sequence' FROM json_each(?1))`,
      over,
      endpoint,
    );
    const freed = over.filter(({ state }) => state === "pending").map(({ subject }) => subject);
    releaseNext(sql, endpoint, [...new Set(freed)], now);
  }
}
