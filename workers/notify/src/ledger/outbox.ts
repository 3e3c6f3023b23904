import type { SuppressionReason } from "../directory/suppressions.ts";
import type { UnplacedEvent } from "../endpoints/types.ts";
import type { PauseEffect } from "./pauses.ts";
import { execForEach } from "./sql.ts";

/** Something about an address that must be known outside of the shard because of what was written in it. */
interface AddressEffect {
  /** Derived from its cause, so that the same cause twice is one effect. */
  readonly id: string;
  readonly channel: string;
  readonly addressKey: string;
  readonly label: string;
  /** uuid of the message; absent when the cause is about no message. */
  readonly sourceMessage?: string | undefined;
  readonly causedAt: number;
}

export type SuppressionEffect = AddressEffect &
  (
    | { readonly kind: "suppress"; readonly reason: SuppressionReason }
    /** The device that has the address is gone. */
    | { readonly kind: "retire" }
    | { readonly kind: "opt-out"; readonly category: string }
    /** A message bounced softly there; `withdrawn`: and was delivered after all. */
    | { readonly kind: "soft-bounce"; readonly withdrawn: boolean }
    /** Of opt-outs from one category only; of all of them where that is absent. */
    | {
        readonly kind: "lift";
        readonly of: "everything" | "opt-outs";
        readonly category?: string | undefined;
      }
  );

/** Something that apps are told of and that is about no message: told by the shard that its key names. */
export interface TellEffect {
  readonly kind: "tell";
  readonly id: string;
  readonly event: UnplacedEvent;
}

/** The shard has nothing more of somebody. */
export interface ErasedEffect {
  readonly kind: "erased";
  readonly id: string;
  readonly erasure: string;
}

/** A broadcast was canceled: all shards are to know. */
export interface WithdrawEffect {
  readonly kind: "withdraw";
  readonly id: string;
  /** Its uuid. */
  readonly notification: string;
  readonly at: number;
}

export type Effect = SuppressionEffect | TellEffect | PauseEffect | ErasedEffect | WithdrawEffect;

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
