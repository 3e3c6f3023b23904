import { everyCategory } from "../suppress/category.ts";
import type { AddressOf } from "./suppressions.ts";

/** A suppression or an opt-out, as lists show it. */
export interface ListedSuppression extends AddressOf {
  readonly label: string;
  readonly scope: "all" | "marketing";
  /** Of an opt-out from one category; undefined: all. */
  readonly category: string | undefined;
  readonly reason: string;
  readonly sourceMessage: string | undefined;
  readonly causedAt: number;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
}

type Row = {
  channel: string;
  address_key: string;
  category: string;
  label: string;
  reason: string;
  source_message: string | null;
  caused_at: number;
  created_at: number;
  expires_at: number | null;
};

/** An empty category is a suppression of everything, and sorts before the opt-outs of the same address. */
const suppressions = `SELECT channel, address_key, '' AS category, label, reason, source_message, caused_at, created_at, expires_at
  FROM suppression WHERE removed_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)`;

const optOuts = `SELECT channel, address_key, category, label, reason, source_message, caused_at, created_at, NULL AS expires_at
  FROM opt_out WHERE removed_at IS NULL`;

/** Where a page ended. */
export interface SuppressionCursor extends AddressOf {
  readonly createdAt: number;
  /** Empty, a category or `*`. */
  readonly category: string;
}

/** Newest first, suppressions and opt-outs as one list: each has an index in this order. */
export async function listSuppressions(
  db: D1Database,
  after: SuppressionCursor | undefined,
  limit: number,
  now: number,
): Promise<readonly ListedSuppression[]> {
  const behind = (category: string): string =>
    `AND created_at <= ?2 AND (created_at < ?2 OR (channel, address_key, ${category}) > (?3, ?4, ?5))`;
  const { results } = await db
    .prepare(
      `${suppressions} ${behind("''")} UNION ALL ${optOuts} ${behind("category")}
       ORDER BY created_at DESC, channel, address_key, category LIMIT ?6`,
    )
    .bind(
      now,
      after?.createdAt ?? Number.MAX_SAFE_INTEGER,
      after?.channel ?? "",
      after?.addressKey ?? "",
      after?.category ?? "",
      limit,
    )
    .all<Row>();
  return results.map(listedOf);
}

export function cursorAt({ createdAt, channel, addressKey, scope, category }: ListedSuppression): SuppressionCursor {
  return { createdAt, channel, addressKey, category: scope === "all" ? "" : (category ?? everyCategory) };
}

/** All that stands against one address. */
export async function readSuppressions(
  db: D1Database,
  { channel, addressKey }: AddressOf,
  now: number,
): Promise<readonly ListedSuppression[]> {
  const one = "AND channel = ?2 AND address_key = ?3";
  const { results } = await db
    .prepare(`${suppressions} ${one} UNION ALL ${optOuts} ${one} ORDER BY category`)
    .bind(now, channel, addressKey)
    .all<Row>();
  return results.map(listedOf);
}

/** All that stands against any of these. */
export async function readSuppressionsOf(
  db: D1Database,
  addresses: readonly AddressOf[],
  now: number,
): Promise<readonly ListedSuppression[]> {
  const any = `AND (channel, address_key) IN (
    SELECT value ->> 'channel', value ->> 'addressKey' FROM json_each(?2))`;
  const { results } = await db
    .prepare(`${suppressions} ${any} UNION ALL ${optOuts} ${any} ORDER BY channel, address_key, category`)
    .bind(now, JSON.stringify(addresses.map(({ channel, addressKey }) => ({ channel, addressKey }))))
    .all<Row>();
  return results.map(listedOf);
}

function listedOf(row: Row): ListedSuppression {
  return {
    channel: row.channel,
    addressKey: row.address_key,
    label: row.label,
    scope: row.category === "" ? "all" : "marketing",
    category: row.category === "" || row.category === everyCategory ? undefined : row.category,
    reason: row.reason,
    sourceMessage: row.source_message ?? undefined,
    causedAt: row.caused_at,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  };
}
