import { randomToken } from "../ids.ts";
import { execForEach } from "./sql.ts";

const keysPerSweep = 500;

/**
 * Drops idempotency keys whose time is over; a look-up ignores them already. An index by time would cost each accepted
 * notification a row, and a look at all keys at each sweep reads all of them: so it looks at a few, from a random place on
 * and around. Keys are hashes, so that every place gets its turn.
 */
export function trim(sql: SqlStorage, now: number): void {
  const from = randomToken(32);
  const after = look(sql, from, keysPerSweep);
  const seen = after.length < keysPerSweep ? [...after, ...look(sql, "", keysPerSweep - after.length)] : after;
  const over = seen.filter(({ expires_at }) => expires_at <= now).map(({ key }) => key);
  execForEach(sql, "DELETE FROM idempotency WHERE key IN (SELECT value FROM json_each(?1))", over);
}

function look(sql: SqlStorage, from: string, limit: number): { key: string; expires_at: number }[] {
  return sql
    .exec<{ key: string; expires_at: number }>(
      "SELECT key, expires_at FROM idempotency WHERE key >= ? ORDER BY key LIMIT ?",
      from,
      limit,
    )
    .toArray();
}
