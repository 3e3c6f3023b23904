import { everyCategory } from "../suppress/category.ts";
import type { AddressOf } from "./suppressions.ts";

/**
 * How somebody opted out. `one-click`: the mail program's button. `preferences`: our page. `manual`: the API. `provider`:
 * its own link or list, the only one that the provider can take back.
 */
export const optOutReasons = ["one-click", "preferences", "manual", "provider"] as const;

export type OptOutReason = (typeof optOutReasons)[number];

export interface OptOut extends AddressOf {
  /** A category's name, or `*` for all that are not required. */
  readonly category: string;
  readonly label: string;
  readonly reason: OptOutReason;
  readonly sourceMessage: string | undefined;
  readonly causedAt: number;
}

/**
 * Writes opt-outs: one statement for any number. What the recipient did here stays as it first was, and stands over what
 * providers say, of which the latest is kept. Those that are `asked` for now come back whatever was removed before; those of events only if
 * they happened after it.
 */
export function addOptOuts(
  db: D1Database,
  optOuts: readonly OptOut[],
  now: number,
  asked: boolean,
): D1PreparedStatement {
  const isKept = `opt_out.removed_at IS NULL AND (opt_out.reason <> 'provider' OR
    (excluded.reason = 'provider' AND opt_out.caused_at >= excluded.caused_at))`;
  return db
    .prepare(
      `INSERT INTO opt_out (channel, address_key, category, label, reason, source_message, caused_at, created_at)
       SELECT value ->> 'channel', value ->> 'addressKey', value ->> 'category', value ->> 'label', value ->> 'reason',
              value ->> 'sourceMessage', value ->> 'causedAt', ?2
       FROM json_each(?1) WHERE value ->> 'reason' <> 'provider' OR NOT EXISTS (
         SELECT 1 FROM opt_out AS back WHERE back.channel = value ->> 'channel'
           AND back.address_key = value ->> 'addressKey' AND back.category IN ('${everyCategory}', value ->> 'category')
           AND back.lifted_at >= value ->> 'causedAt')
       ON CONFLICT (channel, address_key, category) DO UPDATE SET
         label = excluded.label, reason = excluded.reason, source_message = excluded.source_message,
         caused_at = excluded.caused_at, removed_at = NULL,
         created_at = iif(opt_out.removed_at IS NULL, opt_out.created_at, excluded.created_at)
       WHERE NOT (${isKept}) AND (?3 = 1 OR excluded.caused_at > coalesce(opt_out.cleared_at, -1))`,
    )
    .bind(JSON.stringify(optOuts), now, asked ? 1 : 0);
}

/** What a provider takes back; of all categories where none is named. */
interface Lifted extends AddressOf {
  readonly label: string;
  readonly causedAt: number;
  readonly category?: string | undefined;
}

/**
 * Takes back what providers had said before `causedAt`. Written down even where there is nothing: what is taken back may come
 * after it.
 */
export function liftOptOuts(db: D1Database, lifted: readonly Lifted[], now: number): readonly D1PreparedStatement[] {
  const json = JSON.stringify(lifted);
  return [
    db
      .prepare(
        `INSERT INTO opt_out (channel, address_key, category, label, reason, caused_at, created_at, removed_at, lifted_at)
         SELECT value ->> 'channel', value ->> 'addressKey', ${category("value")}, value ->> 'label', 'provider',
                value ->> 'causedAt', ?2, value ->> 'causedAt', value ->> 'causedAt'
         FROM json_each(?1) WHERE true
         ON CONFLICT (channel, address_key, category) DO UPDATE SET
           lifted_at = max(coalesce(opt_out.lifted_at, -1), excluded.lifted_at)`,
      )
      .bind(json, now),
    db
      .prepare(
        `UPDATE opt_out SET removed_at = one.value ->> 'causedAt' FROM json_each(?1) AS one
         WHERE opt_out.channel = one.value ->> 'channel' AND opt_out.address_key = one.value ->> 'addressKey'
           AND ${category("one.value")} IN ('${everyCategory}', opt_out.category)
           AND opt_out.removed_at IS NULL AND opt_out.reason = 'provider' AND opt_out.caused_at <= one.value ->> 'causedAt'`,
      )
      .bind(json),
  ];
}

function category(of: string): string {
  return `coalesce(${of} ->> 'category', '${everyCategory}')`;
}

/** Removes the address's opt-outs from these categories, or from all of them. */
export function removeOptOuts(
  db: D1Database,
  { channel, addressKey }: AddressOf,
  categories: readonly string[] | undefined,
  now: number,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE opt_out SET removed_at = ?3, cleared_at = ?3 WHERE channel = ?1 AND address_key = ?2 AND removed_at IS NULL
         AND (?4 IS NULL OR category IN (SELECT value FROM json_each(?4)))`,
    )
    .bind(channel, addressKey, now, categories === undefined ? null : JSON.stringify(categories));
}

/** What the address is opted out of: names of categories, or `*`. */
export async function readOptOuts(db: D1Database, { channel, addressKey }: AddressOf): Promise<ReadonlySet<string>> {
  const { results } = await db
    .prepare("SELECT category FROM opt_out WHERE channel = ?1 AND address_key = ?2 AND removed_at IS NULL")
    .bind(channel, addressKey)
    .all<{ category: string }>();
  return new Set(results.map(({ category }) => category));
}
