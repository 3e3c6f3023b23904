import type { TellEffect } from "./outbox.ts";
import type { MemberOutcome } from "./settle.ts";

/** A lane whose provider refuses our credentials: somebody must mend its configuration. */
export interface LaneTrouble {
  /** `provider:account`. */
  readonly lane: string;
  /** The first refusal since the provider last took a message. */
  readonly since: number;
  readonly lastAt: number;
  readonly count: number;
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/**
 * Notes refusals for wrong credentials (401, 403, a VAPID key that does not fit), and forgets them when the lane has taken
 * a message since. Nothing is ever suppressed for them: the address is not at fault.
 */
export function noteTrouble(sql: SqlStorage, outcomes: readonly MemberOutcome[], now: number): void {
  const refused = new Map<string, { status: number | undefined; code: string | undefined; count: number }>();
  const taken = new Set<string>();
  for (const outcome of outcomes) {
    if (outcome.kind !== "attempt") continue;
    const { provider, account, kind, status, providerCode: code } = outcome.report;
    const lane = `${provider}:${account}`;
    if (outcome.report.outcome === "accepted") taken.add(lane);
    else if (kind === "unauthorized") refused.set(lane, { status, code, count: (refused.get(lane)?.count ?? 0) + 1 });
  }
  for (const lane of taken) sql.exec("DELETE FROM lane_trouble WHERE lane = ?", lane);
  for (const [lane, { status, code, count }] of refused) {
    // The provider takes some: it is not the credentials.
    if (taken.has(lane)) continue;
    sql.exec(
      `INSERT INTO lane_trouble (lane, since, last_at, count, status, code) VALUES (?1, ?2, ?2, ?3, ?4, ?5)
       ON CONFLICT (lane) DO UPDATE SET last_at = excluded.last_at, count = count + excluded.count,
         status = excluded.status, code = excluded.code`,
      lane,
      now,
      count,
      status ?? null,
      code ?? null,
    );
  }
}

const hourMs = 3_600_000;

/** What apps are told of refused credentials: once an hour for a lane, whatever the number of shards that see it. */
export function toldOfTrouble(outcomes: readonly MemberOutcome[], now: number): readonly TellEffect[] {
  const reports = outcomes.flatMap((outcome) => (outcome.kind === "attempt" ? outcome.report : []));
  const refused = new Map(
    reports
      .filter(({ kind }) => kind === "unauthorized")
      .map((report) => [`${report.provider}:${report.account}`, report]),
  );
  const since = now - (now % hourMs);
  return Array.from(refused, ([lane, { provider, account, status, providerCode: code }]) => {
    const key = `unauthorized:${lane}:${since}`;
    const data = { provider, account, httpStatus: status, code };
    return { kind: "tell", id: key, event: { key, type: "provider.unauthorized", at: now, since, data } };
  });
}

export function readTrouble(sql: SqlStorage): readonly LaneTrouble[] {
  return sql
    .exec<{ lane: string; since: number; last_at: number; count: number; status: number | null; code: string | null }>(
      "SELECT lane, since, last_at, count, status, code FROM lane_trouble ORDER BY lane",
    )
    .toArray()
    .map(({ lane, since, last_at, count, status, code }) => ({
      lane,
      since,
      lastAt: last_at,
      count,
      status: status ?? undefined,
      code: code ?? undefined,
    }));
}
