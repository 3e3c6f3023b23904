import type { Page } from "./page.ts";

export type Row = Readonly<Record<string, unknown>>;
export type Binding = string | number | null;

/** What is needed of a Durable Object's `ctx.storage.sql`. */
export interface SqlDatabase {
  exec(query: string, ...bindings: Binding[]): { toArray(): Row[] };
}

/** A value in SQLite holds at most 2 MB in a Durable Object; a UTF-16 unit takes at most 3 bytes. */
const maxPartLength = 500_000;

/** A database with the store's tables. */
export interface Sql {
  rows(query: string, ...bindings: Binding[]): Row[];
  /** Answers the new row's `seq`. */
  insert(query: string, ...bindings: Binding[]): number;
  /** What goes into the row itself; null: it is too long for that, and goes to `parts`. */
  short(text: string): string | null;
  /** Writes text that is too long for its row; any other it leaves alone. */
  writeLong(owner: string, text: string): void;
  /** A row's text, wherever it is. */
  textOf(column: unknown, owner: string): string;
}

export function openSql(database: SqlDatabase): Sql {
  const rows: Sql["rows"] = (query, ...bindings) => database.exec(query, ...bindings).toArray();
  const short: Sql["short"] = (text) => (text.length <= maxPartLength ? text : null);
  return {
    rows,
    insert: (query, ...bindings) => Number(rows(`${query} RETURNING seq`, ...bindings)[0]?.["seq"]),
    short,
    writeLong(owner, text) {
      if (short(text) !== null) return;
      for (let start = 0, part = 0; start < text.length; start += maxPartLength, part += 1) {
        const piece = text.slice(start, start + maxPartLength);
        rows("INSERT INTO parts (owner, part, text) VALUES (?, ?, ?)", owner, part, piece);
      }
    },
    textOf(column, owner) {
      if (typeof column === "string") return column;
      const parts = rows("SELECT text FROM parts WHERE owner = ? ORDER BY part", owner);
      return parts.map((row) => String(row["text"])).join("");
    },
  };
}

/** For `seq < ?`: before this id, or from the newest. */
export function bound(before: string | undefined): number {
  return before === undefined ? Number.MAX_SAFE_INTEGER : Number(before) || 0;
}

/** Of the rows found, one more than the limit, a page. */
export function page<T extends { readonly id: string }>(
  found: readonly Row[],
  limit: number,
  read: (row: Row) => T,
): Page<T> {
  const items = found.slice(0, limit).map(read);
  return found.length > limit ? { items, next: items.at(-1)?.id } : { items };
}
