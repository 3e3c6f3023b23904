import type { AppEventType } from "../endpoints/types.ts";

/** A change of the directory that apps are to be told of, as a trigger wrote it with the change. */
export interface DirectoryEvent {
  /** Never given twice. */
  readonly id: number;
  readonly type: AppEventType;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The oldest first. */
export async function readDirectoryEvents(db: D1Database, limit: number): Promise<readonly DirectoryEvent[]> {
  const { results } = await db
    .prepare("SELECT id, type, at, data FROM directory_event ORDER BY id LIMIT ?1")
    .bind(limit)
    .all<{ id: number; type: AppEventType; at: number; data: string }>();
  return results.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
}

export async function deleteDirectoryEvents(db: D1Database, ids: readonly number[]): Promise<void> {
  await db
    .prepare("DELETE FROM directory_event WHERE id IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(ids))
    .run();
}
