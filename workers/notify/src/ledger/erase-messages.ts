import type { Route } from "../dispatch/escalate.ts";
import { escalationOf, isRouted, lastOf, notificationOf } from "../ids.ts";
import { isUnaddressed } from "./awaits-lookup.ts";
import { eraseFromEnvelopes } from "./erase-envelopes.ts";
import type { Erasure } from "./erasures.ts";
import { partsOf } from "./route-changes.ts";
import type { MessageRow, StoredAddress } from "./rows.ts";
import { execForEach, selectMessages, withoutPerson } from "./sql.ts";
import { endUnsent } from "./unsent.ts";

/** What an address is called that is nobody's any more. */
export const erasedLabel = "erased";

/**
 * Takes out of messages what is personal to somebody. Those that were theirs alone are left as tombstones, with status,
 * times and counts, and what comes for them later leaves no more; those that others share lose this one address.
 */
export function eraseMessages(sql: SqlStorage, uuids: readonly string[], erasure: Erasure, now: number): void {
  const rows = selectMessages(sql, uuids);
  const isShared = (row: MessageRow): boolean =>
    row.recipient_id !== erasure.recipient && (JSON.parse(row.addresses) as StoredAddress[]).length > 1;
  eraseFromEnvelopes(sql, rows.filter(isShared), erasure);
  const own = rows.filter((row) => !isShared(row));
  if (own.length === 0) return;
  // What waits is not sent any more. Who has it in hand already may still send it, and is written down as a tombstone's.
  const waiting = own.filter(({ place }) => place === "scheduled" || place === "queued" || place === "held");
  endUnsent(
    sql,
    waiting.map((row) => ({ row, to: "failed", data: { rule: "erasure", reason: "erased" } })),
    now,
  );
  const erased = own.map(({ uuid }) => uuid);
  execForEach(
    sql,
    `UPDATE message SET recipient = 'null', addresses = value -> 'addresses', recipient_id = NULL, member = NULL,
       erased_at = ?2
     FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'`,
    own.map((row) => ({ uuid: row.uuid, addresses: isUnaddressed(row) ? [] : tombstonesOf(row, erasure) })),
    now,
  );
  forgetAround(sql, erased, now);
  forgetContents(sql, erased);
}

function tombstonesOf({ uuid, addresses }: MessageRow, { marks }: Erasure): readonly StoredAddress[] {
  return (JSON.parse(addresses) as StoredAddress[]).map(({ key }) => ({
    key: marks.find(({ addressKey }) => addressKey === key)?.erasedKey ?? `erased:${uuid}`,
    label: erasedLabel,
  }));
}

/** What tells of messages elsewhere in the shard. */
function forgetAround(sql: SqlStorage, uuids: readonly string[], now: number): void {
  for (const [table, column] of [
    ["lookup", "message"],
    ["dead_letter", "message"],
  ]) {
    execForEach(sql, `DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?1))`, uuids);
  }
  execForEach(
    sql,
    `UPDATE timeline SET data = ${withoutPerson("timeline.data")}
     FROM json_each(?1) AS one WHERE timeline.message = one.value`,
    uuids,
  );
  execForEach(
    sql,
    `UPDATE delivery SET data = json_remove(data, '$.address', '$.reason')
     WHERE endpoint IN (SELECT endpoint FROM listener) AND subject IN (SELECT value FROM json_each(?1))`,
    uuids,
  );
  // Whoever went along a route goes no further.
  execForEach(
    sql,
    `UPDATE escalation SET addresses = '{}', due_at = NULL,
       trace = json_set(trace, '$.canceledAt', coalesce(trace ->> 'canceledAt', ?2))
     FROM json_each(?1) AS one WHERE escalation.uuid = one.value`,
    [...new Set(uuids.filter(isRouted).map(escalationOf))],
    now,
  );
}

/** Content of which no message is left but tombstones. What others got too stays, and so what a broadcast has for many. */
function forgetContents(sql: SqlStorage, uuids: readonly string[]): void {
  const routes = new Set(uuids.filter(isRouted).map(notificationOf));
  const asked = [...new Set(uuids.map(notificationOf))].map((uuid) => ({ uuid, last: lastOf(uuid, routes.has(uuid)) }));
  const empty = sql
    .exec<{ uuid: string; route: string | null }>(
      `SELECT n.uuid, n.route FROM json_each(?1) AS one JOIN notification AS n ON n.uuid = one.value ->> 'uuid'
       WHERE NOT EXISTS (SELECT 1 FROM message AS m
         WHERE m.uuid > n.uuid AND m.uuid <= one.value ->> 'last' AND m.erased_at IS NULL)
         AND NOT EXISTS (SELECT 1 FROM broadcast_part AS part WHERE part.uuid = n.uuid)`,
      JSON.stringify(asked),
    )
    .toArray()
    .flatMap(({ uuid, route }) => partsOf(uuid, route === null ? undefined : (JSON.parse(route) as Route)));
  execForEach(
    sql,
    `UPDATE notification SET content = '{}', content_bytes = 2, metadata = NULL
     FROM json_each(?1) AS one WHERE notification.uuid = one.value`,
    empty,
  );
  execForEach(sql, "DELETE FROM content_part WHERE notification IN (SELECT value FROM json_each(?1))", empty);
}
