import type { MessageRow } from "./rows.ts";

/** Why a message cannot be called back or moved. */
export type TooLate =
  /** A request is under way, or one was made whose outcome is unknown. */
  | "may-have-been-sent"
  /** It has its end: sent, failed, suppressed, ... */
  | "already-finished"
  /** A try has failed and the next is planned: it can be cancelled, and not moved. */
  | "already-tried";

/** Undefined for a message that waits, and that nobody has or may have. */
export function tooLateFor(row: MessageRow): TooLate | undefined {
  if (row.place === "held") return "may-have-been-sent";
  if (row.place !== "scheduled" && row.place !== "queued") return "already-finished";
  return row.chunk !== null || row.unknown_tries > 0 ? "may-have-been-sent" : undefined;
}
