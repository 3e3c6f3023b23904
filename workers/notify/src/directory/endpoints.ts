import type { Listeners } from "../ledger/listeners.ts";

/** Why an endpoint is told nothing. */
export type DisabledBecause = "caller" | "gone" | "failing";

/** A key that signs; the newest has no end. */
export interface EndpointSecret {
  /** `whsec_` and base64, as Standard Webhooks spells it. */
  readonly secret: string;
  readonly until: number | null;
}

export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly types: readonly string[];
  readonly secrets: readonly EndpointSecret[];
  readonly createdAt: number;
  readonly disabledAt: number | undefined;
  readonly disabledBecause: DisabledBecause | undefined;
  /** Of the first failure since it last answered with a 2xx. */
  readonly failingSince: number | undefined;
}

/** Each event of each is a row of a shard, and each has its turn with every shard. */
export const maxEndpoints = 20;

type Row = {
  id: string;
  url: string;
  description: string;
  types: string;
  secrets: string;
  created_at: number;
  disabled_at: number | null;
  disabled_because: DisabledBecause | null;
  failing_since: number | null;
};

/** False when there are as many as there may be. */
export async function insertEndpoint(
  db: D1Database,
  { id, url, description, types, secrets, createdAt }: Endpoint,
): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `INSERT INTO endpoint (id, url, description, types, secrets, created_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM endpoint) < ?7`,
    )
    .bind(id, url, description, JSON.stringify(types), JSON.stringify(secrets), createdAt, maxEndpoints)
    .run();
  return meta.changes > 0;
}

export async function findEndpoint(db: D1Database, id: string): Promise<Endpoint | undefined> {
  const row = await db.prepare("SELECT * FROM endpoint WHERE id = ?1").bind(id).first<Row>();
  return row === null ? undefined : endpointOf(row);
}

/** Oldest first. */
export async function listEndpoints(db: D1Database): Promise<readonly Endpoint[]> {
  const { results } = await db.prepare("SELECT * FROM endpoint ORDER BY created_at, id").all<Row>();
  return results.map(endpointOf);
}

/** Those that are disabled, and those that fail: without what is secret of them. */
export async function listTroubled(
  db: D1Database,
): Promise<readonly Pick<Endpoint, "id" | "disabledAt" | "disabledBecause" | "failingSince">[]> {
  const { results } = await db
    .prepare(
      "SELECT * FROM endpoint WHERE disabled_at IS NOT NULL OR failing_since IS NOT NULL ORDER BY created_at, id",
    )
    .all<Row>();
  return results.map(endpointOf);
}

/** What the shards need to know, with the number that it has. */
export async function readListeners(db: D1Database): Promise<Listeners> {
  const [revision, rows] = (await db.batch([
    db.prepare("SELECT revision FROM endpoint_revision"),
    db.prepare("SELECT id, types, disabled_at FROM endpoint"),
  ])) as [D1Result<{ revision: number }>, D1Result<Pick<Row, "id" | "types" | "disabled_at">>];
  return {
    revision: revision.results[0]?.revision ?? 0,
    endpoints: rows.results.map(({ id, types, disabled_at }) => ({
      id,
      types: JSON.parse(types) as string[],
      enabled: disabled_at === null,
    })),
  };
}

/** What a caller may change; undefined leaves it. Enabling forgets what went wrong, and so does another URL. */
export interface EndpointChange {
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
}

/** False when there is no such endpoint. */
export async function changeEndpoint(db: D1Database, id: string, to: EndpointChange, now: number): Promise<boolean> {
  const { url = null, description = null, types, enabled } = to;
  const { meta } = await db
    .prepare(
      `UPDATE endpoint SET
         url = coalesce(?2, url), description = coalesce(?3, description), types = coalesce(?4, types),
         disabled_at = CASE ?5 WHEN 1 THEN NULL WHEN 0 THEN coalesce(disabled_at, ?6) ELSE disabled_at END,
         disabled_because = CASE ?5 WHEN 1 THEN NULL WHEN 0 THEN coalesce(disabled_because, 'caller')
           ELSE disabled_because END,
         failing_since = iif(?5 = 1 OR ?2 <> url, NULL, failing_since)
       WHERE id = ?1`,
    )
    .bind(
      id,
      url,
      description,
      types === undefined ? null : JSON.stringify(types),
      enabled === undefined ? null : Number(enabled),
      now,
    )
    .run();
  return meta.changes > 0;
}

/** Puts a list of secrets in the place of the one that was read; false when it is another by now. */
export async function replaceSecrets(
  db: D1Database,
  { id, secrets }: Pick<Endpoint, "id" | "secrets">,
  next: readonly EndpointSecret[],
): Promise<boolean> {
  const { meta } = await db
    .prepare("UPDATE endpoint SET secrets = ?3 WHERE id = ?1 AND secrets = ?2")
    .bind(id, JSON.stringify(secrets), JSON.stringify(next))
    .run();
  return meta.changes > 0;
}

/** False when there is no such endpoint. */
export async function deleteEndpoint(db: D1Database, id: string): Promise<boolean> {
  const { meta } = await db.prepare("DELETE FROM endpoint WHERE id = ?1").bind(id).run();
  return meta.changes > 0;
}

export async function noteSuccess(db: D1Database, id: string): Promise<void> {
  await db.prepare("UPDATE endpoint SET failing_since = NULL WHERE id = ?1").bind(id).run();
}

/**
 * Notes that all that an endpoint was told of failed. True when it is disabled for it: it has answered nothing but
 * failure since `before`, or says that it is gone. Nothing is noted when it has another URL by now.
 */
export async function noteFailure(
  db: D1Database,
  { id, url }: Pick<Endpoint, "id" | "url">,
  { gone, before, now }: { readonly gone: boolean; readonly before: number; readonly now: number },
): Promise<boolean> {
  const [, disabled] = await db.batch([
    db
      .prepare("UPDATE endpoint SET failing_since = coalesce(failing_since, ?2) WHERE id = ?1 AND url = ?3")
      .bind(id, now, url),
    db
      .prepare(
        `UPDATE endpoint SET disabled_at = ?2, disabled_because = iif(?4, 'gone', 'failing')
         WHERE id = ?1 AND url = ?5 AND disabled_at IS NULL AND (?4 OR failing_since <= ?3)`,
      )
      .bind(id, now, before, Number(gone), url),
  ]);
  return (disabled?.meta.changes ?? 0) > 0;
}

function endpointOf(row: Row): Endpoint {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    types: JSON.parse(row.types) as string[],
    secrets: JSON.parse(row.secrets) as EndpointSecret[],
    createdAt: row.created_at,
    disabledAt: row.disabled_at ?? undefined,
    disabledBecause: row.disabled_because ?? undefined,
    failingSince: row.failing_since ?? undefined,
  };
}
