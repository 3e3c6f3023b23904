/** Drops idempotency keys whose time is over; a look-up ignores them already. */
export function trim(sql: SqlStorage, now: number): void {
  sql.exec("DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= ? LIMIT 500)", now);
}
