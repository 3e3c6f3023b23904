import { stemOf } from "../ids.ts";
import type { StoredAddress } from "./rows.ts";
import { execForEach } from "./sql.ts";

/** A message that failed for good. */
export interface DeadLetter {
  /** uuid. */
  readonly message: string;
  readonly channel: string;
  /** Of the last try. */
  readonly provider: string | undefined;
  /** `exhausted` (its tries or its time), `lost` (five sends without an outcome), or the kind of the failure. */
  readonly reason: string;
}

/** Which dead letters are meant; all that is given must hold. */
export interface DeadLetterFilter {
  readonly channel?: string | undefined;
  readonly provider?: string | undefined;
  readonly reason?: string | undefined;
}

export interface ListedDeadLetter extends DeadLetter {
  readonly diedAt: number;
  readonly acceptedAt: number;
  readonly to: readonly string[];
  readonly tries: number;
  /** JSON of a `TimelineEntry`: the last attempt, or the decision that ended it. */
  readonly last: string | undefined;
}

/** Written in the transaction that made it fail. */
export function keepDeadLetters(sql: SqlStorage, letters: readonly DeadLetter[], now: number): void {
  execForEach(
    sql,
    `INSERT OR REPLACE INTO dead_letter (message, at, channel, provider, reason)
     SELECT value ->> 'message', ?2, value ->> 'channel', value ->> 'provider', value ->> 'reason' FROM json_each(?1)`,
    letters,
    now,
  );
}

/** One that a provider reported as taken after all is no dead letter any more. */
const dead = `FROM dead_letter AS d JOIN message AS m ON m.uuid = d.message AND m.place = 'failed'
  WHERE (?1 IS NULL OR d.channel = ?1) AND (?2 IS NULL OR d.provider = ?2) AND (?3 IS NULL OR d.reason = ?3)`;

/** Newest accept time first; `before` is the uuid that the last page ended with. */
export function listDeadLetters(
  sql: SqlStorage,
  { channel, provider, reason }: DeadLetterFilter,
  before: string | undefined,
  limit: number,
): readonly ListedDeadLetter[] {
  return sql
    .exec<{
      message: string;
      at: number;
      channel: string;
      provider: string | null;
      reason: string;
      addresses: string;
      tries: number;
      last: string | null;
    }>(
      `SELECT d.*, m.addresses, m.tries,
         (SELECT json_object('seq', t.seq, 'kind', t.kind, 'at', t.at, 'provider', t.provider, 'data', json(t.data)) FROM timeline AS t
          WHERE t.message = d.message AND t.kind <> 'event' ORDER BY t.seq DESC LIMIT 1) AS last
       ${dead} AND d.message < ?4 ORDER BY d.message DESC LIMIT ?5`,
      channel ?? null,
      provider ?? null,
      reason ?? null,
      before ?? "g",
      limit,
    )
    .toArray()
    .map(({ message, at, channel: own, provider: last, reason: why, addresses, tries, last: entry }) => ({
      message,
      channel: own,
      provider: last ?? undefined,
      reason: why,
      diedAt: at,
      acceptedAt: Number.parseInt(stemOf(message).slice(0, 12), 16),
      to: (JSON.parse(addresses) as StoredAddress[]).map(({ label }) => label),
      tries,
      last: entry ?? undefined,
    }));
}

/** uuids of what a filter means, oldest first. */
export function findDeadLetters(
  sql: SqlStorage,
  { channel, provider, reason }: DeadLetterFilter,
  limit: number,
): readonly string[] {
  return sql
    .exec<{ message: string }>(
      `SELECT d.message ${dead} ORDER BY d.message LIMIT ?4`,
      channel ?? null,
      provider ?? null,
      reason ?? null,
      limit,
    )
    .toArray()
    .map(({ message }) => message);
}

/** Takes them off the list; the messages stay as they are. Gives back those that were on it. */
export function discardDeadLetters(sql: SqlStorage, uuids: readonly string[]): readonly string[] {
  const json = JSON.stringify(uuids);
  return sql
    .exec<{ message: string }>(
      "DELETE FROM dead_letter WHERE message IN (SELECT value FROM json_each(?1)) RETURNING message",
      json,
    )
    .toArray()
    .map(({ message }) => message);
}
