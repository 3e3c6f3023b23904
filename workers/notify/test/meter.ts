import { runInDurableObject } from "cloudflare:test";
import { allShards, shardStub } from "../src/ledger/shards.ts";
import { env } from "./service.ts";

/** What the platform counts and charges, and does not enforce locally. */
export interface Meter {
  rowsWritten: number;
  statements: number;
  transactions: number;
  alarmsSet: number;
  /** Largest value that was bound or read, in bytes. */
  largestValue: number;
  /** Most parameters of one statement. */
  mostParameters: number;
}

type Exec = SqlStorage["exec"];

/** Counts what all shards do from here on, by wrapping the storage's own methods. */
export async function meter(): Promise<Meter> {
  const counted: Meter = {
    rowsWritten: 0,
    statements: 0,
    transactions: 0,
    alarmsSet: 0,
    largestValue: 0,
    mostParameters: 0,
  };
  await Promise.all(
    allShards(env).map((shard) =>
      runInDurableObject(shardStub(env, shard) as never, (_: unknown, { storage }: DurableObjectState) =>
        count(storage, counted),
      ),
    ),
  );
  return counted;
}

const originals = new WeakMap<
  object,
  { exec: Exec; transaction: DurableObjectStorage["transaction"]; setAlarm: DurableObjectStorage["setAlarm"] }
>();

function count(storage: DurableObjectStorage, counted: Meter): void {
  const { sql } = storage;
  const original = originals.get(storage) ?? {
    exec: sql.exec.bind(sql) as Exec,
    transaction: storage.transaction.bind(storage),
    setAlarm: storage.setAlarm.bind(storage),
  };
  originals.set(storage, original);
  const define = (target: object, name: string, value: unknown): void =>
    void Object.defineProperty(target, name, { value, configurable: true, writable: true });

  define(sql, "exec", (query: string, ...bindings: SqlStorageValue[]) => {
    counted.statements += 1;
    counted.mostParameters = Math.max(counted.mostParameters, bindings.length);
    for (const value of bindings) counted.largestValue = Math.max(counted.largestValue, sizeOf(value));
    const cursor = original.exec(query, ...bindings);
    const rows = cursor.toArray();
    counted.rowsWritten += cursor.rowsWritten;
    for (const row of rows)
      for (const value of Object.values(row)) counted.largestValue = Math.max(counted.largestValue, sizeOf(value));
    return { toArray: () => rows, one: () => rows[0], [Symbol.iterator]: () => rows[Symbol.iterator]() };
  });
  define(storage, "transaction", (work: never) => {
    counted.transactions += 1;
    return original.transaction(work);
  });
  define(storage, "setAlarm", (at: number) => {
    counted.alarmsSet += 1;
    // An alarm is charged as a row.
    counted.rowsWritten += 1;
    return original.setAlarm(at);
  });
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  return value instanceof ArrayBuffer ? value.byteLength : 8;
}
