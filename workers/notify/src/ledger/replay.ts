import { isFailing } from "carillon";
import { newStem, stemOf, uuidAt } from "../ids.ts";
import { isUnaddressed } from "./awaits-lookup.ts";
import { planLookups } from "./lookups.ts";
import type { MessageRow, Place, Status, TimelineRow } from "./rows.ts";
import { execForEach, insertTimeline, selectMessages } from "./sql.ts";

/** What became of the wish to repeat a message. */
export type Replay =
  | { readonly uuid: string; readonly outcome: "replayed"; readonly as: string }
  /** It was before: this is what repeats it. */
  | { readonly uuid: string; readonly outcome: "repeated"; readonly as: string }
  /** It waits, or somebody got it. */
  | { readonly uuid: string; readonly outcome: "refused"; readonly status: Status }
  | { readonly uuid: string; readonly outcome: "unknown" };

/** Places in which nobody got the message and nobody will. */
const ended = new Set<Place>(["failed", "expired", "canceled", "captured", "suppressed"]);

function mayReplay({ place, status, erased_at }: MessageRow): boolean {
  // Nobody knows any more to whom.
  if (erased_at !== null) return false;
  // Taken by a provider, and then it bounced or failed there.
  if (place === "done") return isFailing(status as Parameters<typeof isFailing>[0]);
  return ended.has(place) && (status === place || isFailing(status as Parameters<typeof isFailing>[0]));
}

/**
 * Makes a new message for each that ended without being received: the same content for the same address, with the same
 * priority and providers, due now and without an end. Those of one notification are of one new notification. Both sides
 * know each other, and the old is on the list of dead letters no more.
 */
export function replay(sql: SqlStorage, uuids: readonly string[], now: number): readonly Replay[] {
  const rows = new Map(selectMessages(sql, uuids).map((row) => [row.uuid, row]));
  const made = new Map<string, { stem: string; rows: MessageRow[] }>();
  const answer = [...new Set(uuids)].map((uuid): Replay => {
    const row = rows.get(uuid);
    if (row === undefined) return { uuid, outcome: "unknown" };
    if (row.replayed_as !== null) return { uuid, outcome: "repeated", as: row.replayed_as };
    if (!mayReplay(row)) return { uuid, outcome: "refused", status: row.status };
    const group = made.get(stemOf(uuid)) ?? { stem: newStem(new Date(now)), rows: [] };
    made.set(stemOf(uuid), group);
    group.rows.push(row);
    return { uuid, outcome: "replayed", as: uuidAt(group.stem, group.rows.length) };
  });
  for (const [old, group] of made) copyNotification(sql, old, group.stem, now);
  const pairs = answer
    .filter((one) => one.outcome === "replayed")
    .map((one) => ({ ...one, lookup: isUnaddressed(rows.get(one.uuid)!) }));
  execForEach(
    sql,
    `INSERT INTO message (uuid, recipient, addresses, priority, place, status, due_at, replay_of, possible_duplicate,
                          recipient_id)
     SELECT value ->> 'as', old.recipient, old.addresses, old.priority, 'queued', 'queued',
            iif(value ->> 'lookup', NULL, ?2), old.uuid, old.possible_duplicate OR old.unknown_tries > 0,
            old.recipient_id
     FROM json_each(?1) JOIN message AS old ON old.uuid = value ->> 'uuid'`,
    pairs,
    now,
  );
  // Whose recipient could not be reached then may be reached now.
  planLookups(
    sql,
    pairs
      .filter(({ lookup }) => lookup)
      .map(({ uuid, as }) => ({ message: as, priority: rows.get(uuid)?.priority ?? 1, dueAt: now })),
  );
  execForEach(
    sql,
    "UPDATE message SET replayed_as = value ->> 'as' FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'",
    pairs,
  );
  execForEach(sql, "DELETE FROM dead_letter WHERE message IN (SELECT value ->> 'uuid' FROM json_each(?1))", pairs);
  insertTimeline(
    sql,
    pairs.map(({ uuid }): TimelineRow => ({
      message: uuid,
      seq: (rows.get(uuid)?.seq ?? 0) + 1,
      at: now,
      kind: "decision",
      data: { rule: "replay", then: rows.get(uuid)?.place },
    })),
  );
  return answer;
}

/** The content again, under a new uuid: the old one's retention is its own. */
function copyNotification(sql: SqlStorage, oldStem: string, stem: string, now: number): void {
  const [from, to] = [uuidAt(oldStem, 0), uuidAt(stem, 0)];
  sql.exec(
    `INSERT INTO notification (uuid, channel, accepted_at, send_at, providers, content, content_bytes, category, metadata)
     SELECT ?2, channel, ?3, ?3, providers, content, content_bytes, category, metadata FROM notification WHERE uuid = ?1`,
    from,
    to,
    now,
  );
  sql.exec(
    "INSERT INTO content_part (notification, part, data) SELECT ?2, part, data FROM content_part WHERE notification = ?1",
    from,
    to,
  );
}
