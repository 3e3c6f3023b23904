import { stemOf, uuidAt } from "../ids.ts";

/** Of the messages' notifications, those that were canceled as a whole, by stem. */
export function canceledStems(sql: SqlStorage, uuids: readonly string[]): ReadonlySet<string> {
  const wanted = new Set(uuids.map((uuid) => uuidAt(stemOf(uuid), 0)));
  const found = sql
    .exec<{ uuid: string }>(
      `SELECT p.uuid FROM json_each(?1) AS wanted JOIN broadcast_part AS p ON p.uuid = wanted.value
       WHERE p.canceled_at IS NOT NULL`,
      JSON.stringify([...wanted]),
    )
    .toArray();
  return new Set(found.map(({ uuid }) => stemOf(uuid)));
}
