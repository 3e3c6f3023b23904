import { leasesBeforeAlone, leasesBeforeDead } from "../dispatch/limits.ts";
import type { Route } from "../dispatch/escalate.ts";
import { randomToken } from "../ids.ts";
import { expire } from "./expire.ts";
import { execForEach, selectMessages } from "./sql.ts";
import { endUnsent } from "./unsent.ts";

/** Whose addresses somebody is to look up, and for what. */
export interface LookupJob {
  readonly shard: number;
  /** Fences what follows from the answer, should the lease have ended meanwhile. */
  readonly token: string;
  readonly members: readonly {
    readonly uuid: string;
    readonly recipient: string;
    /** One, or those of a route. */
    readonly channels: readonly string[];
    /** Undefined: transactional. */
    readonly category: string | undefined;
  }[];
}

/** Past this, whoever looks has died. */
export const lookupLeaseMs = 30_000;

const membersPerJob = 200;

/** That are out at a time. */
const maxOpenJobs = 8;

/** When there is a lookup to hand out: with all jobs out, an answer or the end of one comes first. */
export const earliestLookup = `(SELECT min(due) FROM (
    SELECT min(due_at) AS due FROM lookup INDEXED BY lookup_due WHERE priority = 0 AND due_at IS NOT NULL
    UNION ALL SELECT min(due_at) FROM lookup INDEXED BY lookup_due WHERE priority = 1 AND due_at IS NOT NULL
    UNION ALL SELECT min(due_at) FROM lookup INDEXED BY lookup_due WHERE priority = 2 AND due_at IS NOT NULL)
  WHERE (SELECT count(*) FROM lookup_job) < ${maxOpenJobs})`;

export function planLookups(
  sql: SqlStorage,
  lookups: readonly { readonly message: string; readonly priority: number; readonly dueAt: number }[],
): void {
  execForEach(
    sql,
    `INSERT OR IGNORE INTO lookup (message, priority, due_at)
     SELECT value ->> 'message', value ->> 'priority', value ->> 'dueAt' FROM json_each(?1)`,
    lookups,
  );
}

/** Gives lookups another moment; whoever looks for them now is not listened to. */
export function moveLookups(sql: SqlStorage, messages: readonly string[], dueAt: number): void {
  execForEach(
    sql,
    "UPDATE lookup SET due_at = ?2, tries = 0 FROM json_each(?1) AS one WHERE lookup.message = one.value",
    messages,
    dueAt,
  );
}

interface DueLookup extends Record<string, SqlStorageValue> {
  uuid: string;
  tries: number;
  place: string | null;
  recipient: string | null;
  channel: string | null;
  /** JSON of a `Route`. */
  route: string | null;
  category: string | null;
  expires_at: number | null;
}

/**
 * Takes back what whoever looked has died of, and hands out what is due, high priority first. Without `sends` nothing is
 * begun: only those go out again that were out before.
 */
export function takeLookups(sql: SqlStorage, shard: number, now: number, sends = true): readonly LookupJob[] {
  const again = takeBack(sql, now);
  const room = maxOpenJobs - sql.exec<{ open: number }>("SELECT count(*) AS open FROM lookup_job").one().open;
  if (room <= 0) return [];
  const due = sends ? readDue(sql, now, room * membersPerJob) : again;
  if (due.length === 0) return [];
  const waits = ({ place }: DueLookup): boolean => place === "scheduled" || place === "queued";
  const isOver = ({ expires_at }: DueLookup): boolean => expires_at !== null && expires_at <= now;
  const over = due.filter((one) => waits(one) && isOver(one));
  const lost = due.filter((one) => waits(one) && !isOver(one) && one.tries >= leasesBeforeDead);
  const live = due.filter((one) => waits(one) && !isOver(one) && one.tries < leasesBeforeDead);
  if (over.length > 0) expire(sql, selectMessages(sql, uuidsOf(over)), now);
  if (lost.length > 0) giveUp(sql, lost, now);
  forgetLookups(sql, uuidsOf(due.filter((one) => !live.includes(one))));
  return cut(live)
    .slice(0, room)
    .map((members) => handOut(sql, shard, members, now));
}

/** The members of jobs whose lease has ended: they are due, but for those that were moved meanwhile. */
function takeBack(sql: SqlStorage, now: number): readonly DueLookup[] {
  const dead = sql.exec<{ members: string }>("DELETE FROM lookup_job WHERE at <= ? RETURNING members", now).toArray();
  const messages = dead.flatMap(({ members }) => JSON.parse(members) as string[]);
  if (messages.length === 0) return [];
  dueAgain(sql, messages, now);
  return sql
    .exec<DueLookup>(
      `SELECT ${columns} FROM json_each(?1) AS one JOIN lookup AS due ON due.message = one.value AND due.due_at <= ?2
       ${joined}`,
      JSON.stringify(messages),
      now,
    )
    .toArray();
}

/** Those of them that are still out. */
export function dueAgain(sql: SqlStorage, messages: readonly string[], now: number): void {
  execForEach(
    sql,
    `UPDATE lookup SET due_at = ?2 FROM json_each(?1) AS one
     WHERE lookup.message = one.value AND lookup.due_at IS NULL`,
    messages,
    now,
  );
}

const columns = `due.message AS uuid, due.tries, m.place, m.recipient_id AS recipient, n.channel, n.route, n.category,
  n.expires_at`;

const joined = `LEFT JOIN message AS m ON m.uuid = due.message
  LEFT JOIN notification AS n ON n.uuid = substr(due.message, 1, 24) || '00000000'`;

function readDue(sql: SqlStorage, now: number, limit: number): readonly DueLookup[] {
  return sql
    .exec<DueLookup>(
      `SELECT ${columns}
       FROM (SELECT message, tries, priority, due_at FROM lookup INDEXED BY lookup_due
             WHERE priority IN (0, 1, 2) AND due_at <= ?1 ORDER BY priority, due_at LIMIT ?2) AS due
       ${joined} ORDER BY due.priority, due.due_at, due.message`,
      now,
      limit,
    )
    .toArray();
}

function handOut(sql: SqlStorage, shard: number, members: readonly DueLookup[], now: number): LookupJob {
  const token = randomToken(8);
  const messages = JSON.stringify(uuidsOf(members));
  sql.exec(
    `UPDATE lookup SET due_at = NULL, tries = tries + 1
     FROM json_each(?1) AS one WHERE lookup.message = one.value`,
    messages,
  );
  sql.exec("INSERT INTO lookup_job (token, members, at) VALUES (?, ?, ?)", token, messages, now + lookupLeaseMs);
  return {
    shard,
    token,
    members: members.map(({ uuid, recipient, category, ...of }) => ({
      uuid,
      recipient: recipient ?? "",
      channels: channelsOf(of),
      category: category ?? undefined,
    })),
  };
}

function channelsOf({ channel, route }: Pick<DueLookup, "channel" | "route">): readonly string[] {
  return [...new Set(route === null ? [channel ?? ""] : (JSON.parse(route) as Route).channels)];
}

/** One that has brought down two who looked travels alone. */
function cut(due: readonly DueLookup[]): readonly (readonly DueLookup[])[] {
  const together = due.filter(({ tries }) => tries < leasesBeforeAlone);
  const alone = due.filter(({ tries }) => tries >= leasesBeforeAlone);
  const jobs = Array.from({ length: Math.ceil(together.length / membersPerJob) }, (_, index) =>
    together.slice(index * membersPerJob, (index + 1) * membersPerJob),
  );
  return [...jobs, ...alone.map((one) => [one])];
}

function uuidsOf(lookups: readonly { readonly uuid: string }[]): readonly string[] {
  return lookups.map(({ uuid }) => uuid);
}

export function forgetLookups(sql: SqlStorage, messages: readonly string[]): void {
  execForEach(sql, "DELETE FROM lookup WHERE message IN (SELECT value FROM json_each(?1))", messages);
}

function giveUp(sql: SqlStorage, lost: readonly DueLookup[], now: number): void {
  const channels = new Map(lost.map(({ uuid, channel }) => [uuid, channel ?? ""]));
  const reason = `${leasesBeforeDead} lookups ended without an answer`;
  endUnsent(
    sql,
    selectMessages(sql, uuidsOf(lost)).map((row) => ({
      row,
      to: "failed",
      data: { rule: "dead-letter", reason },
      dead: { message: row.uuid, channel: channels.get(row.uuid) ?? "", provider: undefined, reason: "lost" },
    })),
    now,
  );
}
