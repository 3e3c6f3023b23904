import { leaseMs } from "../dispatch/limits.ts";
import { eraseMessages } from "./erase-messages.ts";
import { eraseDeliveries, eraseEffects, eraseSchedules, eraseStrays, eraseWalks } from "./erase-rest.ts";
import type { Cursor } from "./erase-rest.ts";
import { putOutbox } from "./outbox.ts";

/** An address of somebody who is to be forgotten. */
export interface ErasureMark {
  readonly channel: string;
  readonly addressKey: string;
  readonly label: string;
  /** What stands for it from now on: a keyed hash. */
  readonly erasedKey: string;
  /** As requests may spell it, in lower case; of push subscriptions and tokens nothing. */
  readonly spelled: readonly string[];
}

/** Somebody is to be forgotten. */
export interface Erasure {
  readonly id: string;
  readonly recipient: string;
  readonly marks: readonly ErasureMark[];
}

/** Messages that one turn takes by their index, or looks at. */
const messagesPerTurn = 200;
const messagesPerLook = 1_000;

/** Takes an erasure up; the alarm carries it out. One that is known goes on where it stands. */
export function beginErasure(sql: SqlStorage, { id, recipient, marks }: Erasure, now: number): void {
  sql.exec(
    "INSERT OR IGNORE INTO erasure (id, recipient, marks, stage, after, due_at) VALUES (?, ?, ?, 0, '', ?)",
    id,
    recipient,
    JSON.stringify(marks),
    now,
  );
}

type Stage = (sql: SqlStorage, erasure: Erasure, after: string, now: number) => Cursor;

/**
 * One after the other, each in as many turns as it takes. Then, once nobody can have in hand any more what was read before,
 * what that has brought meanwhile.
 */
const stages: readonly Stage[] = [
  eraseOwn,
  eraseAddressed,
  eraseWalks,
  eraseStrays,
  eraseSchedules,
  eraseDeliveries,
  eraseEffects,
  eraseOwn,
  eraseStrays,
  eraseEffects,
];
const restBefore = 7;

/** One step of one erasure. Once there is nothing more, the directory is told, as surely as of any effect. */
export function stepErasures(sql: SqlStorage, now: number): void {
  const [row] = sql
    .exec<{ id: string; recipient: string; marks: string; stage: number; after: string }>(
      "SELECT id, recipient, marks, stage, after FROM erasure WHERE due_at <= ? ORDER BY due_at, id LIMIT 1",
      now,
    )
    .toArray();
  if (row === undefined) return;
  const erasure: Erasure = { ...row, marks: JSON.parse(row.marks) as ErasureMark[] };
  const stage = stages[row.stage];
  if (stage === undefined) {
    sql.exec("DELETE FROM erasure WHERE id = ?", row.id);
    putOutbox(sql, [{ kind: "erased", id: `erased:${row.id}`, erasure: row.id }], now);
    return;
  }
  const next = stage(sql, erasure, row.after, now);
  const at = next === undefined ? row.stage + 1 : row.stage;
  sql.exec(
    "UPDATE erasure SET stage = ?2, after = ?3, due_at = ?4 WHERE id = ?1",
    row.id,
    at,
    next ?? "",
    at === restBefore && next === undefined ? now + leaseMs : now,
  );
}

/** Messages that name them. Each is found no more once it is erased, so that the look begins anew. */
function eraseOwn(sql: SqlStorage, erasure: Erasure, _: string, now: number): Cursor {
  const found = sql
    .exec<{ uuid: string }>(
      "SELECT uuid FROM message WHERE recipient_id = ? LIMIT ?",
      erasure.recipient,
      messagesPerTurn,
    )
    .toArray()
    .map(({ uuid }) => uuid);
  eraseMessages(sql, found, erasure, now);
  return found.length < messagesPerTurn ? undefined : "";
}

/**
 * Messages to an address of theirs, alone or with others: all are looked at. An index by address would cost each message a
 * row, when it is accepted; this costs a look at each, when somebody is erased.
 */
function eraseAddressed(sql: SqlStorage, erasure: Erasure, after: string, now: number): Cursor {
  const last = sql
    .exec<{ uuid: string }>(
      "SELECT uuid FROM message WHERE uuid > ? ORDER BY uuid LIMIT 1 OFFSET ?",
      after,
      messagesPerLook - 1,
    )
    .toArray()[0]?.uuid;
  const theirs = sql
    .exec<{ uuid: string }>(
      `SELECT uuid FROM message WHERE uuid > ?1 AND uuid <= ?2 AND erased_at IS NULL AND EXISTS (
         SELECT 1 FROM json_each(addresses) AS one
         WHERE one.value ->> 'key' IN (SELECT value ->> 'addressKey' FROM json_each(?3)))`,
      after,
      last ?? "g",
      JSON.stringify(erasure.marks),
    )
    .toArray()
    .map(({ uuid }) => uuid);
  eraseMessages(sql, theirs, erasure, now);
  return last;
}
