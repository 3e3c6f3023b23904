import { stemOf, uuidAt } from "../ids.ts";

/** Counts of a broadcast's messages are told at most so often, */
const tellEveryMs = 1_000;

/** and more seldom where there are many: so many rows are counted in a millisecond between two tellings. */
const countedPerMs = 5;

/** How long changes are collected before they are told, as SQL over `broadcast_part`. */
export const collectedFor: string = `max(${tellEveryMs}, size / ${countedPerMs})`;

/** Notes that messages have changed, of those that broadcasts made here. */
export function noteChanges(sql: SqlStorage, messages: readonly string[], now: number): void {
  const notifications = new Set(messages.map((uuid) => uuidAt(stemOf(uuid), 0)));
  sql.exec(
    `UPDATE broadcast_part SET changed = changed + 1, due_at = coalesce(due_at, ?2 + ${collectedFor})
     WHERE uuid IN (SELECT value FROM json_each(?1))`,
    JSON.stringify([...notifications]),
    now,
  );
}
