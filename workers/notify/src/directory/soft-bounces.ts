import { softBounceLimit, softBouncesKeptMs } from "../suppress/soft-bounces.ts";
import { clearedAt, join } from "./suppressions.ts";
import type { AddressOf } from "./suppressions.ts";

/** That a message bounced softly at an address; or, withdrawn, that it was delivered after all. */
export interface SoftBounce extends AddressOf {
  readonly label: string;
  /** The message's id. */
  readonly message: string;
  readonly at: number;
  readonly withdrawn: boolean;
}

const touched =
  "SELECT DISTINCT value ->> 'channel' AS channel, value ->> 'addressKey' AS address_key FROM json_each(?1)";

/**
 * Soft bounces of the addresses in ?1 that are, with those of the time before them, too many. Parameters: ?4 messages,
 * ?5 window.
 */
const tooMany = `SELECT b.channel, b.address_key, b.label, b.message, max(b.at) AS at
  FROM (${touched}) AS touched
  JOIN soft_bounce AS b ON b.channel = touched.channel AND b.address_key = touched.address_key AND b.withdrawn = 0
  LEFT JOIN suppression AS s ON s.channel = b.channel AND s.address_key = b.address_key
  WHERE (SELECT count(*) FROM soft_bounce AS o WHERE o.channel = b.channel AND o.address_key = b.address_key
      AND o.withdrawn = 0 AND o.at > b.at - ?5 AND o.at <= b.at
      AND (s.channel IS NULL OR (o.at > ${clearedAt("s")} AND o.at > coalesce(s.lifted_at, -1)))) >= ?4
  GROUP BY b.channel, b.address_key`;

/**
 * Counts soft bounces, and makes, moves or ends the suppressions that follow from all that are counted by now: three
 * statements, whatever their number and order. One that has ended is not moved but made anew, so that it is dated and told.
 */
export function countSoftBounces(
  db: D1Database,
  bounces: readonly SoftBounce[],
  now: number,
): readonly D1PreparedStatement[] {
  const { messages, withinMs, restMs } = softBounceLimit;
  const json = JSON.stringify(bounces.map((one) => ({ ...one, withdrawn: one.withdrawn ? 1 : 0 })));
  return [
    db
      .prepare(
        `INSERT INTO soft_bounce (channel, address_key, message, label, at, withdrawn)
         SELECT value ->> 'channel', value ->> 'addressKey', value ->> 'message', value ->> 'label', value ->> 'at',
                value ->> 'withdrawn'
         FROM json_each(?1) WHERE true
         ON CONFLICT (channel, address_key, message) DO UPDATE SET
           at = min(soft_bounce.at, excluded.at), withdrawn = max(soft_bounce.withdrawn, excluded.withdrawn)`,
      )
      .bind(json),
    db
      .prepare(
        `UPDATE suppression SET expires_at = coalesce(counted.at + ?3, min(suppression.expires_at, ?2))
         FROM (SELECT one.channel, one.address_key, found.at FROM (${touched}) AS one
           LEFT JOIN (${tooMany}) AS found ON found.channel = one.channel AND found.address_key = one.address_key) AS counted
         WHERE suppression.channel = counted.channel AND suppression.address_key = counted.address_key
           AND suppression.reason = 'soft-bounced' AND suppression.removed_at IS NULL
           AND (suppression.expires_at IS NULL OR suppression.expires_at > ?2)`,
      )
      .bind(json, now, restMs, messages, withinMs),
    db
      .prepare(
        `INSERT INTO suppression (channel, address_key, label, reason, source_message, caused_at, created_at, expires_at)
         SELECT channel, address_key, label, 'soft-bounced', message, at, ?2, at + ?6 FROM (${tooMany})
         WHERE at + ?6 > ?2 ${join}`,
      )
      .bind(json, now, 0, messages, withinMs, restMs),
  ];
}

/** Forgets those that are too old to count: some at a time. */
export async function trimSoftBounces(db: D1Database, now: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM soft_bounce WHERE (channel, address_key, message) IN
         (SELECT channel, address_key, message FROM soft_bounce WHERE at < ?1 LIMIT 500)`,
    )
    .bind(now - softBouncesKeptMs)
    .run();
}
