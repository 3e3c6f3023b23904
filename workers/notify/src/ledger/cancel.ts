import { stemOf } from "../ids.ts";
import { dueOrExpired } from "./context.ts";
import { tellerOf } from "./listeners.ts";
import type { MessageRow, Status, TimelineRow } from "./rows.ts";
import { change, mayHaveBeenSent } from "./settle.ts";
import { insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";

/** Why a message cannot be called back or moved. */
export type TooLate =
  /** A request is under way, or one was made whose outcome is unknown. */
  | "may-have-been-sent"
  /** It has its end: sent, failed, suppressed, ... */
  | "already-finished"
  /** A try has failed and the next is planned: it can be cancelled, and not moved. */
  | "already-tried";

export interface Change {
  readonly uuid: string;
  readonly status: Status;
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
 * an unknown outcome. Everything else is left alone. Undefined when there is nothing with this id.
 */
export function cancel(sql: SqlStorage, target: Target, now: number): readonly Change[] | undefined {
  const rows = rowsOf(sql, target);
  const teller = tellerOf(sql);
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  const answer = rows.map((row): Change => {
    const { uuid, status } = row;
    if (row.place === "canceled") return { uuid, status, tooLate: undefined };
    const tooLate = afterClaim(row);
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
  return answer.length === 0 ? undefined : answer;
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
  const notification = `${stemOf(first.uuid)}00000000`;
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
        : (afterClaim(row) ?? (row.tries > 0 ? "already-tried" : undefined));
    if (tooLate !== undefined) return { uuid, status, tooLate };
    const seq = row.seq + 1;
    const place = sendAt > now ? "scheduled" : "queued";
    const to = change(row, { seq, place, due_at: dueOrExpired(sendAt, end) });
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
  if (target.kind === "ntf" && moved.length > 0) {
    sql.exec("UPDATE notification SET send_at = ?, expires_at = ? WHERE uuid = ?", sendAt, end, notification);
  }
  return answer;
}

/** Undefined for a message that waits, and that nobody has or may have. */
function afterClaim(row: MessageRow): TooLate | undefined {
  if (row.place === "held") return "may-have-been-sent";
  if (row.place !== "scheduled" && row.place !== "queued") return "already-finished";
  return row.chunk !== null || row.unknown_tries > 0 ? "may-have-been-sent" : undefined;
}

function rowsOf(sql: SqlStorage, { kind, uuid }: Target): readonly MessageRow[] {
  const uuids =
    kind === "msg"
      ? [uuid]
      : sql
          .exec<{ uuid: string }>(
            "SELECT uuid FROM message WHERE uuid > ? AND uuid <= ? ORDER BY uuid",
            uuid,
            `${stemOf(uuid)}ffffffff`,
          )
          .toArray()
          .map((row) => row.uuid);
  return selectMessages(sql, uuids);
}
