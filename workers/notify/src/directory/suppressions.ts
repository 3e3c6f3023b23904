import { isDeviceChannel } from "../devices/channels.ts";
import { everyCategory } from "../suppress/category.ts";

/**
 * Why an address is not sent to at all.
 *
 * - `manual`: put there through the API. `unsubscribed`: a STOP, which ends all texts of a number.
 * - `recipient-gone`: a provider refused to send there. `provider-listed`: it did not try, and keeps to itself why.
 * - `soft-bounced`: too often; the only one that ends by itself.
 */
export const suppressionReasons = [
  "complained",
  "manual",
  "bounced",
  "unsubscribed",
  "recipient-gone",
  "provider-listed",
  "soft-bounced",
] as const;

export type SuppressionReason = (typeof suppressionReasons)[number];

/** What a provider can take back. */
const liftable: readonly SuppressionReason[] = suppressionReasons.filter(
  (one) => one !== "complained" && one !== "manual",
);

export interface AddressOf {
  readonly channel: string;
  /** `Address.key` of the channel. */
  readonly addressKey: string;
}

export interface Suppression extends AddressOf {
  readonly label: string;
  readonly reason: SuppressionReason;
  /** Id of the message whose event caused it. */
  readonly sourceMessage: string | undefined;
  readonly causedAt: number;
  /** Undefined: it does not end by itself. */
  readonly expiresAt?: number | undefined;
}

/** Why a message is kept from an address. */
export interface Block {
  readonly reason: string;
  readonly scope: "all" | "marketing";
  /** Of an opt-out from one category. */
  readonly category?: string | undefined;
  /** Whose device it is by now: it stands against what was meant for somebody else. */
  readonly unlessFor?: string | undefined;
}

/** What stands against sending to addresses: at most one of scope `all` each, and opt-outs. */
export type Blocks = ReadonlyMap<string, readonly Block[]>;

/**
 * What stands against these addresses: one read, asked right before a send. Opt-outs are looked for where a message could
 * heed them.
 */
export async function findBlocks(
  db: D1Database,
  channel: string,
  addressKeys: readonly string[],
  options: { readonly optOuts: boolean; readonly now: number },
): Promise<Blocks> {
  const optOuts = `UNION ALL SELECT address_key, reason, category, NULL FROM opt_out
    WHERE channel = ?1 AND removed_at IS NULL AND address_key IN (SELECT value FROM json_each(?2))`;
  const devices = `UNION ALL SELECT address_key, iif(retired_at IS NULL, 'device-moved', 'device-retired'), NULL,
      iif(retired_at IS NULL, recipient, NULL) FROM device
    WHERE channel = ?1 AND address_key IN (SELECT value FROM json_each(?2))`;
  const { results } = await db
    .prepare(
      `SELECT address_key, reason, NULL AS category, NULL AS owner FROM suppression
       WHERE channel = ?1 AND removed_at IS NULL AND (expires_at IS NULL OR expires_at > ?3)
         AND address_key IN (SELECT value FROM json_each(?2))
       ${isDeviceChannel(channel) ? devices : ""} ${options.optOuts ? optOuts : ""}`,
    )
    .bind(channel, JSON.stringify([...new Set(addressKeys)]), options.now)
    .all<{ address_key: string; reason: string; category: string | null; owner: string | null }>();
  const blocks = new Map<string, Block[]>();
  for (const { address_key, reason, category, owner } of results) {
    const block: Block =
      category === null
        ? { reason, scope: "all", unlessFor: owner ?? undefined }
        : { reason, scope: "marketing", category: category === everyCategory ? undefined : category };
    blocks.set(address_key, [...(blocks.get(address_key) ?? []), block]);
  }
  return blocks;
}

/** Which of two reasons is kept: what a provider can take back gives way to what it cannot, and what ends to what does not. */
const rank = (column: string): string =>
  `CASE ${column} WHEN 'complained' THEN 3 WHEN 'manual' THEN 2 WHEN 'soft-bounced' THEN 0 ELSE 1 END`;

const isLiftable = (column: string): string => `${column} IN (${liftable.map((one) => `'${one}'`).join(", ")})`;

/** Before this nothing counts. A removal by the code of before has its moment in `removed_at` alone. */
export const clearedAt = (row: string): string => `max(coalesce(${row}.cleared_at, -1),
  iif(${row}.removed_at > coalesce(${row}.lifted_at, -1), ${row}.removed_at, -1))`;

/**
 * What becomes of a row that is there: what holds longer and weighs more stays, the later cause of two that weigh the
 * same (a provider that takes back the earlier one has not taken back the later), so that any order and any repetition of
 * the causes makes the same row. Parameters: ?2 now; ?3 is 1 for what is asked for now, whatever was removed before.
 */
export const join = `ON CONFLICT (channel, address_key) DO UPDATE SET
  label = excluded.label,
  reason = iif(${isKept()}, suppression.reason, excluded.reason),
  source_message = iif(${isKept()}, suppression.source_message, excluded.source_message),
  caused_at = iif(${isKept()}, suppression.caused_at, excluded.caused_at),
  created_at = iif(${isActive()}, suppression.created_at, excluded.created_at),
  expires_at = iif(${isActive()},
    iif(suppression.expires_at IS NULL OR excluded.expires_at IS NULL, NULL, max(suppression.expires_at, excluded.expires_at)),
    excluded.expires_at),
  removed_at = NULL
WHERE (?3 = 1 OR (excluded.caused_at > ${clearedAt("suppression")}
    AND (NOT ${isLiftable("excluded.reason")} OR excluded.caused_at > coalesce(suppression.lifted_at, -1))))
  AND (NOT ${isActive()} OR NOT ${isKept()}
    OR (suppression.expires_at IS NOT NULL AND (excluded.expires_at IS NULL OR excluded.expires_at > suppression.expires_at)))`;

function isActive(): string {
  return "(suppression.removed_at IS NULL AND (suppression.expires_at IS NULL OR suppression.expires_at > ?2))";
}

function isKept(): string {
  const [stored, given] = [rank("suppression.reason"), rank("excluded.reason")];
  return `(${isActive()} AND (${stored} > ${given} OR (${stored} = ${given}
    AND (suppression.caused_at, suppression.reason) >= (excluded.caused_at, excluded.reason))))`;
}

/**
 * Suppresses addresses: one statement for any number. `asked` for now (the API) brings back what was removed; an event
 * does so only when it happened after the removal, so that a repeated old webhook does not undo it.
 */
export function addSuppressions(
  db: D1Database,
  suppressions: readonly Suppression[],
  now: number,
  asked: boolean,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO suppression (channel, address_key, label, reason, source_message, caused_at, created_at, expires_at)
       SELECT value ->> 'channel', value ->> 'addressKey', value ->> 'label', value ->> 'reason',
              value ->> 'sourceMessage', value ->> 'causedAt', ?2, value ->> 'expiresAt'
       FROM json_each(?1) WHERE true ${join}`,
    )
    .bind(JSON.stringify(suppressions), now, asked ? 1 : 0);
}

/**
 * Takes back what providers had said of addresses before `causedAt`. Written down even where there is nothing: what is
 * taken back may come after it.
 */
export function liftSuppressions(
  db: D1Database,
  lifted: readonly (AddressOf & { readonly label: string; readonly causedAt: number })[],
  now: number,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO suppression (channel, address_key, label, reason, caused_at, created_at, removed_at, lifted_at)
       SELECT value ->> 'channel', value ->> 'addressKey', value ->> 'label', 'provider-listed',
              value ->> 'causedAt', ?2, value ->> 'causedAt', value ->> 'causedAt'
       FROM json_each(?1) WHERE true
       ON CONFLICT (channel, address_key) DO UPDATE SET
         removed_at = iif(suppression.removed_at IS NULL AND ${isLiftable("suppression.reason")}
           AND suppression.caused_at <= excluded.lifted_at, excluded.lifted_at, suppression.removed_at),
         lifted_at = max(coalesce(suppression.lifted_at, -1), excluded.lifted_at)`,
    )
    .bind(JSON.stringify(lifted), now);
}

/** Removes one; false when it is not there. */
export async function removeSuppression(
  db: D1Database,
  { channel, addressKey }: AddressOf,
  now: number,
): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `UPDATE suppression SET removed_at = ?3, cleared_at = ?3, expires_at = NULL
       WHERE channel = ?1 AND address_key = ?2 AND removed_at IS NULL AND (expires_at IS NULL OR expires_at > ?3)`,
    )
    .bind(channel, addressKey, now)
    .run();
  return meta.changes > 0;
}

/** Notes which suppressions have ended by themselves, so that apps are told; nothing else depends on it. */
export async function noteEndedSuppressions(db: D1Database, now: number): Promise<void> {
  await db
    .prepare(
      // As the index has it, which holds only those whose end is still to be noted.
      `UPDATE suppression SET ended_at = expires_at
       WHERE expires_at IS NOT NULL AND ended_at IS NOT expires_at AND expires_at <= ?1 AND removed_at IS NULL`,
    )
    .bind(now)
    .run();
}
