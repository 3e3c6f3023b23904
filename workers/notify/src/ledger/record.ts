import { stemOf } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { budgetOf } from "../dispatch/budgets.ts";
import { takesKeys } from "../dispatch/lanes.ts";
import { contextsOf } from "./context.ts";
import { keepDeadLetters } from "./dead-letters.ts";
import type { DeadLetter } from "./dead-letters.ts";
import { followRoutes } from "./escalations.ts";
import { tellerOf } from "./listeners.ts";
import { putOutbox } from "./outbox.ts";
import type { Effect } from "./outbox.ts";
import { notePauses } from "./pauses.ts";
import { noteTrouble, toldOfTrouble } from "./trouble.ts";
import type { MessageRow, TimelineRow } from "./rows.ts";
import { change, settle } from "./settle.ts";
import type { MemberOutcome } from "./settle.ts";
import { insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";
import { keepTogether } from "./waiting.ts";

export interface RecordCommand {
  readonly chunk: string;
  readonly token: string;
  readonly lane: string;
  readonly now: number;
  readonly outcomes: readonly MemberOutcome[];
}

/**
 * Writes what Deliver saw. An attempt is always recorded; what follows from it is decided only while the chunk is still
 * this claim's, for otherwise another has decided already. The same report twice is one.
 */
export function record(sql: SqlStorage, command: RecordCommand, settings: Settings): void {
  const { chunk, token, lane, now } = command;
  const claimed = sql
    .exec<{ members: string; rendered_at: number }>(
      "SELECT members, rendered_at FROM chunk WHERE open = 1 AND id = ? AND token = ?",
      chunk,
      token,
    )
    .toArray()[0];
  const outcomes = claimed === undefined ? newAttempts(sql, command.outcomes) : command.outcomes;
  const uuids = outcomes.map(({ uuid }) => uuid);
  const rows = new Map(selectMessages(sql, uuids).map((row) => [row.uuid, row]));
  const contexts = contextsOf(sql, rows.values(), settings);
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  const effects: Effect[] = [];
  const dead: DeadLetter[] = [];
  const teller = tellerOf(sql);
  /** By the key of the request; `at` is absent while nobody waits to repeat it. */
  const again = new Map<string, { at: number | undefined; members: string[] }>();
  const keyed = takesKeys(settings, lane);

  for (const outcome of outcomes) {
    const row = rows.get(outcome.uuid);
    if (row === undefined) continue;
    const context = contexts.get(stemOf(row.uuid)) ?? { channel: "", lanes: [] };
    const current = claimed !== undefined && row.chunk === chunk;
    const step = settle(row, outcome, {
      ...context,
      lane,
      current,
      now,
      onUnknown: settings.onUnknown,
      budget: budgetOf(settings, context.channel),
    });
    timeline.push(step.entry);
    changes.push(step.change);
    effects.push(...step.effects);
    teller.tellStep({ before: row, after: step.change, entry: step.entry });
    if (step.dead !== undefined) dead.push({ message: row.uuid, channel: context.channel, ...step.dead });
    const key = step.sameRequest?.key ?? (keyed ? step.partOf?.key : undefined);
    if (key !== undefined) {
      const group = again.get(key) ?? { at: undefined, members: [] };
      group.members.push(row.uuid);
      if (step.sameRequest !== undefined) group.at = Math.max(group.at ?? 0, step.sameRequest.at);
      again.set(key, group);
    }
  }
  if (claimed !== undefined) {
    sql.exec("DELETE FROM chunk WHERE open = 1 AND id = ?", chunk);
    changes.push(...left(sql, chunk, JSON.parse(claimed.members) as string[], rows, now));
  }
  for (const { at, members } of again.values()) {
    if (at !== undefined) keepTogether(sql, { lane, at, members, renderedAt: claimed?.rendered_at ?? now }, changes);
  }
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  noteTrouble(sql, outcomes, now);
  effects.push(...notePauses(sql, outcomes, settings, now));
  if (teller.wants("provider.unauthorized")) effects.push(...toldOfTrouble(outcomes, now));
  keepDeadLetters(sql, dead, now);
  putOutbox(sql, effects, now);
  teller.write(now);
  followRoutes(
    sql,
    changes.map(({ uuid }) => uuid),
    now,
  );
}

/** Members that an incomplete answer left out are due again: nothing stays claimed by a chunk that is gone. */
function left(
  sql: SqlStorage,
  chunk: string,
  members: readonly string[],
  told: ReadonlyMap<string, MessageRow>,
  now: number,
): MessageChange[] {
  const missing = members.filter((uuid) => !told.has(uuid));
  if (missing.length === 0) return [];
  return selectMessages(sql, missing)
    .filter((row) => row.chunk === chunk)
    .map((row) => change(row, { chunk: null, due_at: row.place === "queued" ? now : row.due_at }));
}

/** Of outcomes that come after the lease or for the second time, the attempts that are not in the timeline yet. */
function newAttempts(sql: SqlStorage, outcomes: readonly MemberOutcome[]): readonly MemberOutcome[] {
  const attempts = outcomes.filter((outcome) => outcome.kind === "attempt");
  const recorded = sql
    .exec<{ message: string; at: number; provider: string }>(
      `SELECT t.message, t.at, t.provider FROM json_each(?1) AS wanted
       JOIN timeline AS t ON t.message = wanted.value WHERE t.kind = 'attempt'`,
      JSON.stringify(attempts.map(({ uuid }) => uuid)),
    )
    .toArray();
  const known = new Set(recorded.map(({ message, at, provider }) => `${message} ${at} ${provider}`));
  return attempts.filter(({ uuid, report }) => !known.has(`${uuid} ${report.startedAt.getTime()} ${report.provider}`));
}
