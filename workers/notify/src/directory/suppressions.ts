/** Why an address is not sent to. `manual`: put there through the API. */
export type SuppressionReason = "bounced" | "complained" | "recipient-gone" | "manual";

export interface Suppression {
  readonly channel: string;
  readonly addressKey: string;
  readonly label: string;
  readonly reason: SuppressionReason;
  /** Id of the message whose event caused it. */
  readonly sourceMessage: string | undefined;
  readonly causedAt: number;
}

export interface ListedSuppression extends Suppression {
  readonly createdAt: number;
}

type Row = {
  channel: string;
  address_key: string;
  label: string;
  reason: SuppressionReason;
  source_message: string | null;
  caused_at: number;
  created_at: number;
};

/** Of these addresses, the suppressed ones with their reasons: one read, asked right before a send. */
export async function findSuppressed(
  db: D1Database,
  channel: string,
  addressKeys: readonly string[],
): Promise<ReadonlyMap<string, SuppressionReason>> {
  const { results } = await db
    .prepare(
      `SELECT address_key, reason FROM suppression
       WHERE channel = ?1 AND removed_at IS NULL AND address_key IN (SELECT value FROM json_each(?2))`,
    )
    .bind(channel, JSON.stringify([...new Set(addressKeys)]))
    .all<Pick<Row, "address_key" | "reason">>();
  return new Map(results.map(({ address_key, reason }) => [address_key, reason]));
}

/**
 * Suppresses addresses: one statement for any number. The first reason stays; one that was removed comes back only for
 * a cause after the removal, so that a repeated old webhook does not undo it.
 */
export async function addSuppressions(
  db: D1Database,
  suppressions: readonly Suppression[],
  now: number,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO suppression (channel, address_key, label, reason, source_message, caused_at, created_at)
       SELECT value ->> 'channel', value ->> 'addressKey', value ->> 'label', value ->> 'reason',
              value ->> 'sourceMessage', value ->> 'causedAt', ?2
       FROM json_each(?1) WHERE true
       ON CONFLICT (channel, address_key) DO UPDATE SET
         label = excluded.label, reason = excluded.reason, source_message = excluded.source_message,
         caused_at = excluded.caused_at, created_at = excluded.created_at, removed_at = NULL
       WHERE suppression.removed_at IS NOT NULL
         AND (excluded.caused_at > suppression.removed_at OR excluded.reason = 'manual')`,
    )
    .bind(JSON.stringify(suppressions), now)
    .run();
}

/** Removes one; false when it is not there. */
export async function removeSuppression(
  db: D1Database,
  channel: string,
  addressKey: string,
  now: number,
): Promise<boolean> {
  const { meta } = await db
    .prepare("UPDATE suppression SET removed_at = ?3 WHERE channel = ?1 AND address_key = ?2 AND removed_at IS NULL")
    .bind(channel, addressKey, now)
    .run();
  return meta.changes > 0;
}

export async function readSuppression(
  db: D1Database,
  channel: string,
  addressKey: string,
): Promise<ListedSuppression | undefined> {
  const row = await db
    .prepare("SELECT * FROM suppression WHERE channel = ?1 AND address_key = ?2 AND removed_at IS NULL")
    .bind(channel, addressKey)
    .first<Row>();
  return row === null ? undefined : listedOf(row);
}

export interface SuppressionCursor {
  readonly createdAt: number;
  readonly channel: string;
  readonly addressKey: string;
}

/** Newest first. */
export async function listSuppressions(
  db: D1Database,
  after: SuppressionCursor | undefined,
  limit: number,
): Promise<readonly ListedSuppression[]> {
  const { results } = await db
    .prepare(
      `SELECT * FROM suppression
       WHERE removed_at IS NULL AND created_at <= ?1 AND (created_at < ?1 OR (channel, address_key) > (?2, ?3))
       ORDER BY created_at DESC, channel, address_key LIMIT ?4`,
    )
    .bind(after?.createdAt ?? Number.MAX_SAFE_INTEGER, after?.channel ?? "", after?.addressKey ?? "", limit)
    .all<Row>();
  return results.map(listedOf);
}

function listedOf(row: Row): ListedSuppression {
  return {
    channel: row.channel,
    addressKey: row.address_key,
    label: row.label,
    reason: row.reason,
    sourceMessage: row.source_message ?? undefined,
    causedAt: row.caused_at,
    createdAt: row.created_at,
  };
}
