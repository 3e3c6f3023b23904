import { joinEvidence } from "carillon";
import type { AttemptReport } from "carillon";
import type { Budget } from "../dispatch/budgets.ts";
import { decide } from "../dispatch/decide.ts";
import type { Decision } from "../dispatch/decide.ts";
import type { Lane } from "../dispatch/lanes.ts";
import { consequenceOfRefusal } from "../suppress/consequences.ts";
import { addressEffect } from "./address-effects.ts";
import { dueOrExpired } from "./context.ts";
import type { Context } from "./context.ts";
import type { Effect } from "./outbox.ts";
import { isCarried, isRecorded, recorded, statusOf, unrecorded } from "./evidence.ts";
import type { EvidenceByAttempt, Milestones } from "./evidence.ts";
import type { MessageRow, StoredAddress, TimelineRow } from "./rows.ts";
import type { MessageChange } from "./sql.ts";
import { waiting } from "./waiting.ts";

/** What became of one member of a chunk. */
export type MemberOutcome =
  | {
      readonly uuid: string;
      readonly kind: "attempt";
      readonly report: AttemptReport;
      /** It repeated a request whose outcome is unknown, and could not be that same request any more. */
      readonly possibleDuplicate?: true | undefined;
      /** Keys of its addresses that are suppressed and were left out. */
      readonly dropped?: readonly string[] | undefined;
    }
  | { readonly uuid: string; readonly kind: "captured"; readonly reason: string }
  | {
      readonly uuid: string;
      readonly kind: "suppressed";
      readonly reason: string;
      readonly scope?: "all" | "marketing" | undefined;
      /** Of an opt-out from one category. */
      readonly category?: string | undefined;
    }
  /** Not tried again: it may have been sent, and only another request could be made. */
  | { readonly uuid: string; readonly kind: "held"; readonly reason: string }
  /** Its time was over before a request for it began. */
  | { readonly uuid: string; readonly kind: "expired" }
  /** Not sent, and never will be: the content cannot become a message. */
  | { readonly uuid: string; readonly kind: "refused"; readonly detail: string; readonly field: string | undefined }
  /** Not tried: due again after a pause. */
  | { readonly uuid: string; readonly kind: "postponed"; readonly reason: string; readonly forMs: number };

/** What an outcome makes of its message. */
export interface Settled {
  readonly entry: TimelineRow;
  readonly change: MessageChange;
  readonly effects: readonly Effect[];
  /** It failed, for good: why, and with whom. */
  readonly dead?: { readonly reason: string; readonly provider: string | undefined } | undefined;
  /** Only the same request again is safe: those of one key wait together. */
  readonly sameRequest?: { readonly key: string; readonly lane: string; readonly at: number } | undefined;
  /** Somebody has it, and it needs no other try: where others wait to repeat the request, it stays a part of it. */
  readonly partOf?: { readonly key: string } | undefined;
}

export interface Fence extends Context {
  /** Of the chunk. */
  readonly lane: string;
  /** Whether this claim is still the one that decides. */
  readonly current: boolean;
  readonly now: number;
  readonly onUnknown: "resend" | "hold";
  readonly budget: Budget;
  /** The next request cannot be this one again, so that its idempotency key will not help. */
  readonly keyLost?: boolean | undefined;
}

export function settle(row: MessageRow, outcome: MemberOutcome, fence: Fence): Settled {
  if (outcome.kind === "attempt") return settleAttempt(row, outcome, fence);
  const { now } = fence;
  const seq = row.seq + 1;
  const end = (rule: string, place: "captured" | "suppressed" | "held" | "failed", why: object): Settled => ({
    entry: { message: row.uuid, seq, at: now, kind: "decision", data: { rule, then: place, ...why } },
    change: change(row, { seq, place, due_at: null, chunk: null }),
    effects: [],
  });
  switch (outcome.kind) {
    case "captured":
      return end("guard", "captured", { reason: outcome.reason });
    case "suppressed":
      return end("suppression", "suppressed", {
        reason: outcome.reason,
        scope: outcome.scope,
        category: outcome.category,
      });
    case "held":
      return end("unknown", "held", { reason: outcome.reason });
    case "expired":
      return expired(row, now);
    case "refused":
      return {
        ...end("message", "failed", { reason: outcome.detail, field: outcome.field }),
        dead: { reason: "invalid-message", provider: undefined },
      };
    case "postponed":
      if (row.unknown_tries > 0 && !hasLane(fence) && fence.onUnknown === "hold") {
        return end("unknown", "held", { reason: "The provider that may have it is not configured any more." });
      }
      return postpone(row, outcome, fence);
  }
}

/** Its time is over. One that may have been sent before says so: evidence of that still counts. */
export function expired(row: MessageRow, now: number): Settled {
  const seq = row.seq + 1;
  const data = { rule: "expiry", then: "expired", mayHaveBeenSent: mayHaveBeenSent(row) };
  return {
    entry: { message: row.uuid, seq, at: now, kind: "decision", data },
    change: change(row, { seq, place: "expired", due_at: null, chunk: null }),
    effects: [],
  };
}

/** Its notification was canceled as a whole, and nothing more of it is sent. */
export function withdrawn(row: MessageRow, now: number): Settled {
  const seq = row.seq + 1;
  const data = { rule: "cancel", then: "canceled", mayHaveBeenSent: mayHaveBeenSent(row) };
  return {
    entry: { message: row.uuid, seq, at: now, kind: "decision", data },
    change: change(row, { seq, place: "canceled", due_at: null, chunk: null }),
    effects: [],
  };
}

/** By a try without an answer, a released one's too: that has no such try any more, and may be a duplicate. */
export function mayHaveBeenSent({ unknown_tries, possible_duplicate }: MessageRow): true | undefined {
  return unknown_tries > 0 || possible_duplicate === 1 ? true : undefined;
}

function hasLane({ lanes, lane }: Fence): boolean {
  return lanes.some(({ key }) => key === lane);
}

/** Waits; one that may have been sent waits as part of the same request, while there is a lane to repeat it on. */
function postpone(row: MessageRow, outcome: Extract<MemberOutcome, { kind: "postponed" }>, fence: Fence): Settled {
  const seq = row.seq + 1;
  const until = fence.now + outcome.forMs;
  const unknown = row.unknown_tries > 0;
  const sameRequest = unknown && hasLane(fence);
  const isCompany = row.place === "done";
  const data = { rule: "wait", then: isCompany ? "done" : "queued", reason: outcome.reason, until };
  const entry: TimelineRow = { message: row.uuid, seq, at: fence.now, kind: "decision", data };
  if (isCompany) {
    return {
      entry,
      change: change(row, { seq, chunk: null }),
      effects: [],
      partOf: sameRequest ? { key: waiting } : undefined,
    };
  }
  return {
    entry,
    change: change(row, {
      seq,
      place: "queued",
      due_at: sameRequest ? null : dueOrExpired(until, fence.expiresAt),
      chunk: sameRequest ? waiting : null,
      possible_duplicate: unknown && !sameRequest ? 1 : row.possible_duplicate,
    }),
    effects: [],
    sameRequest: sameRequest ? { key: waiting, lane: fence.lane, at: until } : undefined,
  };
}

function settleAttempt(row: MessageRow, outcome: Extract<MemberOutcome, { kind: "attempt" }>, fence: Fence): Settled {
  const { report, dropped } = outcome;
  const { current } = fence;
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
    possible_duplicate: outcome.possibleDuplicate ? 1 : row.possible_duplicate,
  };
  const leftOut = dropped && labelsOf(row, dropped);
  const entry = (then: object): TimelineRow => ({
    message: row.uuid,
    seq,
    at: report.startedAt.getTime(),
    kind: "attempt",
    data: { ...report, startedAt: undefined, kind: undefined, failure: report.kind, leftOut, then },
    provider: report.provider,
    provider_message_id: report.providerMessageId,
  });
  if (report.outcome === "accepted") {
    return { entry: entry({ action: "done" }), change: accepted(row, counted, outcome, fence), effects: [] };
  }

  const effects = report.kind === "recipient-gone" ? suppressOnly(row, report, fence) : [];
  if (!current) {
    // Another claim decides, and goes on from where that one is.
    const { tries, unknown_tries } = counted;
    const then = { action: "none", reason: "the lease had ended" };
    return { entry: entry(then), change: change(row, { seq, tries, unknown_tries }), effects };
  }
  const decision = decideFor(row, counted, report, fence);
  if (decision.action === "stop") {
    const { place, because: reason } = decision;
    return {
      entry: entry(decision),
      change: change(row, { ...counted, place, due_at: null, chunk: null }),
      effects,
      dead: place === "failed" ? { reason, provider: report.provider } : undefined,
      partOf: reason === "carried" && counted.unknown_tries > 0 ? { key: report.requestKey } : undefined,
    };
  }
  const { lane, at, sameRequest, possibleDuplicate } = decision;
  const next = {
    ...counted,
    ...(lane === laneKey ? {} : { lane, lane_tries: 0, lane_since: null }),
    place: "queued" as const,
    due_at: sameRequest ? null : dueOrExpired(at, fence.expiresAt),
    chunk: sameRequest ? waiting : null,
    possible_duplicate: counted.possible_duplicate || possibleDuplicate ? 1 : 0,
  };
  return {
    entry: entry(decision),
    change: change(row, next),
    effects,
    sameRequest: sameRequest ? { key: report.requestKey, lane, at } : undefined,
  };
}

function labelsOf({ addresses }: MessageRow, keys: readonly string[]): readonly string[] {
  return (JSON.parse(addresses) as StoredAddress[]).filter(({ key }) => keys.includes(key)).map(({ label }) => label);
}

/** The provider took it: evidence that came before this record now has its attempt. */
function accepted(
  row: MessageRow,
  counted: Partial<MessageChange> & Pick<MessageRow, "seq">,
  { report, dropped = [] }: Extract<MemberOutcome, { kind: "attempt" }>,
  { now, current }: Fence,
): MessageChange {
  const addresses = JSON.parse(row.addresses) as StoredAddress[];
  const { provider, providerMessageId } = report;
  const named = unrecorded(provider, providerMessageId);
  const { [named]: early, ...known } = JSON.parse(row.evidence) as EvidenceByAttempt;
  const evidence: EvidenceByAttempt = {
    ...known,
    [recorded(counted.seq, provider)]: addresses.map(
      ({ key }, index) =>
        joinEvidence(early?.[index] ?? undefined, dropped.includes(key) ? "suppressed" : "sent") ?? null,
    ),
  };
  const milestones = JSON.parse(row.milestones) as Milestones;
  return change(row, {
    ...counted,
    place: "done",
    due_at: null,
    // A request that waits to be repeated may have other members: the claim leaves it out where that is safe.
    chunk: current ? null : row.chunk,
    evidence: JSON.stringify(evidence),
    milestones: JSON.stringify({
      ...milestones,
      sent: isRecorded(known) ? Math.min(milestones.sent ?? now, now) : now,
    }),
    provider: report.provider,
    provider_message_id: report.providerMessageId ?? null,
  });
}

/** Evidence that somebody took the message wins over trying again. */
function decideFor(
  row: MessageRow,
  counted: Pick<MessageRow, "lane_tries" | "lane_since" | "tries" | "unknown_tries">,
  report: AttemptReport,
  { now, onUnknown, lanes, budget, sendAt = now, keyLost = false }: Fence,
): Decision {
  if (isCarried(JSON.parse(row.milestones) as Milestones)) {
    return { action: "stop", place: "done", because: "carried" };
  }
  const { kind = "unexpected-response", notAccepted, tryNext, retryAfterMs } = report;
  const unknown = report.outcome === "unknown";
  const failed = { failure: { kind, notAccepted, tryNext, retryAfterMs }, unknown };
  const key = `${report.provider}:${report.account}`;
  // A lane that the deployment lost since: the message starts over with those that are left.
  const lane: Lane = lanes.find((one) => one.key === key) ?? {
    key,
    provider: report.provider,
    maxBatch: 1,
    keyWindowMs: 0,
  };
  return decide(counted, failed, keyLost ? { ...lane, keyWindowMs: 0 } : lane, lanes, {
    now,
    onUnknown,
    budget,
    dueSince: row.due_from ?? sendAt,
  });
}

/** The provider says that it will not send there: nor shall we. An envelope's failure does not say which address. */
function suppressOnly(row: MessageRow, report: AttemptReport, fence: Fence): readonly Effect[] {
  const addresses = JSON.parse(row.addresses) as StoredAddress[];
  const [only] = addresses;
  if (only === undefined || addresses.length > 1) return [];
  const { provider, providerCode } = report;
  const consequence = consequenceOfRefusal(fence.channel, provider, providerCode, fence.optOutCategory !== undefined);
  // When it was refused: a report that comes a second time, or late, is no newer for it.
  const cause = { id: `${provider}:${row.uuid}:gone`, causedAt: report.startedAt.getTime(), message: row.uuid };
  return [addressEffect(consequence, only, fence, cause)].filter((effect) => effect !== undefined);
}

/** The row with what changed, its status derived anew. */
export function change(row: MessageRow, to: Partial<MessageChange>): MessageChange {
  const changed = { ...row, ...to };
  const anotherTryIsDue = changed.due_at !== null || (changed.chunk !== null && changed.place === "queued");
  const evidence = JSON.parse(changed.evidence) as EvidenceByAttempt;
  const hasUnknownTry = changed.unknown_tries > 0;
  return { ...changed, status: statusOf({ place: changed.place, evidence, anotherTryIsDue, hasUnknownTry }) };
}
