import { planChunks } from "../dispatch/chunks.ts";
import type { DueMessage } from "../dispatch/chunks.ts";
import { currentLane, lanesFor } from "../dispatch/lanes.ts";
import { chunkSize, leaseMs, leasesBeforeAlone, maxChunkContentBytes, maxOpenChunks } from "../dispatch/limits.ts";
import { randomToken, stemOf, uuidAt } from "../ids.ts";
import type { Settings } from "../settings.ts";
import { readContents } from "./accept.ts";
import type { NotificationContent } from "./accept.ts";
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
  readonly members: readonly { readonly uuid: string; readonly recipient: unknown }[];
  /** By stem of the member's uuid. */
  readonly contents: ReadonlyMap<string, NotificationContent>;
}

/** When no provider is configured for a message, it waits for one. */
const noLanePauseMs = 300_000;

/** Looks at no more messages in one turn than its chunks could take. */
const maxDuePerTurn = 2_000;

/** Claims what is due: writes chunks with their leases, and gives back what Deliver is to do. */
export function claim(sql: SqlStorage, shard: number, now: number, settings: Settings): readonly ChunkJob[] {
  const open = Number(sql.exec("SELECT count(*) AS open FROM chunk WHERE open = 1").one()["open"]);
  let room = maxOpenChunks - open;
  if (room <= 0) return [];

  const jobs: ChunkJob[] = [];
  const waiting = sql
    .exec<ChunkRow>(
      "SELECT id, lane, members, rendered_at FROM chunk WHERE open = 0 AND at <= ? ORDER BY at LIMIT ?",
      now,
      room,
    )
    .toArray();
  for (const { id, lane, members, rendered_at } of waiting) {
    const token = randomToken(8);
    sql.exec("UPDATE chunk SET open = 1, token = ?, at = ? WHERE id = ?", token, now + leaseMs, id);
    jobs.push(
      ...jobOf(sql, shard, { id, token, lane, members: JSON.parse(members) as string[], renderedAt: rendered_at }, now),
    );
    room -= 1;
  }

  const { due, laneless } = readDue(sql, now, settings);
  if (laneless.length > 0) {
    execForEach(
      sql,
      "UPDATE message SET due_at = ?2 FROM json_each(?1) AS one WHERE message.uuid = one.value",
      laneless,
      now + noLanePauseMs,
    );
  }
  for (const { lane, members } of planChunks(due, room, maxChunkContentBytes)) {
    const chunk = { id: randomToken(8), token: randomToken(8), lane, members, renderedAt: now };
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
    jobs.push(...jobOf(sql, shard, chunk, now));
  }
  return jobs;
}

type ChunkRow = { id: string; lane: string; members: string; rendered_at: number };

/** Due messages with the lane that each would take, high priority first. */
function readDue(sql: SqlStorage, now: number, settings: Settings): { due: DueMessage[]; laneless: string[] } {
  const rows = sql
    .exec<{
      uuid: string;
      lane: string | null;
      channel: string;
      providers: string | null;
      content_bytes: number;
      lost_leases: number;
    }>(
      `SELECT due.uuid, due.lane, due.lost_leases, n.channel, n.providers, n.content_bytes
       FROM (SELECT uuid, lane, lost_leases, priority, due_at FROM message INDEXED BY message_due
             WHERE priority IN (0, 1, 2) AND due_at <= ?1 ORDER BY priority, due_at LIMIT ?2) AS due
       JOIN notification AS n ON n.uuid = substr(due.uuid, 1, 24) || '00000000'
       ORDER BY due.priority, due.due_at, due.uuid`,
      now,
      maxDuePerTurn,
    )
    .toArray();
  const due: DueMessage[] = [];
  const laneless: string[] = [];
  for (const { uuid, lane: wanted, channel, providers, content_bytes, lost_leases } of rows) {
    const lanes = lanesFor(settings, channel, providers === null ? undefined : (JSON.parse(providers) as string[]));
    const lane = currentLane(lanes, wanted);
    if (lane === undefined) laneless.push(uuid);
    else
      due.push({
        uuid,
        lane: lane.key,
        size: lost_leases < leasesBeforeAlone ? chunkSize(settings, lane) : 1,
        stem: stemOf(uuid),
        contentBytes: content_bytes,
      });
  }
  return { due, laneless };
}

function jobOf(
  sql: SqlStorage,
  shard: number,
  chunk: { id: string; token: string; lane: string; members: readonly string[]; renderedAt: number },
  now: number,
): ChunkJob[] {
  const found = new Map(selectMessages(sql, chunk.members).map((row) => [row.uuid, row]));
  const members = chunk.members.flatMap((uuid) => {
    const row = found.get(uuid);
    return row === undefined ? [] : { uuid, recipient: JSON.parse(row.recipient) as unknown };
  });
  const stems = new Set(members.map(({ uuid }) => stemOf(uuid)));
  const contents = readContents(
    sql,
    Array.from(stems, (stem) => uuidAt(stem, 0)),
  );
  const channel = contents.values().next().value?.channel;
  if (channel === undefined) return [];
  const { id, token, lane, renderedAt } = chunk;
  return [{ shard, chunk: id, token, lane, channel, renderedAt, leaseUntil: now + leaseMs, members, contents }];
}
