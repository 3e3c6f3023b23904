import type { BroadcastDetail } from "../ledger/broadcasts.ts";
import type { Status } from "../ledger/rows.ts";

/** Statuses of messages that no provider has. */
const notSent = new Set<string>([
  "scheduled",
  "queued",
  "held",
  "captured",
  "canceled",
  "expired",
  "suppressed",
  "failed",
] satisfies Status[]);

/** How far a notification to a topic has come: of `total` messages that its members have made so far, `sent` are with a provider. */
export function broadcastView({
  topic,
  state,
  members,
  messages,
  unwanted,
  unreachable,
  byStatus,
}: BroadcastDetail): Record<string, unknown> {
  const sent = Object.entries(byStatus).reduce((sum, [status, count]) => sum + (notSent.has(status) ? 0 : count), 0);
  return { topic, state, sent, total: messages, members: { read: members, unwanted, unreachable } };
}
