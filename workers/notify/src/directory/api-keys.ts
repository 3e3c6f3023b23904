export const scopes = ["send", "read", "admin"] as const;

export type Scope = (typeof scopes)[number];

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly revokedAt: number | undefined;
}

type Row = { id: string; name: string; scopes: string; created_at: number; revoked_at: number | null };

/** The key that hashes to this, revoked or not. */
export async function findApiKey(db: D1Database, hash: string): Promise<ApiKey | undefined> {
  const row = await db
    .prepare("SELECT id, name, scopes, created_at, revoked_at FROM api_key WHERE hash = ?1")
    .bind(hash)
    .first<Row>();
  return row === null ? undefined : keyOf(row);
}

export async function insertApiKey(
  db: D1Database,
  key: Pick<ApiKey, "id" | "name" | "scopes" | "createdAt"> & { readonly hash: string },
): Promise<void> {
  await db
    .prepare("INSERT INTO api_key (id, name, hash, scopes, created_at) VALUES (?1, ?2, ?3, ?4, ?5)")
    .bind(key.id, key.name, key.hash, JSON.stringify(key.scopes), key.createdAt)
    .run();
}

export async function listApiKeys(db: D1Database): Promise<readonly ApiKey[]> {
  const { results } = await db
    .prepare("SELECT id, name, scopes, created_at, revoked_at FROM api_key ORDER BY created_at DESC, id LIMIT 1000")
    .all<Row>();
  return results.map(keyOf);
}

/** False when there is no such key, or it was revoked before. */
export async function revokeApiKey(db: D1Database, id: string, now: number): Promise<boolean> {
  const { meta } = await db
    .prepare("UPDATE api_key SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")
    .bind(id, now)
    .run();
  return meta.changes > 0;
}

function keyOf(row: Row): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: JSON.parse(row.scopes) as Scope[],
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
  };
}
