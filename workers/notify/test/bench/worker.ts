/**
 * The Worker for the benchmark of costs: the real one, with everything counted that is charged. `GET /bench/meter` answers
 * with what was counted since it was asked last.
 */
import type { Env } from "../../src/env.ts";
import * as real from "../../src/index.ts";
import type { Usage } from "./usage.ts";

const none: Usage = {
  workerRequests: 0,
  objectRequests: 0,
  statements: 0,
  transactions: 0,
  rowsRead: 0,
  rowsWritten: 0,
  directoryQueries: 0,
  directoryRowsRead: 0,
  directoryRowsWritten: 0,
  wakes: 0,
};

let usage: Usage = { ...none };

export class Ledger extends real.Ledger {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    meterStorage(ctx.storage);
  }
}

export class Lane extends real.Lane {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    meterStorage(ctx.storage);
  }
}

meterCalls(Ledger.prototype, real.Ledger.prototype);
meterCalls(Lane.prototype, real.Lane.prototype);

type Method = (...given: readonly unknown[]) => unknown;

/** Every call of an object from outside is a request. */
function meterCalls(metered: object, own: object): void {
  for (const name of Object.getOwnPropertyNames(own)) {
    const method = Reflect.get(own, name) as Method;
    if (name === "constructor") continue;
    const count = function (this: unknown, ...given: readonly unknown[]): unknown {
      usage.objectRequests += 1;
      return Reflect.apply(method, this, given);
    };
    define(metered, name, count);
  }
}

function meterStorage(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const transaction = storage.transaction.bind(storage);
  const setAlarm = storage.setAlarm.bind(storage);
  define(sql, "exec", (query: string, ...values: SqlStorageValue[]) => {
    const cursor = exec(query, ...values);
    const rows = cursor.toArray();
    const { rowsRead, rowsWritten } = cursor;
    usage.statements += 1;
    usage.rowsRead += rowsRead;
    usage.rowsWritten += rowsWritten;
    return { toArray: () => rows, one: () => rows[0], [Symbol.iterator]: () => rows.values(), rowsRead, rowsWritten };
  });
  define(storage, "transaction", (work: Parameters<typeof transaction>[0]) => {
    usage.transactions += 1;
    return transaction(work);
  });
  define(storage, "setAlarm", (at: number) => {
    usage.rowsWritten += 1;
    return setAlarm(at);
  });
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** What is made once for a deployment is made once here, too. */
const meteredEnvs = new WeakMap<Env, Env>();

/** The directory, with its queries and their rows counted. */
function metered(env: Env): Env {
  const own = meteredEnvs.get(env) ?? { ...env, DB: meterDirectory(env.DB) };
  meteredEnvs.set(env, own);
  return own;
}

const originals = new WeakMap<object, D1PreparedStatement>();

function meterDirectory(db: D1Database): D1Database {
  return {
    prepare: (query: string) => meterStatement(db.prepare(query)),
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await db.batch(statements.map((one) => originals.get(one) ?? one));
      return results.map(counted);
    },
  } as unknown as D1Database;
}

function meterStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const own = {
    bind: (...values: unknown[]) => meterStatement(statement.bind(...values)),
    all: async () => counted(await statement.all()),
    run: async () => counted(await statement.run()),
    first: async (column?: string) => {
      const row = counted(await statement.all()).results[0] as Record<string, unknown> | undefined;
      return column === undefined ? (row ?? null) : (row?.[column] ?? null);
    },
  };
  originals.set(own, statement);
  return own as unknown as D1PreparedStatement;
}

function counted<T extends D1Result>(result: T): T {
  usage.directoryQueries += 1;
  usage.directoryRowsRead += result.meta.rows_read;
  usage.directoryRowsWritten += result.meta.rows_written;
  return result;
}

export class Deliver extends real.Deliver {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, metered(env));
  }
}

export class Effects extends real.Effects {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, metered(env));
  }
}

export class Wakes extends real.Wakes {
  override publish(...given: Parameters<real.Wakes["publish"]>): void {
    usage.wakes += 1;
    super.publish(...given);
  }
}

export { Recipients, Schedules } from "../../src/index.ts";

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/bench/meter") {
      const until = usage;
      usage = { ...none };
      return Response.json(until);
    }
    usage.workerRequests += 1;
    return real.default.fetch(request, metered(env), ctx);
  },
  scheduled: real.default.scheduled,
} satisfies ExportedHandler<Env>;
