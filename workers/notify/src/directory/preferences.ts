/** What a recipient said of one category, one channel, or both; `*` stands for all of them. */
export interface Preference {
  readonly category: string;
  readonly channel: string;
  readonly wanted: boolean;
}

/** Puts these in the place of all that they had said. Nothing is written for whom there is no recipient. */
export async function replacePreferences(
  db: D1Database,
  recipient: string,
  preferences: readonly Preference[],
  now: number,
): Promise<void> {
  await db.batch([
    db.prepare("DELETE FROM preference WHERE recipient = ?1").bind(recipient),
    db
      .prepare(
        `INSERT INTO preference (recipient, category, channel, wanted, updated_at)
         SELECT ?1, value ->> 'category', value ->> 'channel', value ->> 'wanted', ?3 FROM json_each(?2)
         WHERE EXISTS (SELECT 1 FROM recipient WHERE id = ?1)`,
      )
      .bind(recipient, JSON.stringify(preferences), now),
  ]);
}

export async function readPreferences(db: D1Database, recipient: string): Promise<readonly Preference[]> {
  const { results } = await db
    .prepare("SELECT category, channel, wanted FROM preference WHERE recipient = ?1 ORDER BY category, channel")
    .bind(recipient)
    .all<{ category: string; channel: string; wanted: number }>();
  return results.map(({ category, channel, wanted }) => ({ category, channel, wanted: wanted === 1 }));
}
