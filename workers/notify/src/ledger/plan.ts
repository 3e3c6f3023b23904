import { planChunks } from "../dispatch/chunks.ts";
import type { DueMessage, PlannedChunk } from "../dispatch/chunks.ts";
import { interleave, shuffled } from "../dispatch/interleave.ts";
import { currentLane, lanesFor, maxBatchOf } from "../dispatch/lanes.ts";
import type { Lane } from "../dispatch/lanes.ts";
import {
  chunkSize,
  isOneAtATime,
  largestChunk,
  leasesBeforeAlone,
  maxChunkContentBytes,
  openChunksOf,
} from "../dispatch/limits.ts";
import { stemOf } from "../ids.ts";
import type { Settings } from "../settings.ts";
import type { Accounts } from "./accounts.ts";
import { dueOrExpired, readProviders } from "./context.ts";
import type { Gate } from "./pauses.ts";
import { readBehind, readHead, readQueues } from "./queues.ts";
import type { DueRow, Queue } from "./queues.ts";

/** What one turn would do with what is due. Nothing is written yet. */
export interface Plan {
  readonly chunks: readonly (PlannedChunk & { readonly priority: number })[];
  /** Their time is over. */
  readonly over: readonly string[];
  /** Nobody is configured for them. */
  readonly laneless: readonly { readonly uuid: string; readonly due: number }[];
  /** They wait in the queue of a lane that they have not, and belong in this one. */
  readonly placed: readonly { readonly uuid: string; readonly lane: string }[];
  readonly gates: readonly Gate[];
}

/** When no provider is configured for a message, it waits for one. */
const noLanePauseMs = 300_000;

/** Looks at no more messages of a queue in one turn than its chunks could take. */
const maxDuePerTurn = 2_000;

/** A queue that waits for its lane is looked through so often: for those whose time is over, or who have another lane. */
const longestGateMs = 10_000;

/** Messages of each notification that are looked at behind the head of a long queue. */
const behindEach = 100;

interface Candidate extends DueMessage {
  /** Of its lane. */
  readonly maxBatch: number;
  readonly queue: Queue;
  /** It stands in another lane's queue. */
  readonly misplaced: boolean;
}

/**
 * Plans a turn: high priority first; within one, lanes and notifications in turn. What its lane does not take now stays
 * where it is, untouched, behind a gate that opens when the lane does.
 */
export function plan(sql: SqlStorage, now: number, settings: Settings, accounts: Accounts, open: number): Plan {
  const chunks: (PlannedChunk & { readonly priority: number })[] = [];
  const over: string[] = [];
  const laneless: { uuid: string; due: number }[] = [];
  const placed: { uuid: string; lane: string }[] = [];
  const gates: Gate[] = [];
  const due = readQueues(sql, now);
  for (const [priority, most] of openChunksOf.entries()) {
    const room = most - open - chunks.length;
    if (room <= 0) continue;
    const sorted = due
      .filter((queue) => queue.priority === priority)
      .map((queue) => {
        const { most, useful } = rowsToRead(queue, room, settings, accounts);
        const head = readHead(sql, queue, now, most);
        const last = head.at(-1);
        const isLong = last !== undefined && head.length >= useful;
        const each = Math.min(useful, behindEach);
        const behind = isLong && each > 0 ? readBehind(sql, queue, now, last, each) : [];
        return { queue, isLong, ...sortOut([...head, ...behind], queue, isLong, now, settings, accounts) };
      });
    const begun = new Set<string>();
    const refused = new Map<string, Set<string>>();
    const taken = new Map<string, Set<string>>();
    const note = (of: Map<string, Set<string>>, { queue, lane }: Candidate): void =>
      void of.set(queue.lane, (of.get(queue.lane) ?? new Set()).add(lane));
    const pay = (message: Candidate, opensChunk: boolean): boolean => {
      const { lane, maxBatch } = message;
      // Its queue is looked at again when that chunk is back; one that stands in for another lane waits for nobody.
      const isOnly = opensChunk && !message.misplaced && isOneAtATime(priority, maxBatch);
      if (isOnly && begun.has(lane)) return false;
      const isFree = !opensChunk && accounts.isPaidByChunk(lane, maxBatch);
      if (!isFree && accounts.left(lane, priority) < 1) {
        note(refused, message);
        if (message.misplaced) placed.push({ uuid: message.uuid, lane });
        return false;
      }
      if (!isFree) accounts.spend(lane, priority, 1);
      if (isOnly) begun.add(lane);
      note(taken, message);
      return true;
    };
    const wanted = interleave(sorted.map(({ candidates }) => candidates));
    chunks.push(...planChunks(wanted, room, maxChunkContentBytes, pay).map((chunk) => ({ ...chunk, priority })));
    for (const { queue, isLong, over: ended, laneless: without } of sorted) {
      over.push(...ended);
      laneless.push(...without);
      // What has no lane yet gets one here: nothing waits in that queue, and the next to come may be for any lane.
      if (queue.lane === "") continue;
      const closed = [...(refused.get(queue.lane) ?? [])];
      const used = [...(taken.get(queue.lane) ?? [])];
      // While some lane takes messages of this queue, there may be more for it.
      if ((closed.length === 0 && !isLong) || used.some((lane) => accounts.left(lane, priority) >= 1)) continue;
      const opens = [...closed, ...used].map((lane) => accounts.opensAt(lane, priority));
      if (opens.length === 0) continue;
      const until = Math.min(now + longestGateMs, ...opens);
      if (until > now) gates.push({ ...queue, until });
    }
  }
  return { chunks, over, laneless, placed, gates };
}

/**
 * How many messages of a queue its lane could take, and how many are read: as many as it ever takes at once, for those whose time
 * is over need no permit, and nobody asks for permits where there is nothing else.
 */
function rowsToRead(
  { priority, lane }: Queue,
  room: number,
  settings: Settings,
  accounts: Accounts,
): { readonly most: number; readonly useful: number } {
  const maxBatch = maxBatchOf(settings, lane);
  const most = isOneAtATime(priority, maxBatch)
    ? chunkSize(settings, { maxBatch }, 1)
    : Math.min(maxDuePerTurn, room * largestChunk(settings));
  const rate = settings.rates.get(lane);
  // Of a lane that is out, the next lanes take them.
  if (rate === undefined || accounts.isOut(lane)) return { most, useful: most };
  const rowsOf = (permits: number): number => Math.min(most, permits * (rate.per === "request" ? maxBatch : 1));
  return { most: rowsOf(rate.burst), useful: rowsOf(Math.max(0, accounts.left(lane, priority))) };
}

interface SortedOut {
  readonly candidates: readonly Candidate[];
  readonly over: readonly string[];
  readonly laneless: readonly { readonly uuid: string; readonly due: number }[];
}

function sortOut(
  rows: readonly DueRow[],
  queue: Queue,
  isLong: boolean,
  now: number,
  settings: Settings,
  accounts: Accounts,
): SortedOut {
  const byStem = new Map<string, Candidate[]>();
  const over: string[] = [];
  const laneless: { uuid: string; due: number }[] = [];
  const known = new Map<string, readonly Lane[]>();
  for (const row of rows) {
    const { uuid, lane: own, channel, providers, content_bytes: contentBytes, expires_at } = row;
    if (expires_at !== null && expires_at <= now) {
      over.push(uuid);
      continue;
    }
    const choice = `${channel} ${providers}`;
    const lanes = known.get(choice) ?? lanesFor(settings, channel, readProviders(providers));
    known.set(choice, lanes);
    const home = currentLane(lanes, own);
    if (home === undefined) {
      laneless.push({ uuid, due: dueOrExpired(now + noLanePauseMs, expires_at) });
      continue;
    }
    const lane = row.unknown_tries > 0 ? home : standIn(lanes, home, accounts);
    const size = row.lost_leases < leasesBeforeAlone ? chunkSize(settings, lane, contentBytes) : 1;
    const stem = stemOf(uuid);
    const list = byStem.get(stem) ?? [];
    byStem.set(stem, list);
    const misplaced = home.key !== queue.lane;
    list.push({ uuid, lane: lane.key, maxBatch: lane.maxBatch, size, stem, contentBytes, queue, misplaced });
  }
  const lists = [...byStem.values()];
  // In a long queue this turn may be too short for all of them, and so may each that follows.
  // Those of one notification may share a request: a chunk of it at a time.
  const portion = Math.max(1, ...lists.map(([first]) => (first !== undefined && first.maxBatch > 1 ? first.size : 1)));
  return { candidates: interleave(isLong ? shuffled(lists) : lists, portion), over, laneless };
}

/** The lane itself, or while it is out the next one in the message's own order that is not. */
function standIn(lanes: readonly Lane[], home: Lane, accounts: Accounts): Lane {
  return lanes.slice(lanes.indexOf(home)).find(({ key }) => !accounts.isOut(key)) ?? home;
}
