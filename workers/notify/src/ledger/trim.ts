import { randomToken } from "../ids.ts";

const keysPerSweep = 500;

/**
 * Drops idempotency keys whose time is over; a look-up ignores them already. An index by time would cost each accepted
 * notification a row, and a look at all keys each sweep all of them: so it looks at a few, from a random place on. Keys
 * are hashes, so that every place gets its turn.
 */
export function trim(sql: SqlStorage, now: number): void {
  sql.exec(
    `DELETE FROM idempotency WHERE expires_at <= ?1
     AND key IN (SELECT key FROM idempotency WHERE key >= ?2 ORDER BY key LIMIT ?3)`,
    now,
    randomToken(32),
    keysPerSweep,
  );
}
