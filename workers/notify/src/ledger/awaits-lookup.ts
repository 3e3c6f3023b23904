import type { MessageRow } from "./rows.ts";

/** Whether a message's recipient has not been looked up: where it goes is not known. */
export function isUnaddressed({ recipient_id, addresses }: Pick<MessageRow, "recipient_id" | "addresses">): boolean {
  return recipient_id !== null && addresses === "[]";
}

/** Whether that is still to be done: it is due by its lookup, and by nothing else. */
export function awaitsLookup(row: MessageRow): boolean {
  return isUnaddressed(row) && (row.place === "scheduled" || row.place === "queued");
}
