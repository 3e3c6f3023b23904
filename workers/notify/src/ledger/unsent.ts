import { keepDeadLetters } from "./dead-letters.ts";
import type { DeadLetter } from "./dead-letters.ts";
import { tellerOf } from "./listeners.ts";
import type { MessageRow, TimelineRow } from "./rows.ts";
import { change } from "./settle.ts";
import { insertTimeline, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";

/** How a message ends that never came to be sent. */
export interface Unsent {
  readonly row: MessageRow;
  readonly to: "failed" | "suppressed";
  readonly data: Readonly<Record<string, unknown>>;
  readonly dead?: DeadLetter | undefined;
}

/** Ends messages before any try: whatever their number, in a few statements. */
export function endUnsent(sql: SqlStorage, ends: readonly Unsent[], now: number): void {
  if (ends.length === 0) return;
  const teller = tellerOf(sql);
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  for (const { row, to, data } of ends) {
    const seq = row.seq + 1;
    const entry: TimelineRow = { message: row.uuid, seq, at: now, kind: "decision", data: { ...data, then: to } };
    const next = change(row, { seq, place: to, due_at: null, chunk: null });
    timeline.push(entry);
    changes.push(next);
    teller.tellStep({ before: row, after: next, entry });
  }
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  keepDeadLetters(
    sql,
    ends.flatMap(({ dead }) => dead ?? []),
    now,
  );
  teller.write(now);
}
