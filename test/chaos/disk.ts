import { globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/*
 * How workerd keeps objects on a disk (1.20261117): each has a database of its own, with the time that `getAlarm()` answers
 * (_cf_METADATA, key 1, nanoseconds); the namespace's metadata.sqlite has the list that alarms are fired from (_cf_ALARM).
 */

const nanosecondsPerMs = 1_000_000n;

/**
 * Loses the alarms of all shards of a service that is down: the objects still believe that theirs is set. This is what
 * https://github.com/cloudflare/workerd/issues/6866 leaves behind. Answers how many there were.
 */
export function loseAlarms(ledgers: string): number {
  return withDatabase(join(ledgers, "metadata.sqlite"), (database) =>
    Number(database.prepare("DELETE FROM _cf_ALARM").run().changes),
  );
}

/** Moments that something waits for. */
const waitedFor = [
  ["message", "due_at"],
  ["message", "lane_since"],
  ["chunk", "at"],
  ["outbox", "due_at"],
  ["stray", "due_at"],
  ["wake", "at"],
  ["wake", "planned_at"],
  ["waking", "open_until"],
] as const;

/** Makes the service have been down for longer: what it waits for, and the alarms for it, are earlier by this much. */
export function letTimePass(ledgers: string, ms: number): void {
  for (const file of shardFiles(ledgers)) {
    withDatabase(file, (database) => {
      for (const [table, column] of waitedFor) {
        // An older build has fewer.
        if (!hasTable(database, table)) continue;
        database.prepare(`UPDATE ${table} SET ${column} = ${column} - ? WHERE ${column} IS NOT NULL`).run(ms);
      }
      database.prepare("UPDATE _cf_METADATA SET value = value - ? WHERE key = 1").run(BigInt(ms) * nanosecondsPerMs);
    });
  }
  withDatabase(join(ledgers, "metadata.sqlite"), (database) => {
    database.prepare("UPDATE _cf_ALARM SET scheduled_time = scheduled_time - ?").run(BigInt(ms) * nanosecondsPerMs);
  });
}

/** What stands on the disk, as somebody finds it who comes after a crash. */
export interface Census {
  readonly messages: number;
  /** Shards with something due, whose alarm is set for it; or a call of the queue's is planned, and the alarm behind it. */
  readonly armed: number;
  /** Chunks that were handed out, and of which nobody has said what became. */
  readonly leases: number;
  readonly attempts: number;
  readonly events: number;
  /** Effects that have not been settled. */
  readonly effects: number;
  readonly suppressions: number;
}

const counted: Readonly<Record<Exclude<keyof Census, "armed" | "suppressions">, string>> = {
  messages: "message",
  leases: "chunk WHERE open = 1",
  attempts: "timeline WHERE kind = 'attempt'",
  events: "timeline WHERE kind = 'event'",
  effects: "outbox",
};

/** What is due already has its alarm a moment from now: nobody looks later than this because of it. */
const momentMs = 1_000;

/** How long after a call's moment the shard looks what became of it. */
const behindMs = 120_000;

const alarmAt = `value / ${nanosecondsPerMs}`;
const armed = `_cf_METADATA WHERE key = 1 AND (SELECT min(due_at) FROM message) + ${momentMs} >=
  min(${alarmAt}, coalesce((SELECT at FROM wake WHERE at + ${behindMs} >= ${alarmAt}), ${alarmAt}))`;

export function takeCensus(ledgers: string, directory: string): Census {
  const sum = { messages: 0, armed: 0, leases: 0, attempts: 0, events: 0, effects: 0 };
  for (const file of shardFiles(ledgers)) {
    withDatabase(file, (database) => {
      for (const [name, rows] of Object.entries(counted)) sum[name as keyof typeof counted] += count(database, rows);
      sum.armed += count(database, armed);
    });
  }
  let suppressions = 0;
  for (const file of globSync("*.sqlite", { cwd: directory })) {
    withDatabase(join(directory, file), (database) => {
      if (hasTable(database, "suppression")) suppressions += count(database, "suppression");
    });
  }
  return { ...sum, suppressions };
}

function count(database: DatabaseSync, rows: string): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${rows}`).get()?.["n"]);
}

/** Databases of the objects that were ever called. */
function shardFiles(ledgers: string): readonly string[] {
  const files = globSync("*.sqlite", { cwd: ledgers }).filter((file) => file !== "metadata.sqlite");
  return files
    .map((file) => join(ledgers, file))
    .filter((file) => withDatabase(file, (database) => hasTable(database, "_cf_METADATA")));
}

function hasTable(database: DatabaseSync, name: string): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(name) !== undefined;
}

function withDatabase<T>(file: string, work: (database: DatabaseSync) => T): T {
  // A process that was killed a moment ago may still hold it.
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    return work(database);
  } finally {
    database.close();
  }
}
