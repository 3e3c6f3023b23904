/**
 * Serves a Worker in workerd until it is killed, on a state that stays: `node serve.ts <file>`, where the file has
 * {@link Serving} as JSON. Prints "serving" when it does.
 */
import { readFileSync } from "node:fs";
import { readD1Migrations } from "@cloudflare/vitest-plugin";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

export interface Serving {
  /** The bundled Worker, with its shards. */
  readonly script: string;
  readonly port: number;
  /** Another build of it, which has no shards of its own: it calls those of the first. */
  readonly front?: { readonly script: string; readonly port: number };
  /** Folder of the databases and objects. */
  readonly state: string;
  /** Folder of the directory's migrations: those that it has not had yet are applied. */
  readonly migrations: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Ports on this machine, by the name of the service binding. */
  readonly services: Readonly<Record<string, number>>;
}

const compatibilityDate = "2026-11-17";

await serve(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Serving);

async function serve({ script, port, front, state, migrations, variables, services }: Serving): Promise<void> {
  const worker = (name: "service" | "front", file: string, port: number): object => {
    const source = readFileSync(file, "utf8");
    const shared = name === "front" ? { scriptName: "service" } : {};
    return {
      name,
      modules: true,
      script: source,
      compatibilityDate,
      bindings: variables,
      serviceBindings: Object.fromEntries(
        Object.entries(services).map(([name, at]) => [name, { external: { address: `127.0.0.1:${at}`, http: {} } }]),
      ),
      d1Databases: { DB: "directory" },
      durableObjects: {
        LEDGER: { className: "Ledger", useSQLite: true, ...shared },
        ...(hasLanes(source) ? { LANE: { className: "Lane", useSQLite: true } } : {}),
      },
      unsafeDirectSockets: [{ host: "127.0.0.1", port, proxy: false }],
    };
  };
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        worker("service", script, port),
        ...(front === undefined ? [] : [worker("front", front.script, front.port)]),
      ],
      resourcePersistencePath: state,
      cf: false,
      telemetry: { enabled: false },
    } as never),
  );
  await workerd.ready;
  await migrate(workerd, migrations);
  console.log("serving");
}

/** A build of before has fewer classes. */
function hasLanes(source: string): boolean {
  return /export\s*\{[^}]*\bLane\b/.test(source);
}

interface Directory {
  prepare(sql: string): {
    bind(...values: unknown[]): { run(): Promise<unknown> };
    run(): Promise<{ results: unknown[] }>;
  };
}

/** Keeps count as wrangler does. */
async function migrate(workerd: Miniflare, folder: string): Promise<void> {
  const directory = (await workerd.getD1Database("DB")) as unknown as Directory;
  await directory.prepare("CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY)").run();
  const { results } = await directory.prepare("SELECT name FROM d1_migrations").run();
  const applied = new Set((results as readonly { name: string }[]).map(({ name }) => name));
  for (const { name, queries } of await readD1Migrations(folder)) {
    if (applied.has(name)) continue;
    for (const query of queries) await directory.prepare(query).run();
    await directory.prepare("INSERT INTO d1_migrations VALUES (?)").bind(name).run();
  }
}
