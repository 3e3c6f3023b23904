import { followRoutes } from "./escalations.ts";
import { tellerOf } from "./listeners.ts";
import type { MessageRow, Status, TimelineRow } from "./rows.ts";
import { change } from "./settle.ts";
import { insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";

/** What somebody who has looked says of a message that may have been sent. */
export type Verdict = "sent" | "resend" | "failed";

export type Resolved =
  | { readonly outcome: "resolved"; readonly status: Status }
  /** Nothing is to be decided about it. */
  | { readonly outcome: "not-held"; readonly status: Status };

/** Ends the wait of a held message; undefined when there is none with this uuid. */
export function resolve(sql: SqlStorage, uuid: string, as: Verdict, now: number): Resolved | undefined {
  const [row] = selectMessages(sql, [uuid]);
  if (row === undefined) return undefined;
  if (row.place !== "held") return { outcome: "not-held", status: row.status };
  const to = resolved(row, as, now);
  const data = { rule: "resolve", then: to.place, as };
  const entry: TimelineRow = { message: uuid, seq: to.seq, at: now, kind: "decision", data };
  insertTimeline(sql, [entry]);
  updateMessages(sql, [to]);
  const teller = tellerOf(sql);
  teller.tellStep({ before: row, after: to, entry });
  teller.write(now);
  // Its budget begins anew.
  if (as === "resend") sql.exec("UPDATE message SET due_from = ? WHERE uuid = ?", now, uuid);
  followRoutes(sql, [uuid], now);
  return { outcome: "resolved", status: to.status };
}

function resolved(row: MessageRow, as: Verdict, now: number): MessageChange {
  const seq = row.seq + 1;
  if (as === "sent") return change(row, { seq, place: "done" });
  if (as === "failed") return change(row, { seq, place: "failed" });
  // Whoever says so accepts a second copy: what was unknown binds no try from here on.
  return change(row, {
    seq,
    place: "queued",
    due_at: now,
    lane: null,
    lane_tries: 0,
    lane_since: null,
    tries: 0,
    unknown_tries: 0,
    lost_leases: 0,
    possible_duplicate: 1,
  });
}
