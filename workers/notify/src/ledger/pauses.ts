import type { AttemptReport } from "carillon";
import { patienceMs } from "../dispatch/decide.ts";
import type { Settings } from "../settings.ts";
import type { MemberOutcome } from "./settle.ts";
import { execForEach } from "./sql.ts";

/** A lane that nothing is to be handed to for a while. */
export interface Pause {
  /** `provider:account`. */
  readonly lane: string;
  /** Milliseconds; past: the lane is on trial, or has only just begun to fail. */
  readonly until: number;
  /** Requests that failed in a row; 0 where the provider itself named the moment. */
  readonly failures: number;
}

/** Every shard is to know of a pause. */
export interface PauseEffect {
  readonly kind: "pause";
  readonly id: string;
  readonly pause: Pause;
}

/** After so many failures in a row the lane rests. */
export const failuresBeforeRest = 5;

/** The first rest; each trial that fails doubles it. */
const restBaseMs = 30_000;
const restCapMs = 300_000;

/** What a provider asks for is believed so long at a time; then one request asks again. */
const longestPauseMs = 3_600_000;

/** A pause that ends so little later than the one that is known is the same. */
const samePauseMs = 1_000;

/** Failures that say how the lane is, not the message. Credentials have their own alarm, and the next lane is asked anyway. */
const ofTheLane = new Set<AttemptReport["kind"]>(["unavailable", "timeout", "network", "rate-limited"]);

/**
 * Learns from what became of requests: a provider that names a moment is left alone until then, and one that fails again and
 * again rests, longer each time, until a trial succeeds. All shards are told. Where a failure is one recipient's
 * (`scope` of the provider) it says nothing of the lane.
 */
export function notePauses(
  sql: SqlStorage,
  outcomes: readonly MemberOutcome[],
  settings: Settings,
  now: number,
): readonly PauseEffect[] {
  const byLane = requestsOf(outcomes, settings);
  const known = new Map(readPauses(sql).map((pause) => [pause.lane, pause]));
  return Array.from(byLane).flatMap(([lane, requests]) => {
    const before = known.get(lane);
    const after = learn(before ?? { lane, until: 0, failures: 0 }, [...requests.values()], now);
    if (after === undefined) {
      if (before !== undefined) {
        sql.exec("DELETE FROM lane_pause WHERE lane = ?", lane);
        sql.exec("DELETE FROM lane_gate WHERE lane = ?", lane);
      }
      return [];
    }
    if (before?.until === after.until && before.failures === after.failures) return [];
    keepPause(sql, after);
    const isNew = after.until > Math.max(now, (before?.until ?? 0) + samePauseMs);
    return isNew ? { kind: "pause", id: `pause:${lane}:${after.until}`, pause: after } : [];
  });
}

/** Whether what became of a lane's requests is enough to hand it nothing more for now. */
export function isToRest(outcomes: readonly MemberOutcome[], settings: Settings): boolean {
  const now = Date.now();
  return Array.from(requestsOf(outcomes, settings)).some(
    ([lane, requests]) => (learn({ lane, until: 0, failures: 0 }, [...requests.values()], now)?.until ?? 0) > now,
  );
}

/** By lane: the members of a batch share its fate. */
function requestsOf(
  outcomes: readonly MemberOutcome[],
  settings: Settings,
): ReadonlyMap<string, ReadonlyMap<string, AttemptReport>> {
  const byLane = new Map<string, Map<string, AttemptReport>>();
  for (const outcome of outcomes) {
    if (outcome.kind !== "attempt") continue;
    const { report } = outcome;
    const lane = `${report.provider}:${report.account}`;
    if (settings.perRecipient.has(lane)) continue;
    const requests = byLane.get(lane) ?? new Map<string, AttemptReport>();
    requests.set(report.batchSize > 1 ? report.requestKey : outcome.uuid, report);
    byLane.set(lane, requests);
  }
  return byLane;
}

/** Undefined: all is well. */
function learn(pause: Pause, reports: readonly AttemptReport[], now: number): Pause | undefined {
  const asked = reports.flatMap(({ kind, retryAfterMs }) => (kind === "rate-limited" ? (retryAfterMs ?? []) : []));
  const named = Math.max(0, ...asked.map((ms) => now + Math.min(ms, longestPauseMs)));
  const failed = reports.filter(({ kind }) => ofTheLane.has(kind)).length - asked.length;
  const answered = reports.some(({ outcome, kind }) => outcome === "accepted" || !ofTheLane.has(kind));
  if (answered || failed === 0) {
    // A rest is over with the first answer; what the provider has asked for holds until then.
    const until = Math.max(named, pause.failures === 0 ? pause.until : 0);
    return until > now ? { lane: pause.lane, until, failures: 0 } : undefined;
  }
  const failures =
    pause.failures < failuresBeforeRest ? Math.min(failuresBeforeRest, pause.failures + failed) : pause.failures + 1;
  const rest =
    failures < failuresBeforeRest ? 0 : Math.min(restCapMs, restBaseMs * 2 ** (failures - failuresBeforeRest));
  // Requests that were on their way already when the rest began do not make it longer.
  if (pause.until > now) return { ...pause, until: Math.max(pause.until, named) };
  return { lane: pause.lane, until: Math.max(named, rest === 0 ? pause.until : now + rest), failures };
}

/** Another shard has seen it. */
export function hearOfPause(sql: SqlStorage, pause: Pause): void {
  const known = readPauses(sql).find(({ lane }) => lane === pause.lane);
  if (pause.until > (known?.until ?? 0)) keepPause(sql, pause);
}

function keepPause(sql: SqlStorage, { lane, until, failures }: Pause): void {
  sql.exec("INSERT OR REPLACE INTO lane_pause (lane, until, failures) VALUES (?, ?, ?)", lane, until, failures);
}

/** Whether the next lane carries what is meant for this one: a short pause that the provider asks for is waited out. */
export function isOut({ until, failures }: Pause, now: number): boolean {
  return until > now && (failures >= failuresBeforeRest || until > now + patienceMs);
}

/** SQL for the first of a JSON list of lanes that is not out, else the first. */
export function firstOpenLane(lanes: string, now: string): string {
  return `coalesce((SELECT value FROM json_each(${lanes}) AS lane WHERE NOT EXISTS (
      SELECT 1 FROM lane_pause AS p WHERE p.lane = lane.value AND p.until > ${now}
        AND (p.failures >= ${failuresBeforeRest} OR p.until > ${now} + ${patienceMs})) ORDER BY lane.key LIMIT 1),
    ${lanes} ->> 0)`;
}

export function readPauses(sql: SqlStorage): readonly Pause[] {
  return sql
    .exec<{ lane: string; until: number; failures: number }>("SELECT lane, until, failures FROM lane_pause")
    .toArray();
}

/** What waits in a lane's queue is not looked at before; see `lane_gate`. */
export interface Gate {
  /** Empty: of those that have none yet. */
  readonly lane: string;
  readonly priority: number;
  readonly until: number;
}

export function keepGates(sql: SqlStorage, gates: readonly Gate[]): void {
  execForEach(
    sql,
    `INSERT OR REPLACE INTO lane_gate (lane, priority, until)
     SELECT value ->> 'lane', value ->> 'priority', value ->> 'until' FROM json_each(?1)`,
    gates,
  );
}
