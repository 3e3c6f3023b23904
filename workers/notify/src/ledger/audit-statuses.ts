import { statusInSql } from "./status-sql.ts";
import { addToTally } from "./tally.ts";

/** Messages that one turn looks at. */
const messagesPerSweep = 1_000;

/** What it is counted as, where a status did not say what is known. */
export const repairedStatuses = "status-repaired";

/**
 * Holds the stored statuses to what is known of their messages. A status is derived when its message changes, so one of long ago
 * says what the code of then made of it: after a deployment that ranks otherwise, each sweep derives some of them anew, from the
 * oldest on, until all are. After that it costs one row read.
 */
export function auditStatuses(sql: SqlStorage, now: number): void {
  const [audit] = sql.exec<{ rules: string; after: string | null }>("SELECT rules, after FROM status_audit").toArray();
  const after = audit?.rules === statusInSql ? audit.after : "";
  if (after === null) return;
  const { last, seen } = sql
    .exec<{ last: string | null; seen: number }>(
      "SELECT max(uuid) AS last, count(*) AS seen FROM (SELECT uuid FROM message WHERE uuid > ?1 ORDER BY uuid LIMIT ?2)",
      after,
      messagesPerSweep,
    )
    .one();
  const repaired = sql
    .exec(
      `UPDATE message SET status = ${statusInSql} WHERE uuid > ?1 AND uuid <= ?2 AND status <> ${statusInSql} RETURNING uuid`,
      after,
      last ?? "",
    )
    .toArray();
  if (repaired.length > 0) addToTally(sql, repairedStatuses, repaired.length, now);
  sql.exec(
    `INSERT INTO status_audit (id, rules, after) VALUES (1, ?1, ?2)
     ON CONFLICT (id) DO UPDATE SET rules = excluded.rules, after = excluded.after`,
    statusInSql,
    seen < messagesPerSweep ? null : last,
  );
}
