import type { ErasureMark } from "../ledger/erasures.ts";

export interface StoredErasure {
  readonly id: string;
  /** Undefined once it is done. */
  readonly recipient: string | undefined;
  /** Undefined until the directory has been erased, and once it is done. */
  readonly marks: readonly ErasureMark[] | undefined;
  readonly requestedAt: number;
  /** Shards that have nothing more of them. */
  readonly confirmed: readonly number[];
  readonly doneAt: number | undefined;
}

type Row = {
  id: string;
  recipient: string | null;
  addresses: string | null;
  requested_at: number;
  confirmed: string;
  done_at: number | null;
};

/** Writes down that somebody is to be forgotten; gives back the erasure that is under way already. Undefined: unknown. */
export async function insertErasure(
  db: D1Database,
  { id, recipient }: { readonly id: string; readonly recipient: string },
  now: number,
): Promise<StoredErasure | undefined> {
  const [, found] = (await db.batch([
    db
      .prepare(
        `INSERT OR IGNORE INTO erasure (id, recipient, requested_at)
         SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM recipient WHERE id = ?2)`,
      )
      .bind(id, recipient, now),
    db.prepare("SELECT * FROM erasure WHERE recipient = ?1").bind(recipient),
  ])) as [D1Result, D1Result<Row>];
  const row = found.results[0];
  return row && erasureOf(row);
}

export async function findErasure(db: D1Database, id: string): Promise<StoredErasure | undefined> {
  const row = await db.prepare("SELECT * FROM erasure WHERE id = ?1").bind(id).first<Row>();
  return row === null ? undefined : erasureOf(row);
}

/** Some that are not done, the oldest first. */
export async function listOpenErasures(db: D1Database, limit: number): Promise<readonly StoredErasure[]> {
  const { results } = await db
    .prepare("SELECT * FROM erasure WHERE recipient IS NOT NULL ORDER BY requested_at LIMIT ?1")
    .bind(limit)
    .all<Row>();
  return results.map(erasureOf);
}

/** An address of somebody, as the directory has it. */
export interface KnownAddress {
  readonly channel: string;
  readonly addressKey: string;
  readonly label: string;
  /** JSON. */
  readonly address: string;
}

/** Of the app's giving, and of devices, retired ones too. */
export async function listKnownAddresses(db: D1Database, recipient: string): Promise<readonly KnownAddress[]> {
  const columns = "channel, address_key AS addressKey, label, address";
  const { results } = await db
    .prepare(
      `SELECT ${columns} FROM recipient_address WHERE recipient = ?1
       UNION ALL SELECT ${columns} FROM device WHERE recipient = ?1`,
    )
    .bind(recipient)
    .all<KnownAddress>();
  return results;
}

/**
 * Takes somebody out of the directory, in one transaction; what is known of their addresses stays, under what stands for
 * them. Their topics are left by a trigger.
 */
export async function eraseFromDirectory(
  db: D1Database,
  { id, recipient }: { readonly id: string; readonly recipient: string },
  marks: readonly ErasureMark[],
): Promise<void> {
  // Once it is done, there may be somebody of this name again.
  const open = "EXISTS (SELECT 1 FROM erasure WHERE erasure.recipient = ?1)";
  await db.batch([
    // Whoever comes second finds no addresses any more.
    db.prepare("UPDATE erasure SET addresses = ?2 WHERE id = ?1 AND addresses IS NULL").bind(id, JSON.stringify(marks)),
    ...hideAddresses(db, marks),
    ...["recipient_address", "preference", "device"].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE recipient = ?1 AND ${open}`).bind(recipient),
    ),
    db.prepare("DELETE FROM directory_event WHERE data ->> 'recipient' = ?1").bind(recipient),
    db.prepare(`DELETE FROM recipient WHERE id = ?1 AND ${open}`).bind(recipient),
  ]);
}

/** Notes that a shard has nothing more of them. */
export async function confirmErasure(db: D1Database, id: string, shard: number): Promise<StoredErasure | undefined> {
  const row = await db
    .prepare(
      `UPDATE erasure SET confirmed = iif(EXISTS (SELECT 1 FROM json_each(confirmed) WHERE value = ?2), confirmed,
         json_insert(confirmed, '$[#]', ?2)) WHERE id = ?1 RETURNING *`,
    )
    .bind(id, shard)
    .first<Row>();
  return row === null ? undefined : erasureOf(row);
}

/** Brings an erasure to its end: from here on nothing says of whom it was. */
export async function finishErasure(
  db: D1Database,
  { id, marks = [] }: Pick<StoredErasure, "id" | "marks">,
  now: number,
): Promise<void> {
  await db.batch([
    // What events have written down of the addresses meanwhile.
    ...hideAddresses(db, marks),
    db
      .prepare("UPDATE erasure SET recipient = NULL, addresses = NULL, done_at = coalesce(done_at, ?2) WHERE id = ?1")
      .bind(id, now),
  ]);
}

/** What stands against sending there goes on to, without saying where. */
function hideAddresses(db: D1Database, marks: readonly ErasureMark[]): readonly D1PreparedStatement[] {
  const json = JSON.stringify(marks);
  const theirs = (table: string): string =>
    `(${table}.channel, ${table}.address_key) IN (SELECT value ->> 'channel', value ->> 'addressKey' FROM json_each(?1))`;
  return [
    db.prepare(`DELETE FROM soft_bounce WHERE ${theirs("soft_bounce")}`).bind(json),
    ...["suppression", "opt_out"].flatMap((table) => [
      // One that was removed, or has ended, stands against nothing.
      db.prepare(`DELETE FROM ${table} WHERE removed_at IS NOT NULL AND ${theirs(table)}`).bind(json),
      // Of somebody who had been erased before: the one of two that does not end is kept.
      ...(table === "suppression"
        ? [
            db
              .prepare(
                `DELETE FROM suppression WHERE expires_at IS NOT NULL AND (channel, address_key) IN (
                   SELECT one.value ->> 'channel', one.value ->> 'erasedKey' FROM json_each(?1) AS one
                   JOIN suppression AS newer ON newer.channel = one.value ->> 'channel'
                     AND newer.address_key = one.value ->> 'addressKey')`,
              )
              .bind(json),
          ]
        : []),
      db
        .prepare(
          `UPDATE OR IGNORE ${table} SET address_key = one.value ->> 'erasedKey', label = 'erased'
           FROM json_each(?1) AS one
           WHERE ${table}.channel = one.value ->> 'channel' AND ${table}.address_key = one.value ->> 'addressKey'`,
        )
        .bind(json),
      db.prepare(`DELETE FROM ${table} WHERE ${theirs(table)}`).bind(json),
    ]),
  ];
}

function erasureOf(row: Row): StoredErasure {
  return {
    id: row.id,
    recipient: row.recipient ?? undefined,
    marks: row.addresses === null ? undefined : (JSON.parse(row.addresses) as ErasureMark[]),
    requestedAt: row.requested_at,
    confirmed: JSON.parse(row.confirmed) as number[],
    doneAt: row.done_at ?? undefined,
  };
}
