import { joinEvidence } from "carillon";
import type { AttemptReport } from "carillon";
import { decide } from "../dispatch/decide.ts";
import type { Decision } from "../dispatch/decide.ts";
import { lanesFor } from "../dispatch/lanes.ts";
import type { Lane } from "../dispatch/lanes.ts";
import { randomToken, stemOf, uuidAt } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { putOutbox } from "./outbox.ts";
import type { Effect } from "./outbox.ts";
import { isCarried, statusOf, unrecorded } from "./rows.ts";
import type { EvidenceByAttempt, MessageRow, Milestones, Place, StoredAddress, TimelineRow } from "./rows.ts";
import { insertTimeline, selectMessages, updateMessages } from "./sql.ts";
import type { MessageChange } from "./sql.ts";

/** What became of one member of a chunk. */
export type MemberOutcome =
  | { readonly uuid: string; readonly kind: "attempt"; readonly report: AttemptReport }
  | { readonly uuid: string; readonly kind: "captured"; readonly reason: string }
  | { readonly uuid: string; readonly kind: "suppressed"; readonly reason: string }
  /** Not sent, and never will be: the content cannot become a message. */
  | { readonly uuid: string; readonly kind: "refused"; readonly detail: string; readonly field: string | undefined }
  /** Not tried: due again after a pause. */
  | { readonly uuid: string; readonly kind: "postponed"; readonly reason: string; readonly forMs: number };

export interface RecordCommand {
  readonly chunk: string;
  readonly token: string;
  readonly lane: string;
  readonly now: number;
  readonly outcomes: readonly MemberOutcome[];
}

/**
 * Writes what Deliver saw. An attempt is always recorded; what follows from it is decided only while the chunk is still
 * this claim's, for otherwise another has decided already.
 */
export function record(sql: SqlStorage, command: RecordCommand, settings: Settings): void {
  const { chunk, token, now, outcomes } = command;
  const claimed = sql
    .exec<{ rendered_at: number }>(
      "SELECT rendered_at FROM chunk WHERE id = ? AND token = ? AND open = 1",
      chunk,
      token,
    )
    .toArray()[0];
  const current = claimed !== undefined;
  const rows = new Map(
    selectMessages(
      sql,
      outcomes.map(({ uuid }) => uuid),
    ).map((row) => [row.uuid, row]),
  );
  const contexts = contextsOf(sql, rows.values(), settings);
  const timeline: TimelineRow[] = [];
  const changes: MessageChange[] = [];
  const effects: Effect[] = [];
  const again = new Map<string, { lane: string; at: number; members: string[] }>();

  for (const outcome of outcomes) {
    const row = rows.get(outcome.uuid);
    if (row === undefined) continue;
    const context = contexts.get(stemOf(row.uuid)) ?? { channel: "", lanes: [] };
    const fence = { ...context, current: current && row.chunk === chunk, now, onUnknown: settings.onUnknown };
    const step = settle(row, outcome, fence);
    timeline.push(step.entry);
    changes.push(step.change);
    effects.push(...step.effects);
    if (step.sameRequest !== undefined) {
      const { key, lane, at } = step.sameRequest;
      const group = again.get(key) ?? { lane, at, members: [] };
      group.members.push(row.uuid);
      group.at = Math.max(group.at, at);
      again.set(key, group);
    }
  }
  if (current) sql.exec("DELETE FROM chunk WHERE id = ?", chunk);
  for (const group of again.values()) keepTogether(sql, { ...group, renderedAt: claimed?.rendered_at ?? now }, changes);
  insertTimeline(sql, timeline);
  updateMessages(sql, changes);
  putOutbox(sql, effects, now);
  if (current) release(sql, chunk, now);
}

/** Members that an incomplete answer left out are due again: nothing stays claimed by a chunk that is gone. */
function release(sql: SqlStorage, chunk: string, now: number): void {
  sql.exec("UPDATE message SET chunk = NULL, due_at = ? WHERE chunk = ? AND due_at IS NULL", now, chunk);
}

interface Settled {
  readonly entry: TimelineRow;
  readonly change: MessageChange;
  readonly effects: readonly Effect[];
  readonly sameRequest?: { readonly key: string; readonly lane: string; readonly at: number } | undefined;
}

/** What a message's notification says of how it may travel. */
export interface Context {
  readonly channel: string;
  readonly lanes: readonly Lane[];
}

interface Fence extends Context {
  /** Whether this claim is still the one that decides. */
  readonly current: boolean;
  readonly now: number;
  readonly onUnknown: "resend" | "hold";
}

export function settle(row: MessageRow, outcome: MemberOutcome, fence: Fence): Settled {
  if (outcome.kind === "attempt") return settleAttempt(row, outcome.report, fence);
  const { now, current } = fence;
  const seq = row.seq + 1;
  const entry = (data: Record<string, unknown>): TimelineRow => ({
    message: row.uuid,
    seq,
    at: now,
    kind: "decision",
    data,
  });
  const put = (place: Place, dueAt: number | null): MessageChange =>
    current ? change(row, { seq, place, due_at: dueAt, chunk: null }) : change(row, { seq });
  switch (outcome.kind) {
    case "captured":
      return {
        entry: entry({ rule: "guard", then: "captured", reason: outcome.reason }),
        change: put("captured", null),
        effects: [],
      };
    case "suppressed":
      return {
        entry: entry({ rule: "suppression", then: "suppressed", reason: outcome.reason }),
        change: put("suppressed", null),
        effects: [],
      };
    case "refused": {
      const { detail, field } = outcome;
      return {
        entry: entry({ rule: "message", then: "failed", reason: detail, field }),
        change: put("failed", null),
        effects: [],
      };
    }
    case "postponed": {
      const until = now + outcome.forMs;
      return {
        entry: entry({ rule: "wait", then: "queued", reason: outcome.reason, until }),
        change: put("queued", until),
        effects: [],
      };
    }
  }
}

function settleAttempt(row: MessageRow, report: AttemptReport, fence: Fence): Settled {
  const { now, current } = fence;
  const laneKey = `${report.provider}:${report.account}`;
  const seq = row.seq + 1;
  const sameLane = row.lane === laneKey;
  const counted = {
    seq,
    tries: row.tries + 1,
    unknown_tries: row.unknown_tries + (report.outcome === "unknown" ? 1 : 0),
    lane: laneKey,
    lane_tries: sameLane ? row.lane_tries + 1 : 1,
    lane_since: sameLane ? (row.lane_since ?? report.startedAt.getTime()) : report.startedAt.getTime(),
  };
  const entry = (then: Record<string, unknown>): TimelineRow => ({
    message: row.uuid,
    seq,
    at: report.startedAt.getTime(),
    kind: "attempt",
    data: { ...report, startedAt: undefined, kind: undefined, failure: report.kind, then },
    provider: report.provider,
    provider_message_id: report.providerMessageId,
  });

  if (report.outcome === "accepted") {
    const addresses = JSON.parse(row.addresses) as StoredAddress[];
    const { [unrecorded(report.provider)]: early, ...known } = JSON.parse(row.evidence) as EvidenceByAttempt;
    const evidence: EvidenceByAttempt = {
      ...known,
      [seq]: addresses.map((_, index) => joinEvidence(early?.[index] ?? undefined, "sent") ?? null),
    };
    const milestones: Milestones = { sent: now, ...(JSON.parse(row.milestones) as Milestones) };
    return {
      entry: entry({ action: "done" }),
      change: change(row, {
        ...counted,
        place: "done",
        due_at: null,
        chunk: current ? null : row.chunk,
        evidence: JSON.stringify(evidence),
        milestones: JSON.stringify(milestones),
        provider: report.provider,
        provider_message_id: report.providerMessageId ?? null,
      }),
      effects: [],
    };
  }

  const effects = report.kind === "recipient-gone" ? suppressFirst(row, report, fence) : [];
  if (!current)
    return { entry: entry({ action: "none", reason: "the lease had ended" }), change: change(row, counted), effects };
  const decision = decideFor(row, counted, report, laneKey, fence);
  if (decision.action === "stop") {
    return {
      entry: entry(decision as never),
      change: change(row, { ...counted, place: decision.place, due_at: null, chunk: null }),
      effects,
    };
  }
  const next = {
    ...counted,
    ...(decision.lane === laneKey ? {} : { lane: decision.lane, lane_tries: 0, lane_since: null }),
    place: "queued" as const,
    due_at: decision.sameRequest ? null : decision.at,
    chunk: decision.sameRequest ? waiting : null,
    possible_duplicate: row.possible_duplicate || decision.possibleDuplicate ? 1 : 0,
  };
  return {
    entry: entry(decision as never),
    change: change(row, next),
    effects,
    sameRequest: decision.sameRequest ? { key: report.requestKey, lane: decision.lane, at: decision.at } : undefined,
  };
}

/** Evidence that somebody took the message wins over trying again. */
function decideFor(
  row: MessageRow,
  counted: Pick<MessageRow, "lane_tries" | "lane_since" | "tries" | "unknown_tries">,
  report: AttemptReport,
  laneKey: string,
  { now, onUnknown, lanes }: Fence,
): Decision {
  if (isCarried(JSON.parse(row.evidence) as EvidenceByAttempt)) return { action: "stop", place: "held" };
  const { kind = "unexpected-response", notAccepted, tryNext, retryAfterMs } = report;
  const unknown = report.outcome === "unknown";
  const failed = { failure: { kind, notAccepted, tryNext, retryAfterMs }, unknown };
  // A lane that the deployment lost since: the message starts over with those that are left.
  const lost: Lane = { key: laneKey, provider: report.provider, maxBatch: 1, keyWindowMs: 0 };
  return decide(counted, failed, lanes.find(({ key }) => key === laneKey) ?? lost, lanes, { now, onUnknown });
}

/** The provider says that it will not send there: nor shall we. An envelope's failure does not say which address. */
function suppressFirst(row: MessageRow, report: AttemptReport, { channel, now }: Fence): readonly Effect[] {
  const addresses = JSON.parse(row.addresses) as StoredAddress[];
  const [only] = addresses;
  if (only === undefined || addresses.length > 1) return [];
  return [
    {
      kind: "suppress",
      id: `${report.provider}:${row.uuid}:gone`,
      channel,
      addressKey: only.key,
      label: only.label,
      reason: "recipient-gone",
      sourceMessage: row.uuid,
      causedAt: now,
    },
  ];
}

/** Stands for the chunk that a message will wait in, until that has its id. */
const waiting = "waiting";

/** The row with what changed, its status derived anew. */
export function change(row: MessageRow, to: Partial<MessageChange>): MessageChange {
  const changed = { ...row, ...to };
  const anotherTryIsDue = changed.due_at !== null || (changed.chunk !== null && changed.place === "queued");
  return {
    ...changed,
    status: statusOf(changed.place, JSON.parse(changed.evidence) as EvidenceByAttempt, anotherTryIsDue),
  };
}

/** By stem of the messages' uuids. */
export function contextsOf(sql: SqlStorage, rows: Iterable<MessageRow>, settings: Settings): Map<string, Context> {
  const uuids = new Set(Array.from(rows, ({ uuid }) => uuidAt(stemOf(uuid), 0)));
  const found = sql
    .exec<{ uuid: string; channel: string; providers: string | null }>(
      `SELECT uuid, channel, providers FROM json_each(?1) AS wanted JOIN notification ON notification.uuid = wanted.value`,
      JSON.stringify([...uuids]),
    )
    .toArray();
  return new Map(
    found.map(({ uuid, channel, providers }) => [
      stemOf(uuid),
      {
        channel,
        lanes: lanesFor(settings, channel, providers === null ? undefined : (JSON.parse(providers) as string[])),
      },
    ]),
  );
}

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
