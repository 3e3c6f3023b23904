/** How often something came that is not stored. */
export interface Tally {
  readonly name: string;
  readonly count: number;
  readonly lastAt: number;
}

export function addToTally(sql: SqlStorage, name: string, count: number, now: number): void {
  sql.exec(
    `INSERT INTO tally (name, count, last_at) VALUES (?1, ?2, ?3)
     ON CONFLICT (name) DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)`,
    name,
    count,
    now,
  );
}

export function readTally(sql: SqlStorage): readonly Tally[] {
  return sql
    .exec<{ name: string; count: number; last_at: number }>("SELECT name, count, last_at FROM tally ORDER BY name")
    .toArray()
    .map(({ name, count, last_at }) => ({ name, count, lastAt: last_at }));
}
