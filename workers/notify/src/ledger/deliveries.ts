import { lanePauseMs, retryAt } from "../endpoints/schedule.ts";
import type { AppEventType } from "../endpoints/types.ts";
import { randomToken } from "../ids.ts";
import type { StoredAddress } from "./rows.ts";
import { execForEach } from "./sql.ts";

/** What one endpoint is told in one turn: at most one event of each subject. */
export interface TellJob {
  readonly shard: number;
  readonly endpoint: string;
  /** Fences what follows from the answers, should the lease have ended meanwhile. */
  readonly token: string;
  readonly deliveries: readonly DueDelivery[];
}

export interface DueDelivery {
  readonly subject: string;
  readonly sequence: number;
  readonly type: AppEventType;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of the message that the event is about, while that is kept. */
  readonly message:
    | {
        readonly channel: string;
        /** The app's own id of whom it is for, where no address was given. */
        readonly recipient: string | undefined;
        readonly to: readonly string[];
        readonly metadata: Readonly<Record<string, string>>;
      }
    | undefined;
}

/** Longer than any turn: requests begin in its first third. */
export const tellLeaseMs = 60_000;

/** Within the 50 subrequests that Cloudflare's Free plan allows an invocation. */
export const deliveriesPerTurn = 30;

/**
 * Claims what endpoints are to be told: for each one that is free, the events that are due. The lease is the endpoint's,
 * so that an endpoint is told by one invocation of a shard at a time; one that hangs keeps nobody else.
 */
export function claimDeliveries(sql: SqlStorage, shard: number, now: number): readonly TellJob[] {
  const free = sql
    .exec<{ endpoint: string }>(
      `SELECT endpoint FROM listener WHERE enabled = 1 AND free_at <= ?1
       AND (SELECT min(due_at) FROM delivery INDEXED BY delivery_due
            WHERE delivery.endpoint = listener.endpoint AND due_at IS NOT NULL) <= ?1`,
      now,
    )
    .toArray();
  return free.map(({ endpoint }) => {
    const token = randomToken(8);
    sql.exec("UPDATE listener SET free_at = ?, token = ? WHERE endpoint = ?", now + tellLeaseMs, token, endpoint);
    return { shard, endpoint, token, deliveries: readDue(sql, endpoint, now) };
  });
}

function readDue(sql: SqlStorage, endpoint: string, now: number): readonly DueDelivery[] {
  return sql
    .exec<{
      subject: string;
      sequence: number;
      type: AppEventType;
      at: number;
      data: string;
      addresses: string | null;
      recipient: string | null;
      channel: string | null;
      metadata: string | null;
    }>(
      `SELECT due.subject, due.sequence, due.type, due.at, due.data, m.addresses, m.recipient_id AS recipient, n.channel, n.metadata
       FROM (SELECT subject, sequence, type, at, data FROM delivery INDEXED BY delivery_due
             WHERE endpoint = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3) AS due
       LEFT JOIN message AS m ON m.uuid = due.subject
       LEFT JOIN notification AS n ON n.uuid = substr(m.uuid, 1, 24) || '00000000'`,
      endpoint,
      now,
      deliveriesPerTurn,
    )
    .toArray()
    .map(({ subject, sequence, type, at, data, addresses, recipient, channel, metadata }) => ({
      subject,
      sequence,
      type,
      at,
      data: JSON.parse(data) as Record<string, unknown>,
      message:
        addresses === null || channel === null
          ? undefined
          : {
              channel,
              recipient: recipient ?? undefined,
              to: (JSON.parse(addresses) as StoredAddress[]).map(({ label }) => label),
              metadata: JSON.parse(metadata ?? "{}") as Record<string, string>,
            },
    }));
}

/** What an endpoint said to one event. */
export interface DeliveryAnswer {
  readonly subject: string;
  readonly sequence: number;
  readonly at: number;
  readonly durationMs: number;
  /** A 2xx. */
  readonly ok: boolean;
  readonly status?: number | undefined;
  readonly failure?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export interface SettleDeliveries {
  readonly endpoint: string;
  readonly token: string;
  readonly now: number;
  /** Of those that were told: the others stay due. */
  readonly answers: readonly DeliveryAnswer[];
  /** The endpoint is left alone for so long, whatever it said. */
  readonly pauseMs?: number | undefined;
}

/**
 * Writes what an endpoint said. A 2xx counts whenever it comes; a failure only while the lease is still this turn's, for
 * otherwise another turn has the event. One that failed waits for an earlier one that was replayed meanwhile.
 */
export function settleDeliveries(sql: SqlStorage, command: SettleDeliveries): void {
  const { endpoint, token, now, answers, pauseMs = 0 } = command;
  const lane = sql
    .exec<{ failed_turns: number }>(
      "SELECT failed_turns FROM listener WHERE endpoint = ? AND token = ?",
      endpoint,
      token,
    )
    .toArray()[0];
  const counted = lane === undefined ? answers.filter(({ ok }) => ok) : answers;
  const tries = readTries(sql, endpoint, counted);
  const changes = counted.map((answer) => changeOf(answer, (tries.get(keyOf(answer)) ?? 0) + 1, now));
  execForEach(
    sql,
    `UPDATE delivery SET state = one.value ->> 'state', tries = delivery.tries + 1,
       due_at = iif(EXISTS (
         SELECT 1 FROM delivery AS earlier WHERE earlier.endpoint = ?2 AND earlier.subject = delivery.subject
           AND earlier.sequence < delivery.sequence AND earlier.state = 'pending'), NULL, one.value ->> 'dueAt'),
       answers = json_insert(delivery.answers, '$[#]', json(one.value -> 'answer'))
     FROM json_each(?1) AS one
     WHERE delivery.endpoint = ?2 AND delivery.subject = one.value ->> 'subject'
       AND delivery.sequence = one.value ->> 'sequence' AND delivery.state = 'pending'`,
    changes,
    endpoint,
  );
  const settled = changes.filter(({ state }) => state !== "pending").map(({ subject }) => subject);
  releaseNext(sql, endpoint, settled, now);
  if (lane === undefined) return;
  const succeeded = answers.some(({ ok }) => ok);
  const failedTurns = succeeded ? 0 : lane.failed_turns + (answers.length > 0 ? 1 : 0);
  const pauses = [pauseMs, ...answers.map(({ retryAfterMs = 0 }) => retryAfterMs)];
  if (!succeeded && answers.length > 0) pauses.push(lanePauseMs(failedTurns, Math.random));
  sql.exec(
    "UPDATE listener SET free_at = ?, token = NULL, failed_turns = ? WHERE endpoint = ?",
    now + Math.max(...pauses),
    failedTurns,
    endpoint,
  );
}

function changeOf(
  answer: DeliveryAnswer,
  tries: number,
  now: number,
): { subject: string; sequence: number; state: string; dueAt: number | null; answer: object } {
  const { subject, sequence, ok, at, durationMs, status, failure, retryAfterMs } = answer;
  const dueAt = ok ? undefined : retryAt(tries, now, retryAfterMs, Math.random);
  const state = ok ? "delivered" : dueAt === undefined ? "dead" : "pending";
  return { subject, sequence, state, dueAt: dueAt ?? null, answer: { at, durationMs, status, failure } };
}

type Key = Pick<DeliveryAnswer, "subject" | "sequence">;

function keyOf({ subject, sequence }: Key): string {
  return `${subject} ${sequence}`;
}

function readTries(sql: SqlStorage, endpoint: string, wanted: readonly Key[]): ReadonlyMap<string, number> {
  const rows = sql
    .exec<{ subject: string; sequence: number; tries: number }>(
      `SELECT d.subject, d.sequence, d.tries FROM json_each(?1) AS one JOIN delivery AS d
       ON d.endpoint = ?2 AND d.subject = one.value ->> 'subject' AND d.sequence = one.value ->> 'sequence'`,
      JSON.stringify(wanted.map(({ subject, sequence }) => ({ subject, sequence }))),
      endpoint,
    )
    .toArray();
  return new Map(rows.map((row) => [keyOf(row), row.tries]));
}

/** Makes the first that is pending of each subject due, unless it is. */
export function releaseNext(sql: SqlStorage, endpoint: string, subjects: readonly string[], now: number): void {
  execForEach(
    sql,
    `UPDATE delivery SET due_at = ?3
     FROM (SELECT one.value AS subject,
                  (SELECT min(d.sequence) FROM delivery AS d
                   WHERE d.endpoint = ?2 AND d.subject = one.value AND d.state = 'pending') AS sequence
           FROM json_each(?1) AS one) AS head
     WHERE delivery.endpoint = ?2 AND delivery.subject = head.subject AND delivery.sequence = head.sequence
       AND delivery.due_at IS NULL`,
    subjects,
    endpoint,
    now,
  );
}
