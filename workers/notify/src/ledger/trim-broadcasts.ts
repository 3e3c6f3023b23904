import { execForEach } from "./sql.ts";

const perSweep = 20;

/** What the uuids of all that was accepted from then on are greater than. */
export function uuidBefore(at: number): string {
  return at.toString(16).padStart(12, "0");
}

/**
 * Deletes what is left of old broadcasts without messages here: those whose members made none on the shard that took them, and
 * that one was canceled, on shards that had none of it. With their messages the others go, see `trim.ts`. `cutoff`: one is old
 * that was accepted and due before.
 */
export function trimBroadcasts(sql: SqlStorage, cutoff: number): void {
  const none = (uuid: string): string =>
    `NOT EXISTS (SELECT 1 FROM message AS m WHERE m.uuid > ${uuid} AND m.uuid <= substr(${uuid}, 1, 24) || 'ffffffff')`;
  const wasDue = (uuid: string): string =>
    `NOT EXISTS (SELECT 1 FROM notification AS n WHERE n.uuid = ${uuid} AND n.send_at >= ?2)`;
  const over = sql
    .exec<{ uuid: string }>(
      `SELECT b.uuid FROM broadcast AS b
       WHERE b.uuid < ?1 AND b.due_at IS NULL AND ${wasDue("b.uuid")} AND ${none("b.uuid")}
       UNION SELECT p.uuid FROM broadcast_part AS p
       WHERE p.uuid < ?1 AND p.due_at IS NULL AND ${wasDue("p.uuid")} AND ${none("p.uuid")}
         AND NOT EXISTS (SELECT 1 FROM broadcast AS b WHERE b.uuid = p.uuid)
       LIMIT ${perSweep}`,
      uuidBefore(cutoff),
      cutoff,
    )
    .toArray()
    .map(({ uuid }) => uuid);
  for (const [table, column] of [
    ["content_part", "notification"],
    ["broadcast_count", "uuid"],
    ["broadcast_part", "uuid"],
    ["broadcast", "uuid"],
    ["notification", "uuid"],
  ]) {
    execForEach(sql, `DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?1))`, over);
  }
}
