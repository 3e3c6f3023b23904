import { globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Home } from "../../scripts/local/home.ts";

/*
 * How workerd keeps alarms on a disk (1.20261117): each object's own database holds the time that `getAlarm()` answers
 * (_cf_METADATA, key 1, nanoseconds), and the namespace's metadata.sqlite the list that alarms are fired from (_cf_ALARM).
 */

const nanosecondsPerMs = 1_000_000n;

/**
 * Loses the alarms of all shards of a service that is down: the objects still believe that theirs is set. This is what
 * https://github.com/cloudflare/workerd/issues/6866 leaves behind. Answers how many there were.
 */
export function loseAlarms(home: Home): number {
  return withDatabase(join(ledgerFolder(home), "metadata.sqlite"), (database) =>
    Number(database.prepare("DELETE FROM _cf_ALARM").run().changes),
  );
}

/** Makes the service have been down for longer: what is due, and the alarms for it, are earlier by this much. */
export function letTimePass(home: Home, ms: number): void {
  for (const file of globSync("*.sqlite", { cwd: ledgerFolder(home) })) {
    if (file === "metadata.sqlite") continue;
    withDatabase(join(ledgerFolder(home), file), (database) => {
      if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_METADATA'").get() === undefined) return;
      database.prepare("UPDATE message SET due_at = due_at - ? WHERE due_at IS NOT NULL").run(ms);
      database.prepare("UPDATE _cf_METADATA SET value = value - ? WHERE key = 1").run(BigInt(ms) * nanosecondsPerMs);
    });
  }
}

function ledgerFolder({ serviceState }: Home): string {
  return join(serviceState, "v3/do/carillon-Ledger");
}

function withDatabase<T>(file: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
}
