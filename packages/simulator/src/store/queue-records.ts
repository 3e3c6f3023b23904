import type { Row, Sql } from "./sql-database.ts";

/** What the records of the simulated queue, and of the push service, are about. */
export type QueueKind =
  | "message"
  | "dead-letter"
  | "schedule"
  | "queue"
  | "group"
  | "flow"
  | "deduplication"
  | "keys"
  | "counter"
  | "push-subscription"
  | "push-delivery";

/** By what records are found, beside their id. */
export interface QueueIndex {
  /** When something is to be done about it; absent: never. */
  readonly dueAtMs?: number | undefined;
  /** What it waits for although it is due. */
  readonly heldBy?: string | undefined;
  /** What it takes a place of. */
  readonly place?: string | undefined;
}

/** Records of several kinds, each under an id, in the order in which they were first put. */
export interface QueueRecords {
  /** Writes a record over the one that was there, in whose place in the order it stands. */
  put(kind: QueueKind, id: string, record: unknown, index?: QueueIndex): void;
  get(kind: QueueKind, id: string): unknown;
  delete(kind: QueueKind, id: string): boolean;
  list(kind: QueueKind): readonly unknown[];
  /** Forgets records that are due at no time, but for the newest. */
  trim(kind: QueueKind, keep: number): void;
  /** Those that are due and wait for nothing, the longest due first. */
  due(kind: QueueKind, untilMs: number, limit: number): readonly unknown[];
  nextDueMs(kind: QueueKind): number | undefined;
  /** Those that wait for something, oldest first. */
  held(by: string, limit: number): readonly unknown[];
  countPlaces(place: string): number;
  clear(kinds: readonly QueueKind[]): void;
}

interface Kept extends QueueIndex {
  readonly id: string;
  readonly json: string;
}

export function memoryQueueRecords(): QueueRecords {
  const kinds = new Map<QueueKind, Map<string, Kept>>();
  const of = (kind: QueueKind): Map<string, Kept> => {
    const known = kinds.get(kind) ?? new Map<string, Kept>();
    kinds.set(kind, known);
    return known;
  };
  const read = ({ json }: Kept): unknown => JSON.parse(json) as unknown;
  const hasEnded = (kept: Kept): boolean => kept.dueAtMs === undefined;
  return {
    put: (kind, id, record, index = {}) => void of(kind).set(id, { ...index, id, json: JSON.stringify(record) }),
    get(kind, id) {
      const kept = of(kind).get(id);
      return kept && read(kept);
    },
    delete: (kind, id) => of(kind).delete(id),
    list: (kind) => [...of(kind).values()].map(read),
    trim(kind, keep) {
      const ended = [...of(kind).values()].filter(hasEnded);
      for (const { id } of ended.slice(0, Math.max(0, ended.length - keep))) of(kind).delete(id);
    },
    due(kind, untilMs, limit) {
      const due = [...of(kind).values()].filter(
        ({ dueAtMs, heldBy }) => dueAtMs !== undefined && dueAtMs <= untilMs && heldBy === undefined,
      );
      return due
        .sort((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0))
        .slice(0, limit)
        .map(read);
    },
    nextDueMs(kind) {
      let next: number | undefined;
      for (const { dueAtMs, heldBy } of of(kind).values()) {
        if (dueAtMs !== undefined && heldBy === undefined) next = Math.min(next ?? Infinity, dueAtMs);
      }
      return next;
    },
    held: (by, limit) =>
      [...of("message").values()]
        .filter(({ heldBy }) => heldBy === by)
        .slice(0, limit)
        .map(read),
    countPlaces: (place) => [...of("message").values()].filter((kept) => kept.place === place).length,
    clear: (cleared) => cleared.forEach((kind) => of(kind).clear()),
  };
}

export const queueSchema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    due_at INTEGER,
    held_by TEXT,
    place TEXT,
    record TEXT NOT NULL,
    UNIQUE (kind, id)
  )`,
  `CREATE INDEX IF NOT EXISTS queue_due ON queue (kind, due_at) WHERE due_at IS NOT NULL AND held_by IS NULL`,
  `CREATE INDEX IF NOT EXISTS queue_ended ON queue (kind, seq) WHERE due_at IS NULL`,
  `CREATE INDEX IF NOT EXISTS queue_held ON queue (held_by) WHERE held_by IS NOT NULL`,
  `CREATE INDEX IF NOT EXISTS queue_place ON queue (place) WHERE place IS NOT NULL`,
];

const readRow = (row: Row): unknown => JSON.parse(String(row["record"])) as unknown;

export function sqlQueueRecords({ rows }: Sql): QueueRecords {
  return {
    put: (kind, id, record, { dueAtMs, heldBy, place } = {}) =>
      void rows(
        `INSERT INTO queue (kind, id, due_at, held_by, place, record) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id)
         DO UPDATE SET due_at = excluded.due_at, held_by = excluded.held_by, place = excluded.place, record = excluded.record`,
        kind,
        id,
        dueAtMs ?? null,
        heldBy ?? null,
        place ?? null,
        JSON.stringify(record),
      ),
    get(kind, id) {
      const [row] = rows("SELECT record FROM queue WHERE kind = ? AND id = ?", kind, id);
      return row && readRow(row);
    },
    delete: (kind, id) => rows("DELETE FROM queue WHERE kind = ? AND id = ? RETURNING seq", kind, id).length > 0,
    list: (kind) => rows("SELECT record FROM queue WHERE kind = ? ORDER BY seq", kind).map(readRow),
    trim: (kind, keep) =>
      void rows(
        `DELETE FROM queue WHERE kind = ?1 AND due_at IS NULL AND seq <=
           (SELECT seq FROM queue WHERE kind = ?1 AND due_at IS NULL ORDER BY seq DESC LIMIT 1 OFFSET ?2)`,
        kind,
        keep,
      ),
    due: (kind, untilMs, limit) =>
      rows(
        `SELECT record FROM queue WHERE kind = ? AND due_at IS NOT NULL AND held_by IS NULL AND due_at <= ?
         ORDER BY due_at, seq LIMIT ?`,
        kind,
        Math.min(untilMs, Number.MAX_SAFE_INTEGER),
        limit,
      ).map(readRow),
    nextDueMs(kind) {
      const [row] = rows(
        "SELECT min(due_at) AS due FROM queue WHERE kind = ? AND due_at IS NOT NULL AND held_by IS NULL",
        kind,
      );
      const due = row?.["due"];
      return due === null || due === undefined ? undefined : Number(due);
    },
    held: (by, limit) =>
      rows("SELECT record FROM queue WHERE held_by = ? ORDER BY seq LIMIT ?", by, limit).map(readRow),
    countPlaces: (place) => Number(rows("SELECT count(*) AS count FROM queue WHERE place = ?", place)[0]?.["count"]),
    clear: (kinds) => kinds.forEach((kind) => rows("DELETE FROM queue WHERE kind = ?", kind)),
  };
}
