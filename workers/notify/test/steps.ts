import type { AttemptReport } from "carillon";
import { beforeEach, expect } from "vitest";
import { claim } from "../src/ledger/claim.ts";
import type { ChunkJob } from "../src/ledger/claim.ts";
import { expireLeases } from "../src/ledger/leases.ts";
import { record } from "../src/ledger/record.ts";
import type { MemberOutcome } from "../src/ledger/settle.ts";
import { allShards } from "../src/ledger/shards.ts";
import { readSettings } from "../src/settings.ts";
import type { Settings } from "../src/settings.ts";
import { accept, email, env } from "./service.ts";
import type { MessageBody } from "./service.ts";
import { inLane, inShard, placeOf } from "./shards.ts";

/** The steps that a shard's alarm and Deliver take, one at a time, at the test's pace. */

export const resends: Settings = readSettings(env);
export const holds: Settings = readSettings({ ...env, ON_UNKNOWN: "hold" });

let people = 0;
export const addresses = (count: number): string[] =>
  Array.from({ length: count }, () => `delivered+${(people += 1)}@simulator.test`);

/** What the test before has let a provider fail at is nothing to the next. */
export async function forgetPauses(): Promise<void> {
  for (const shard of allShards(env)) {
    await inShard(shard, (sql) => {
      for (const table of ["lane_pause", "lane_gate"]) sql.exec(`DELETE FROM ${table}`);
      sql.exec("DELETE FROM outbox WHERE payload ->> 'kind' = 'pause'");
    });
  }
  for (const { id, account } of Object.values(resends.providers).flat()) {
    await inLane(`${id}:${account}`, (_, { kv }) => kv.delete("pause"));
  }
}

beforeEach(forgetPauses);

/** Messages that wait for the test to move them, alone on their shard: no alarm comes before. */
export async function waiting(
  to: string | readonly string[],
  more: Readonly<Record<string, unknown>> = {},
  content: Readonly<Record<string, unknown>> = {},
): Promise<{ shard: number; uuids: readonly string[]; ids: readonly string[] }> {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { messages } = await accept(email(to, { sendAt, ...more }, content));
  const ids = messages.map(({ id }) => id);
  const uuids = ids.map((id) => placeOf(id).uuid);
  const { shard } = placeOf(ids[0]!);
  await inShard(shard, (sql) => {
    sql.exec("DELETE FROM chunk");
    sql.exec("UPDATE message SET due_at = NULL, chunk = NULL");
    for (const uuid of uuids) sql.exec("UPDATE message SET due_at = ? WHERE uuid = ?", Date.now() - 1, uuid);
  });
  return { shard, uuids, ids };
}

/** What the shard would hand to Deliver now; waiting chunks are due at once. */
export function claimed(shard: number, settings: Settings = resends): Promise<readonly ChunkJob[]> {
  return inShard(shard, (sql, storage) =>
    storage.transactionSync(() => {
      sql.exec("UPDATE chunk SET at = ? WHERE open = 0", Date.now() - 1);
      return claim(sql, shard, Date.now(), settings);
    }),
  );
}

/** The lease of all open chunks ends: whoever had them has died. */
export function die(shard: number, settings: Settings = resends): Promise<void> {
  return inShard(shard, (sql, storage) =>
    storage.transactionSync(() => {
      sql.exec("UPDATE chunk SET at = ? WHERE open = 1", Date.now() - 1);
      expireLeases(sql, Date.now(), settings);
    }),
  );
}

export function told(job: ChunkJob, outcomes: readonly MemberOutcome[], settings: Settings = resends): Promise<void> {
  return inShard(job.shard, (sql, storage) =>
    storage.transactionSync(() => {
      record(sql, { chunk: job.chunk, token: job.token, lane: job.lane, now: Date.now(), outcomes }, settings);
    }),
  );
}

export function attempt(uuid: string, more: Partial<AttemptReport> = {}): MemberOutcome {
  const report: AttemptReport = {
    provider: "resend",
    account: "default",
    startedAt: new Date(Date.now() + (people += 1)),
    durationMs: 1,
    outcome: "unknown",
    kind: "timeout",
    requestKey: "key",
    batchSize: 1,
    ...more,
  };
  return { uuid, kind: "attempt", report };
}

export const only = <T>(items: readonly T[]): T => {
  expect(items).toHaveLength(1);
  return items[0]!;
};

export const membersOf = (job: ChunkJob): string[] => job.members.map(({ uuid }) => uuid);
export const kinds = ({ timeline }: MessageBody): unknown[] =>
  timeline.map((entry) => entry["outcome"] ?? entry["rule"]);
