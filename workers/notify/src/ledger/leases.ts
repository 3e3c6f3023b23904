import type { AttemptReport } from "carillon";
import { takesKeys } from "../dispatch/lanes.ts";
import { leasesBeforeAlone, leasesBeforeDead } from "../dispatch/limits.ts";
import { stemOf } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { budgetOf } from "../dispatch/budgets.ts";
import { contextsOf } from "./context.ts";
import { keepDeadLetters } from "./dead-letters.ts";
import type { DeadLetter } from "./dead-letters.ts";
import { followRoutes } from "./escalations.ts";
import { tellerOf } from "./listeners.ts";
import type { TimelineRow } from "./rows.ts";
import { change, settle } from "./settle.ts";
import { insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";
import { keepTogether } from "./waiting.ts";

/**
 * Takes back the chunks whose lease ended without an outcome. Whether their messages went out is unknown, so the policy
 * for unknown outcomes decides: the same chunk again, another lane, or a halt.
 */
export function expireLeases(sql: SqlStorage, now: number, settings: Settings): void {
  const chunks = sql
    .exec<{ id: string; lane: string; members: string; at: number; rendered_at: number }>(
      "SELECT id, lane, members, at, rendered_at FROM chunk WHERE open = 1 AND at <= ?",
      now,
    )
    .toArray();
  if (chunks.length === 0) return;
  const teller = tellerOf(sql);
  for (const { id, lane, members: json, at, rendered_at: renderedAt } of chunks) {
    const members = JSON.parse(json) as string[];
    const rows = new Map(selectMessages(sql, members).map((row) => [row.uuid, row]));
    const contexts = contextsOf(sql, rows.values(), settings);
    const timeline: TimelineRow[] = [];
    const changes: MessageChange[] = [];
    const dead: DeadLetter[] = [];
    const again: { uuid: string; at: number }[] = [];
    /** Those of {@link again}, and who is part of their request. */
    const together: string[] = [];
    const alone = members.some((uuid) => (rows.get(uuid)?.lost_leases ?? 0) + 1 >= leasesBeforeAlone);
    for (const uuid of members) {
      const row = rows.get(uuid);
      if (row === undefined || row.chunk !== id) continue;
      const context = contexts.get(stemOf(uuid)) ?? { channel: "", lanes: [] };
      const outcome = { uuid, kind: "attempt", report: lostReport(lane, id, members.length, at) } as const;
      // A batch that is taken apart has another key for each of its members.
      const inBatch = members.length > 1 && context.lanes.some(({ key, maxBatch }) => key === lane && maxBatch > 1);
      const fence = {
        ...context,
        lane,
        current: true,
        now,
        onUnknown: settings.onUnknown,
        budget: budgetOf(settings, context.channel),
        keyLost: alone && inBatch,
      };
      const step = settle(row, outcome, fence);
      const lost_leases = row.lost_leases + 1;
      timeline.push(step.entry);
      if (step.dead !== undefined) dead.push({ message: uuid, channel: context.channel, ...step.dead });
      if (lost_leases >= leasesBeforeDead) {
        const seq = step.change.seq + 1;
        const data = {
          rule: "dead-letter",
          then: "failed",
          reason: `${leasesBeforeDead} sends ended without an outcome`,
        };
        const entry = { message: uuid, seq, at: now, kind: "decision", data } as const;
        timeline.push(entry);
        dead.push({ message: uuid, channel: context.channel, reason: "lost", provider: outcome.report.provider });
        const given = change(row, { ...step.change, seq, lost_leases, place: "failed", due_at: null, chunk: null });
        changes.push(given);
        teller.tellStep({ before: row, after: given, entry });
        continue;
      }
      changes.push({ ...step.change, lost_leases });
      teller.tellStep({ before: row, after: step.change, entry: step.entry });
      if (step.sameRequest !== undefined) again.push({ uuid, at: step.sameRequest.at });
      if (step.sameRequest !== undefined || (step.partOf !== undefined && takesKeys(settings, lane))) {
        together.push(uuid);
      }
    }
    sql.exec("DELETE FROM chunk WHERE open = 1 AND id = ?", id);
    for (const { uuid, at } of alone ? again : again.slice(0, 1)) {
      keepTogether(sql, { lane, at, members: alone ? [uuid] : together, renderedAt }, changes);
    }
    insertTimeline(sql, timeline);
    updateMessages(sql, changes);
    keepDeadLetters(sql, dead, now);
    followRoutes(sql, members, now);
  }
  teller.write(now);
}

/** The attempt that nobody could report. */
function lostReport(lane: string, chunk: string, batchSize: number, leaseEnd: number): AttemptReport {
  const end = lane.indexOf(":");
  return {
    provider: lane.slice(0, end),
    account: lane.slice(end + 1),
    startedAt: new Date(leaseEnd),
    durationMs: 0,
    outcome: "unknown",
    requestKey: chunk,
    batchSize,
    kind: "network",
    detail: "The sending invocation ended without an outcome.",
  };
}
