import { lastOf, notificationOf } from "../ids.ts";
import { dueOrExpired } from "./context.ts";
import { isUnaddressed } from "./awaits-lookup.ts";
import { moveLookups } from "./lookups.ts";
import { cancelRoutes, contentsOf, isRoute, keepCanceled, moveSteps } from "./route-changes.ts";
import { tellerOf } from "./listeners.ts";
import type { MessageRow, Status, TimelineRow } from "./rows.ts";
import { change, mayHaveBeenSent } from "./settle.ts";
import { insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";
import { tooLateFor } from "./too-late.ts";
import type { TooLate } from "./too-late.ts";

export interface Change {
  readonly uuid: string;
  readonly status: Status;
  /** It stands for the steps of a person's route that had not been started, and have no messages. */
  readonly isRoute?: true | undefined;
  /** Undefined: the message is now as was asked. */
  readonly tooLate: TooLate | undefined;
}

/** What was asked for by the id of a message, or of a notification: then all its messages. */
export interface Target {
  readonly kind: "ntf" | "msg";
  readonly uuid: string;
}

/**
 * Calls messages back. One that is canceled here is never sent: it is in no chunk, no request for it is open and none had
 * an unknown outcome. Everything else is left alone. With a notification go the steps that its route has not started yet.
 * Undefined when there is nothing with this id.
 */
export function cancel(sql: SqlStorage, target: Target, now: number): readonly Change[] | undefined {
  const rows = rowsOf(sql, target);
  const teller = tellerOf(sql);
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  const answer = rows.map((row): Change => {
    const { uuid, status } = row;
    if (row.place === "canceled") return { uuid, status, tooLate: undefined };
    const tooLate = tooLateFor(row);
    if (tooLate !== undefined) return { uuid, status, tooLate };
    const seq = row.seq + 1;
    const to = change(row, { seq, place: "canceled", due_at: null });
    const entry = {
      message: uuid,
      seq,
      at: now,
      kind: "decision",
      // One that somebody has released can be stopped; the try of before cannot.
      data: { rule: "cancel", then: "canceled", mayHaveBeenSent: mayHaveBeenSent(row) },
    } as const;
    timeline.push(entry);
    changes.push(to);
    teller.tellStep({ before: row, after: to, entry });
    return { uuid, status: to.status, tooLate };
  });
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  teller.write(now);
  if (answer.length === 0) return undefined;
  if (target.kind === "msg") keepCanceled(sql, target.uuid);
  const ended = target.kind === "ntf" ? cancelRoutes(sql, target.uuid, now) : [];
  return [...answer, ...ended.map((uuid): Change => ({ uuid, status: "canceled", isRoute: true, tooLate: undefined }))];
}

export interface Move {
  readonly sendAt: number;
  /** Undefined leaves it. */
  readonly expiresAt: number | undefined;
}

/** The messages' notification would have expired by then. */
export interface ExpiresBefore {
  readonly expiresAt: number;
}

/**
 * Gives messages that no try has been made of another due moment. An expiry that is not moved along must lie after it.
 * Only a whole notification's expiry can be moved.
 */
export function reschedule(
  sql: SqlStorage,
  target: Target,
  { sendAt, expiresAt }: Move,
  now: number,
): readonly Change[] | ExpiresBefore | undefined {
  const rows = rowsOf(sql, target);
  const [first] = rows;
  if (first === undefined) return undefined;
  const notification = notificationOf(first.uuid);
  const known = sql
    .exec<{ expires_at: number | null }>("SELECT expires_at FROM notification WHERE uuid = ?", notification)
    .one().expires_at;
  const end = expiresAt ?? known;
  if (end !== null && end <= sendAt) return { expiresAt: end };
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  const moved: string[] = [];
  const answer = rows.map((row): Change => {
    const { uuid, status } = row;
    const tooLate =
      row.place === "canceled"
        ? "already-finished"
        : (tooLateFor(row) ?? (row.tries > 0 ? "already-tried" : undefined));
    if (tooLate !== undefined) return { uuid, status, tooLate };
    const seq = row.seq + 1;
    const place = sendAt > now ? "scheduled" : "queued";
    const to = change(row, { seq, place, due_at: isUnaddressed(row) ? null : dueOrExpired(sendAt, end) });
    const data = { rule: "reschedule", then: place, until: sendAt };
    timeline.push({ message: uuid, seq, at: now, kind: "decision", data });
    changes.push(to);
    moved.push(uuid);
    return { uuid, status: to.status, tooLate };
  });
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  sql.exec(
    "UPDATE message SET due_from = ?2 FROM json_each(?1) AS one WHERE message.uuid = one.value",
    JSON.stringify(moved),
    sendAt,
  );
  moveLookups(sql, moved, dueOrExpired(sendAt, end));
  if (target.kind === "ntf" && moved.length > 0) {
    sql.exec(
      "UPDATE notification SET send_at = ?2, expires_at = ?3 WHERE uuid IN (SELECT value FROM json_each(?1))",
      JSON.stringify(contentsOf(sql, notification)),
      sendAt,
      end,
    );
  }
  moveSteps(sql, moved, sendAt, now);
  return answer;
}

function rowsOf(sql: SqlStorage, { kind, uuid }: Target): readonly MessageRow[] {
  const uuids =
    kind === "msg"
      ? [uuid]
      : sql
          .exec<{ uuid: string }>(
            "SELECT uuid FROM message WHERE uuid > ? AND uuid <= ? ORDER BY uuid",
            uuid,
            lastOf(uuid, isRoute(sql, uuid)),
          )
          .toArray()
          .map((row) => row.uuid);
  return selectMessages(sql, uuids);
}
