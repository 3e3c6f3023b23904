import { randomToken } from "../ids.ts";
import type { MessageChange } from "./sql.ts";

/** Stands for the chunk that a message will wait in, until that has its id. */
export const waiting = "waiting";

export interface WaitingGroup {
  readonly lane: string;
  readonly at: number;
  readonly members: readonly string[];
  readonly renderedAt: number;
}

/** Puts members whose request may have arrived into one waiting chunk, in their order. */
export function keepTogether(sql: SqlStorage, group: WaitingGroup, changes: MessageChange[]): void {
  const id = randomToken(8);
  const { lane, at, members, renderedAt } = group;
  sql.exec(
    "INSERT INTO chunk (id, token, lane, members, open, at, rendered_at) VALUES (?, '', ?, ?, 0, ?, ?)",
    id,
    lane,
    JSON.stringify(members),
    at,
    renderedAt,
  );
  const together = new Set(members);
  for (const [index, one] of changes.entries()) {
    if (together.has(one.uuid)) changes[index] = { ...one, chunk: id };
  }
}
