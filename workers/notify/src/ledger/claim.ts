import { planChunks } from "../dispatch/chunks.ts";
import type { DueMessage } from "../dispatch/chunks.ts";
import { currentLane, lanesFor, takesKeys } from "../dispatch/lanes.ts";
import type { Lane } from "../dispatch/lanes.ts";
import {
  chunkSize,
  largestChunk,
  leaseMs,
  leasesBeforeAlone,
  maxChunkContentBytes,
  maxOpenChunks,
  maxTurnContentBytes,
} from "../dispatch/limits.ts";
import { randomToken, stemOf, uuidAt } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { readContents } from "./accept.ts";
import type { NotificationContent } from "./accept.ts";
import { dueOrExpired, readProviders } from "./context.ts";
import { isToldBy } from "./evidence.ts";
import type { EvidenceByAttempt } from "./evidence.ts";
import { expire, expiriesOf } from "./expire.ts";
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
    /** Of a request that is repeated: the provider has told of it, and answers from memory if it takes keys. */
    readonly taken?: true | undefined;
  }[];
  /** By stem of the member's uuid. */
  readonly contents: ReadonlyMap<string, NotificationContent>;
  /** Set when the same members went out before and may have arrived: how many they were. */
  readonly repeated: { readonly members: number } | undefined;
}

/** When no provider is configured for a message, it waits for one. */
const noLanePauseMs = 300_000;

/** Looks at no more messages in one turn than its chunks could take. */
const maxDuePerTurn = 2_000;

/** Claims what is due: writes chunks with their leases, and gives back what Deliver is to do. */
export function claim(sql: SqlStorage, shard: number, now: number, settings: Settings): readonly ChunkJob[] {
  const open = sql.exec<{ open: number }>("SELECT count(*) AS open FROM chunk WHERE open = 1").one().open;
  const room = maxOpenChunks - open;
  if (room <= 0) return [];
  const turn: Turn = { sql, shard, now, settings, jobs: [], contentBytes: 0 };
  claimWaiting(turn, room);
  claimDue(turn, room - turn.jobs.length);
  return turn.jobs;
}

interface Turn {
  readonly sql: SqlStorage;
  readonly shard: number;
  readonly now: number;
  readonly settings: Settings;
  readonly jobs: ChunkJob[];
  /** Of all jobs: they are in memory at once. What is beyond the limit stays due, and has the next turn. */
  contentBytes: number;
}

/** Chunks that wait to be tried again, as they were. */
function claimWaiting(turn: Turn, room: number): void {
  const { sql, now } = turn;
  const waiting = sql
    .exec<{ id: string; lane: string; members: string; rendered_at: number }>(
      "SELECT id, lane, members, rendered_at FROM chunk WHERE open = 0 AND at <= ? ORDER BY at LIMIT ?",
      now,
      room,
    )
    .toArray();
  for (const { id, lane, members: json, rendered_at: renderedAt } of waiting) {
    if (turn.contentBytes >= maxTurnContentBytes) return;
    const members = JSON.parse(json) as string[];
    const rows = stillOpen(sql, members, id, now);
    const wanted = worthRepeating(rows, lane, turn.settings);
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
    const token = randomToken(8);
    sql.exec("UPDATE chunk SET open = 1, token = ?, at = ? WHERE open = 0 AND id = ?", token, now + leaseMs, id);
    addJob(turn, { id, token, lane, members, renderedAt, repeats: true }, wanted);
  }
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
function claimDue(turn: Turn, room: number): void {
  const { sql, now, settings } = turn;
  if (room <= 0) return;
  const { due, laneless, over } = readDue(sql, now, settings, room);
  if (over.length > 0) expire(sql, selectMessages(sql, over), now);
  execForEach(
    sql,
    "UPDATE message SET due_at = value ->> 'due' FROM json_each(?1) WHERE message.uuid = value ->> 'uuid'",
    laneless,
  );
  for (const { lane, members } of planChunks(due, room, maxChunkContentBytes)) {
    if (turn.contentBytes >= maxTurnContentBytes) return;
    const chunk = { id: randomToken(8), token: randomToken(8), lane, members, renderedAt: now, repeats: false };
    sql.exec(
      "INSERT INTO chunk (id, token, lane, members, open, at, rendered_at) VALUES (?, ?, ?, ?, 1, ?, ?)",
      chunk.id,
      chunk.token,
      lane,
      JSON.stringify(members),
      now + leaseMs,
      now,
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

/** Due messages with the lane that each would take, high priority first. */
function readDue(
  sql: SqlStorage,
  now: number,
  settings: Settings,
  room: number,
): { due: DueMessage[]; laneless: { uuid: string; due: number }[]; over: string[] } {
  const rows = sql
    .exec<{
      uuid: string;
      lane: string | null;
      channel: string;
      providers: string | null;
      content_bytes: number;
      expires_at: number | null;
      lost_leases: number;
    }>(
      `SELECT due.uuid, due.lane, due.lost_leases, n.channel, n.providers, n.content_bytes, n.expires_at
       FROM (SELECT uuid, lane, lost_leases, priority, due_at FROM message INDEXED BY message_due
             WHERE priority IN (0, 1, 2) AND due_at <= ?1 ORDER BY priority, due_at LIMIT ?2) AS due
       JOIN notification AS n ON n.uuid = substr(due.uuid, 1, 24) || '00000000'
       ORDER BY due.priority, due.due_at, due.uuid`,
      now,
      Math.min(maxDuePerTurn, room * largestChunk(settings)),
    )
    .toArray();
  const due: DueMessage[] = [];
  const laneless: { uuid: string; due: number }[] = [];
  const over: string[] = [];
  const known = new Map<string, readonly Lane[]>();
  for (const { uuid, lane: wanted, channel, providers, content_bytes: contentBytes, expires_at, lost_leases } of rows) {
    if (expires_at !== null && expires_at <= now) {
      over.push(uuid);
      continue;
    }
    const choice = `${channel} ${providers}`;
    const lanes = known.get(choice) ?? lanesFor(settings, channel, readProviders(providers));
    known.set(choice, lanes);
    const lane = currentLane(lanes, wanted);
    if (lane === undefined) {
      laneless.push({ uuid, due: dueOrExpired(now + noLanePauseMs, expires_at) });
      continue;
    }
    const size = lost_leases < leasesBeforeAlone ? chunkSize(settings, lane, contentBytes) : 1;
    due.push({ uuid, lane: lane.key, size, stem: stemOf(uuid), contentBytes });
  }
  return { due, laneless, over };
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
    return { uuid, recipient: JSON.parse(row.recipient) as unknown, taken };
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
