import { runInDurableObject } from "cloudflare:test";
import type { Env } from "../src/env.ts";
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
  /** Every different statement. */
  readonly queries: Set<string>;
  /** How many rows each has written. */
  readonly rowsByQuery: Map<string, number>;
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
    queries: new Set(),
    rowsByQuery: new Map(),
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
    counted.queries.add(query);
    counted.mostParameters = Math.max(counted.mostParameters, bindings.length);
    for (const value of bindings) counted.largestValue = Math.max(counted.largestValue, sizeOf(value));
    const cursor = original.exec(query, ...bindings);
    const rows = cursor.toArray();
    counted.rowsWritten += cursor.rowsWritten;
    counted.rowsByQuery.set(query, (counted.rowsByQuery.get(query) ?? 0) + cursor.rowsWritten);
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

/** What one invocation asks of others. */
export interface Calls {
  d1: number;
  rpc: number;
  fetches: number;
  /** Most requests that were in flight at a time. */
  mostAtOnce: number;
}

/** The bindings, with every call counted; each request takes `delayMs` longer. */
export function countingEnv(env: Env, delayMs = 0): { readonly env: Env; readonly counts: Calls } {
  const counts: Calls = { d1: 0, rpc: 0, fetches: 0, mostAtOnce: 0 };
  let inFlight = 0;
  const DB = intercept(env.DB, (name) => {
    if (name === "prepare" || name === "batch" || name === "exec") counts.d1 += 1;
  });
  const LEDGER = {
    idFromName: (name: string) => env.LEDGER.idFromName(name),
    get: (id: DurableObjectId) => intercept(env.LEDGER.get(id), () => void (counts.rpc += 1)),
  };
  const SIMULATOR = {
    async fetch(input: RequestInfo, init?: RequestInit): Promise<Response> {
      counts.fetches += 1;
      inFlight += 1;
      counts.mostAtOnce = Math.max(counts.mostAtOnce, inFlight);
      try {
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
        return await env.SIMULATOR!.fetch(input, init as never);
      } finally {
        inFlight -= 1;
      }
    },
  };
  return { env: { ...env, DB, LEDGER, SIMULATOR } as unknown as Env, counts };
}

/** Tells of each method that is taken from an object in order to be called. */
function intercept<T extends object>(target: T, tell: (name: string) => void): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      tell(String(name));
      return (...parameters: unknown[]): unknown => Reflect.apply(value, target, parameters) as unknown;
    },
  });
}
