import type { Evidence } from "carillon";
import type { MessageRow, StoredAddress } from "./rows.ts";
import { execForEach } from "./sql.ts";

/** Something that must happen outside of the shard because of what was written in it. */
export interface SuppressEffect {
  readonly kind: "suppress";
  /** Derived from its cause, so that the same cause twice is one effect. */
  readonly id: string;
  readonly channel: string;
  readonly addressKey: string;
  readonly label: string;
  readonly reason: Extract<Evidence, "bounced" | "complained"> | "recipient-gone";
  /** uuid of the message. */
  readonly sourceMessage: string;
  readonly causedAt: number;
}

export type Effect = SuppressEffect;

/** Suppresses one address of a message, never the message's others. */
export function suppressEffect(
  row: Pick<MessageRow, "uuid">,
  { key, label }: StoredAddress,
  cause: Pick<SuppressEffect, "id" | "channel" | "reason" | "causedAt">,
): SuppressEffect {
  return { kind: "suppress", addressKey: key, label, sourceMessage: row.uuid, ...cause };
}

/** How long an effect that was handed out may stay without an answer. */
export const effectLeaseMs = 30_000;

const effectsPerTurn = 500;

/** Writes effects in the transaction of their cause. */
export function putOutbox(sql: SqlStorage, effects: readonly Effect[], now: number): void {
  execForEach(
    sql,
    `INSERT OR IGNORE INTO outbox (id, payload, due_at) SELECT value ->> 'id', value, ?2 FROM json_each(?1)`,
    effects,
    now,
  );
}

/** Effects that are due; each is handed out again, later and later, until {@link settleOutbox}. */
export function takeOutbox(sql: SqlStorage, now: number): readonly Effect[] {
  const rows = sql
    .exec<{ id: string; payload: string }>(
      "SELECT id, payload FROM outbox WHERE due_at <= ? ORDER BY due_at LIMIT ?",
      now,
      effectsPerTurn,
    )
    .toArray();
  execForEach(
    sql,
    `UPDATE outbox SET tries = tries + 1, due_at = ?2 + ?3 * min(tries + 1, 20) FROM json_each(?1) AS one WHERE outbox.id = one.value`,
    rows.map(({ id }) => id),
    now,
    effectLeaseMs,
  );
  return rows.map(({ payload }) => JSON.parse(payload) as Effect);
}

export function settleOutbox(sql: SqlStorage, ids: readonly string[]): void {
  execForEach(sql, "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?1))", ids);
}
