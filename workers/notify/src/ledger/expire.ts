import { stemOf, uuidAt } from "../ids.ts";
import { followRoutes } from "./escalations.ts";
import { tellerOf } from "./listeners.ts";
import type { MessageRow, TimelineRow } from "./rows.ts";
import { canceledStems } from "./canceled-parts.ts";
import { expired, withdrawn } from "./settle.ts";
import { insertTimeline, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";

/** Ends messages whose time is over, or whose broadcast was canceled. */
export function expire(sql: SqlStorage, rows: readonly MessageRow[], now: number): void {
  if (rows.length === 0) return;
  const canceled = canceledStems(
    sql,
    rows.map(({ uuid }) => uuid),
  );
  const teller = tellerOf(sql);
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  for (const row of rows) {
    const { entry, change: to } = canceled.has(stemOf(row.uuid)) ? withdrawn(row, now) : expired(row, now);
    timeline.push(entry);
    changes.push(to);
    teller.tellStep({ before: row, after: to, entry });
  }
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  teller.write(now);
  followRoutes(
    sql,
    rows.map(({ uuid }) => uuid),
    now,
  );
}

/** Of the messages' notifications, those that end, by stem. */
export function expiriesOf(sql: SqlStorage, uuids: readonly string[]): ReadonlyMap<string, number> {
  const wanted = new Set(uuids.map((uuid) => uuidAt(stemOf(uuid), 0)));
  const found = sql
    .exec<{ uuid: string; expires_at: number }>(
      `SELECT uuid, expires_at FROM json_each(?1) AS wanted
       JOIN notification ON notification.uuid = wanted.value WHERE expires_at IS NOT NULL`,
      JSON.stringify([...wanted]),
    )
    .toArray();
  return new Map(found.map(({ uuid, expires_at }) => [stemOf(uuid), expires_at]));
}
