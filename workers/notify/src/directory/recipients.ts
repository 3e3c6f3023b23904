/** One of the addresses that an app gave for a recipient. */
export interface RecipientAddress {
  readonly channel: string;
  /** `Address.key` of the channel. */
  readonly addressKey: string;
  /** As the channel takes it. */
  readonly address: unknown;
  readonly label: string;
  /** 0 is the preferred one of its channel. */
  readonly position: number;
}

export interface Recipient {
  readonly id: string;
  readonly locale: string | undefined;
  readonly zone: string | undefined;
  /** JSON. */
  readonly data: string;
  readonly addresses: readonly RecipientAddress[];
  readonly createdAt: number;
  /** Grows with every change. */
  readonly updatedAt: number;
}

type Row = {
  id: string;
  locale: string | null;
  zone: string | null;
  data: string;
  created_at: number;
  updated_at: number;
};

type AddressRow = {
  recipient: string;
  channel: string;
  address_key: string;
  address: string;
  label: string;
  position: number;
};

/**
 * While somebody is being erased nobody is made anew, and no address of theirs comes or goes: one that the erasure does not
 * find would be kept by the shards.
 */
export const notErasing = (parameter = "?1"): string =>
  `NOT EXISTS (SELECT 1 FROM erasure WHERE erasure.recipient = ${parameter})`;

/** Makes a recipient, or puts this one in the place of the one that is there. One transaction. */
export async function putRecipient(
  db: D1Database,
  { id, locale, zone, data, addresses }: Pick<Recipient, "id" | "locale" | "zone" | "data" | "addresses">,
  now: number,
): Promise<"created" | "replaced" | "erasing"> {
  const [before, written] = (await db.batch([
    db.prepare("SELECT id FROM recipient WHERE id = ?1").bind(id),
    db
      .prepare(
        `INSERT INTO recipient (id, locale, zone, data, created_at, updated_at) SELECT ?1, ?2, ?3, ?4, ?5, ?5
         WHERE ${notErasing()}
         ON CONFLICT (id) DO UPDATE SET locale = excluded.locale, zone = excluded.zone, data = excluded.data,
           updated_at = max(excluded.updated_at, recipient.updated_at + 1)`,
      )
      .bind(id, locale ?? null, zone ?? null, data, now),
    db.prepare(`DELETE FROM recipient_address WHERE recipient = ?1 AND ${notErasing()}`).bind(id),
    db
      .prepare(`${insertAddresses} WHERE EXISTS (SELECT 1 FROM recipient WHERE id = ?1) AND ${notErasing()}`)
      .bind(id, JSON.stringify(addresses)),
  ])) as [D1Result, D1Result];
  if (written.meta.changes === 0) return "erasing";
  return before.results.length > 0 ? "replaced" : "created";
}

const insertAddresses = `INSERT INTO recipient_address (recipient, channel, address_key, address, label, position)
  SELECT ?1, value ->> 'channel', value ->> 'addressKey', value -> 'address', value ->> 'label', value ->> 'position'
  FROM json_each(?2)`;

/** What changes of a recipient; undefined leaves it, null takes it away. */
export interface RecipientChange {
  readonly locale: string | null;
  readonly zone: string | null;
  readonly data: string;
  /** Channels whose addresses are replaced, and by what. */
  readonly channels: readonly string[];
  readonly addresses: readonly RecipientAddress[];
}

/** Changes a recipient that is still as it was read, unless somebody else was faster. One transaction. */
export async function changeRecipient(
  db: D1Database,
  { id, updatedAt }: Pick<Recipient, "id" | "updatedAt">,
  { locale, zone, data, channels, addresses }: RecipientChange,
  now: number,
): Promise<"changed" | "overtaken" | "erasing"> {
  // The row comes last: all before it hold only for as long as it is what was read.
  const unchanged = `EXISTS (SELECT 1 FROM recipient WHERE id = ?1 AND updated_at = ?3) AND ${notErasing()}`;
  const results = await db.batch([
    db.prepare("SELECT 1 FROM erasure WHERE recipient = ?1").bind(id),
    db
      .prepare(
        `DELETE FROM recipient_address WHERE recipient = ?1 AND channel IN (SELECT value FROM json_each(?2)) AND ${unchanged}`,
      )
      .bind(id, JSON.stringify(channels), updatedAt),
    db.prepare(`${insertAddresses} WHERE ${unchanged}`).bind(id, JSON.stringify(addresses), updatedAt),
    db
      .prepare(
        `UPDATE recipient SET locale = ?2, zone = ?4, data = ?5, updated_at = max(?6, updated_at + 1)
         WHERE id = ?1 AND updated_at = ?3 AND ${notErasing()}`,
      )
      .bind(id, locale, updatedAt, zone, data, now),
  ]);
  if ((results[0]?.results.length ?? 0) > 0) return "erasing";
  return (results.at(-1)?.meta.changes ?? 0) > 0 ? "changed" : "overtaken";
}

/**
 * Makes sure that there is this recipient: whoever has a token of theirs may register a device before the app has said
 * more of them. False while they are being erased.
 */
export async function ensureRecipient(db: D1Database, id: string, now: number): Promise<boolean> {
  const [, found] = await db.batch([
    db
      .prepare(
        `INSERT OR IGNORE INTO recipient (id, data, created_at, updated_at) SELECT ?1, '{}', ?2, ?2 WHERE ${notErasing()}`,
      )
      .bind(id, now),
    db.prepare(`SELECT id FROM recipient WHERE id = ?1 AND ${notErasing()}`).bind(id),
  ]);
  return (found?.results.length ?? 0) > 0;
}

export async function findRecipient(db: D1Database, id: string): Promise<Recipient | undefined> {
  const [rows, addresses] = (await db.batch([
    db.prepare("SELECT * FROM recipient WHERE id = ?1").bind(id),
    db.prepare("SELECT * FROM recipient_address WHERE recipient = ?1 ORDER BY channel, position").bind(id),
  ])) as [D1Result<Row>, D1Result<AddressRow>];
  return rows.results.map((row) => recipientOf(row, addresses.results))[0];
}

/** By id; `after` is the one that the last page ended with. */
export async function listRecipients(db: D1Database, after: string, limit: number): Promise<readonly Recipient[]> {
  const page = "SELECT id FROM recipient WHERE id > ?1 ORDER BY id LIMIT ?2";
  const [rows, addresses] = (await db.batch([
    db.prepare("SELECT * FROM recipient WHERE id > ?1 ORDER BY id LIMIT ?2").bind(after, limit),
    db
      .prepare(`SELECT * FROM recipient_address WHERE recipient IN (${page}) ORDER BY recipient, channel, position`)
      .bind(after, limit),
  ])) as [D1Result<Row>, D1Result<AddressRow>];
  return rows.results.map((row) =>
    recipientOf(
      row,
      addresses.results.filter(({ recipient }) => recipient === row.id),
    ),
  );
}

function recipientOf(row: Row, addresses: readonly AddressRow[]): Recipient {
  return {
    id: row.id,
    locale: row.locale ?? undefined,
    zone: row.zone ?? undefined,
    data: row.data,
    addresses: addresses.map(({ channel, address_key, address, label, position }) => ({
      channel,
      addressKey: address_key,
      address: JSON.parse(address) as unknown,
      label,
      position,
    })),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
