import { maxBatchOf, takesKeys } from "../dispatch/lanes.ts";
import { isOneAtATime, leaseMs, maxOpenChunks, maxTurnContentBytes } from "../dispatch/limits.ts";
import { randomToken, stemOf, uuidAt } from "../ids.ts";
import type { ByPriority, Taken } from "../lane/pacer.ts";
import type { Settings } from "../settings.ts";
import { readContents } from "./accept.ts";
import type { NotificationContent } from "./accept.ts";
import { createAccounts } from "./accounts.ts";
import type { Accounts } from "./accounts.ts";
import { isToldBy } from "./evidence.ts";
import type { EvidenceByAttempt } from "./evidence.ts";
import { expire, expiriesOf } from "./expire.ts";
import { keepGates, readPauses } from "./pauses.ts";
import { plan } from "./plan.ts";
import type { MessageRow } from "./rows.ts";
import { execForEach, selectMessages } from "./sql.ts";

/** All that Deliver needs to send one chunk: it asks the shard for nothing. */
export interface ChunkJob {
  readonly shard: number;
  readonly chunk: string;
  /** Fences what follows from the outcome, should the lease have ended meanwhile. */
  readonly token: string;
  /** `provider:account`. */
  readonly lane: string;
  readonly channel: string;
  readonly renderedAt: number;
  readonly leaseUntil: number;
  readonly members: readonly {
    readonly uuid: string;
    readonly recipient: unknown;
    /** The recipient whose address it is; undefined: the request had the address itself. */
    readonly whose?: string | undefined;
    /** Of a request that is repeated: the provider has told of it, and answers from memory if it takes keys. */
    readonly taken?: true | undefined;
  }[];
  /** By stem of the member's uuid. */
  readonly contents: ReadonlyMap<string, NotificationContent>;
  /** Set when the same members went out before and may have arrived: how many they were. */
  readonly repeated: { readonly members: number } | undefined;
}

/** How long a chunk that its lane does not take now waits at most, until it is looked at again. */
const longestWaitMs = 60_000;

/** How many permits this turn could use, by lane, of those lanes that are held to a rate. */
export function wanted(sql: SqlStorage, now: number, settings: Settings): ReadonlyMap<string, ByPriority> {
  const openByLane = readOpen(sql);
  const open = total(openByLane);
  const accounts = createAccounts(settings, readPauses(sql), openByLane, undefined, now);
  const waiting = open < maxOpenChunks ? readWaiting(sql, now, maxOpenChunks - open) : [];
  for (const { lane, members, priority } of waiting)
    accounts.spend(lane, priority, costOf(lane, members, settings, accounts));
  plan(sql, now, settings, accounts, open + waiting.length);
  return accounts.spent();
}

/**
 * Claims what is due and its lane takes: writes chunks with their leases, and gives back what Deliver is to do. What is
 * not claimed is left as it is: nothing is counted against it.
 */
export function claim(
  sql: SqlStorage,
  shard: number,
  now: number,
  settings: Settings,
  permitted?: ReadonlyMap<string, Taken>,
): readonly ChunkJob[] {
  const openByLane = readOpen(sql);
  const open = total(openByLane);
  if (open >= maxOpenChunks) return [];
  const accounts = createAccounts(settings, readPauses(sql), openByLane, permitted, now);
  const turn: Turn = { sql, shard, now, settings, accounts, jobs: [], contentBytes: 0 };
  claimWaiting(turn, maxOpenChunks - open);
  claimDue(turn, open + turn.jobs.length);
  return turn.jobs;
}

function readOpen(sql: SqlStorage): ReadonlyMap<string, number> {
  const rows = sql.exec<{ lane: string; open: number }>(
    "SELECT lane, count(*) AS open FROM chunk WHERE open = 1 GROUP BY lane",
  );
  return new Map(rows.toArray().map(({ lane, open }) => [lane, open]));
}

function total(counts: ReadonlyMap<string, number>): number {
  return Array.from(counts.values()).reduce((sum, count) => sum + count, 0);
}

interface Turn {
  readonly sql: SqlStorage;
  readonly shard: number;
  readonly now: number;
  readonly settings: Settings;
  readonly accounts: Accounts;
  readonly jobs: ChunkJob[];
  /** Of all jobs: they are in memory at once. What is beyond the limit stays due, and has the next turn. */
  contentBytes: number;
}

interface WaitingChunk {
  readonly id: string;
  readonly lane: string;
  readonly members: readonly string[];
  readonly renderedAt: number;
  readonly priority: number;
}

function readWaiting(sql: SqlStorage, now: number, room: number): readonly WaitingChunk[] {
  return sql
    .exec<{ id: string; lane: string; members: string; rendered_at: number; priority: number | null }>(
      `SELECT id, lane, members, rendered_at,
         (SELECT priority FROM message WHERE uuid = chunk.members ->> 0) AS priority
       FROM chunk WHERE open = 0 AND at <= ? ORDER BY at LIMIT ?`,
      now,
      room,
    )
    .toArray()
    .map(({ id, lane, members, rendered_at: renderedAt, priority }) => ({
      id,
      lane,
      members: JSON.parse(members) as string[],
      renderedAt,
      priority: priority ?? 1,
    }));
}

/** A chunk is repeated as it was, or not: one permit lets all of it go, though it may be worth more. */
function costOf(lane: string, members: readonly string[], settings: Settings, accounts: Accounts): number {
  return accounts.isPaidByChunk(lane, maxBatchOf(settings, lane)) ? 1 : members.length;
}

/** Chunks that wait to be tried again, as they were. */
function claimWaiting(turn: Turn, room: number): void {
  const { sql, now, settings, accounts } = turn;
  const later: { id: string; at: number }[] = [];
  for (const { id, lane, members, renderedAt, priority } of readWaiting(sql, now, room)) {
    if (turn.contentBytes >= maxTurnContentBytes) break;
    if (accounts.left(lane, priority) < 1) {
      later.push({ id, at: Math.min(now + longestWaitMs, Math.max(now, accounts.opensAt(lane, priority))) });
      continue;
    }
    const rows = stillOpen(sql, members, id, now);
    const wanted = worthRepeating(rows, lane, settings);
    if (wanted.length < rows.length) {
      const dropped = rows.filter((row) => !wanted.includes(row)).map(({ uuid }) => uuid);
      execForEach(
        sql,
        "UPDATE message SET chunk = NULL FROM json_each(?1) AS one WHERE message.uuid = one.value",
        dropped,
      );
    }
    if (wanted.length === 0) {
      sql.exec("DELETE FROM chunk WHERE open = 0 AND id = ?", id);
      continue;
    }
    accounts.spend(lane, priority, costOf(lane, members, settings, accounts));
    const token = randomToken(8);
    sql.exec("UPDATE chunk SET open = 1, token = ?, at = ? WHERE open = 0 AND id = ?", token, now + leaseMs, id);
    addJob(turn, { id, token, lane, members, renderedAt, repeats: true }, wanted);
  }
  execForEach(
    sql,
    "UPDATE chunk SET at = value ->> 'at' FROM json_each(?1) WHERE chunk.open = 0 AND chunk.id = value ->> 'id'",
    later,
  );
}

/** The members of a waiting chunk, but for those whose time is over: they end here. */
function stillOpen(sql: SqlStorage, members: readonly string[], chunk: string, now: number): readonly MessageRow[] {
  const rows = selectMessages(sql, members).filter((row) => row.chunk === chunk);
  const expiries = expiriesOf(sql, members);
  const isOver = ({ uuid, place }: MessageRow): boolean =>
    place !== "done" && (expiries.get(stemOf(uuid)) ?? Number.POSITIVE_INFINITY) <= now;
  expire(sql, rows.filter(isOver), now);
  return rows.filter((row) => !isOver(row));
}

/**
 * Members that somebody is known to have taken need no other try. They stay in a request that has a key, for without them
 * it would be another request; where there is no key they are left out.
 */
function worthRepeating(rows: readonly MessageRow[], lane: string, settings: Settings): readonly MessageRow[] {
  const open = rows.filter(({ place }) => place !== "done");
  return open.length > 0 && takesKeys(settings, lane) ? rows : open;
}

/** Messages that are due, in new chunks. */
function claimDue(turn: Turn, open: number): void {
  const { sql, now, settings, accounts } = turn;
  const { chunks, over, laneless, placed, gates } = plan(sql, now, settings, accounts, open);
  if (over.length > 0) expire(sql, selectMessages(sql, over), now);
  execForEach(
    sql,
    "UPDATE message SET due_at = value ->> 'due' FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'",
    laneless,
  );
  execForEach(
    sql,
    "UPDATE message SET lane = value ->> 'lane' FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'",
    placed,
  );
  keepGates(sql, gates);
  for (const { lane, members, priority } of chunks) {
    if (turn.contentBytes >= maxTurnContentBytes) return;
    const chunk = { id: randomToken(8), token: randomToken(8), lane, members, renderedAt: now, repeats: false };
    sql.exec(
      "INSERT INTO chunk (id, token, lane, members, open, at, rendered_at, narrow) VALUES (?, ?, ?, ?, 1, ?, ?, ?)",
      chunk.id,
      chunk.token,
      lane,
      JSON.stringify(members),
      now + leaseMs,
      now,
      Number(isOneAtATime(priority, maxBatchOf(settings, lane))),
    );
    sql.exec(
      `UPDATE message SET due_at = NULL, chunk = ?2, place = 'queued', status = iif(status = 'scheduled', 'queued', status)
       FROM json_each(?1) AS one WHERE message.uuid = one.value`,
      JSON.stringify(members),
      chunk.id,
    );
    addJob(turn, chunk, selectMessages(sql, members));
  }
}

interface ClaimedChunk {
  readonly id: string;
  readonly token: string;
  readonly lane: string;
  readonly members: readonly string[];
  readonly renderedAt: number;
  readonly repeats: boolean;
}

function addJob(turn: Turn, chunk: ClaimedChunk, rows: readonly MessageRow[]): void {
  const { sql, shard, now } = turn;
  const { id, token, lane, renderedAt, repeats } = chunk;
  const found = new Map(rows.map((row) => [row.uuid, row]));
  const members = chunk.members.flatMap((uuid) => {
    const row = found.get(uuid);
    if (row === undefined) return [];
    const taken = repeats && hasTaken(row, lane) ? (true as const) : undefined;
    return { uuid, recipient: JSON.parse(row.recipient) as unknown, whose: row.recipient_id ?? undefined, taken };
  });
  const stems = new Set(members.map(({ uuid }) => stemOf(uuid)));
  const contents = readContents(
    sql,
    Array.from(stems, (stem) => uuidAt(stem, 0)),
  );
  const channel = contents.values().next().value?.channel ?? "";
  for (const { content } of contents.values()) turn.contentBytes += content.length;
  const leaseUntil = now + leaseMs;
  const repeated = repeats ? { members: chunk.members.length } : undefined;
  turn.jobs.push({ shard, chunk: id, token, lane, channel, renderedAt, leaseUntil, members, contents, repeated });
}

/** Whether the lane's provider is known to have the request for a message. One that may be a duplicate has had others. */
function hasTaken({ evidence, possible_duplicate }: MessageRow, lane: string): boolean {
  const provider = lane.slice(0, lane.indexOf(":"));
  return possible_duplicate === 0 && isToldBy(JSON.parse(evidence) as EvidenceByAttempt, provider);
}
