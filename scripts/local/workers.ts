import { join } from "node:path";
import type { Home } from "./home.ts";
import { LocalProcessError, readLog, startProcess, type LocalProcess } from "./local-process.ts";
import type { Scheduler } from "./options.ts";

/** The first API key of the service in `wrangler.dev.toml`: made up, and good for nothing else. */
export const adminApiKey = "crl_local_development_only_admin_key";

const serviceConfig = "wrangler.dev.toml";
const simulatorConfig = "workers/simulator/wrangler.toml";

export interface LocalWorker extends LocalProcess {
  readonly url: string;
}

/** Keeps wrangler off the network, off the terminal, and off the tracing that costs half of the throughput. */
function wranglerEnvironment({ registry }: Home): NodeJS.ProcessEnv {
  return {
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    X_LOCAL_OBSERVABILITY: "false",
    X_LOCAL_EXPLORER: "false",
    WRANGLER_REGISTRY_PATH: registry,
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    NO_COLOR: "1",
    FORCE_COLOR: undefined,
  };
}

/** Brings the service's D1 database up to its migrations. */
export async function migrateDirectory(home: Home, signal?: AbortSignal): Promise<void> {
  const logFile = join(home.logs, "migrations.log");
  const migrating = startProcess(
    "migrations",
    `wrangler d1 migrations apply carillon --local -c ${serviceConfig} --persist-to`
      .split(" ")
      .concat(home.serviceState),
    { logFile, env: wranglerEnvironment(home) },
  );
  const stop = (): void => void migrating.kill();
  signal?.addEventListener("abort", stop, { once: true });
  const exitCode = await migrating.ended;
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
  if (exitCode !== 0) throw new LocalProcessError("The local database could not be prepared.", logFile);
}

/** The simulator, which calls the service back at `servicePort`. */
export function startSimulator(home: Home, port: number, servicePort: number): LocalWorker {
  const variables = { WEBHOOK_TARGET: `http://127.0.0.1:${servicePort}` };
  return startWorker(home, { name: "simulator", config: simulatorConfig, port, state: home.simulatorState, variables });
}

/** Who wakes the service's shards; QStash is the simulator, too. */
export function schedulerVariables(scheduler: Scheduler, simulator: LocalWorker): Readonly<Record<string, string>> {
  return { SCHEDULER: scheduler, QSTASH_URL: `${simulator.url}/qstash.upstash.io` };
}

/**
 * The service, with variables instead of those of its configuration. It finds the simulator, a process of its own, by the
 * registry; so start that first. Another configuration may have none.
 */
export function startService(
  home: Home,
  port: number,
  variables: Readonly<Record<string, string>> = {},
  config: string = serviceConfig,
): LocalWorker {
  const origin = `http://127.0.0.1:${port}`;
  // Links to unsubscribe lead here; and Twilio signs the URL that it calls back, which each message tells it.
  const own = { PUBLIC_URL: origin, TWILIO_STATUS_CALLBACK: `${origin}/v1/webhooks/twilio`, ...variables };
  return startWorker(home, { name: "service", config, port, state: home.serviceState, variables: own });
}

function startWorker(
  home: Home,
  worker: {
    readonly name: string;
    readonly config: string;
    readonly port: number;
    readonly state: string;
    readonly variables: Readonly<Record<string, string>>;
  },
): LocalWorker {
  const { name, config, port, state, variables } = worker;
  const logFile = join(home.logs, `${name}.log`);
  const command = [
    ...`wrangler dev -c ${config} --ip 127.0.0.1 --port ${port} --show-interactive-dev-session=false`.split(" "),
    "--persist-to",
    state,
    ...Object.entries(variables).flatMap(([variable, value]) => ["--var", `${variable}:${value}`]),
  ];
  const started = startProcess(name, command, { logFile, env: wranglerEnvironment(home) });
  return { ...started, url: `http://127.0.0.1:${port}` };
}

const upWithinMs = 60_000;

/** Waits until the Worker answers at `path` as `isUp` wants it. */
export async function untilUp(
  worker: LocalWorker,
  path: string,
  isUp: (response: Response) => boolean | Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + upWithinMs;
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    if (worker.hasEnded()) throw new LocalProcessError(`The ${worker.name} ended while it started.`, worker.logFile);
    // wrangler itself would wait for somebody to mend the source.
    if (readLog(worker.logFile).includes("Build failed")) {
      throw new LocalProcessError(`The ${worker.name} cannot be built.`, worker.logFile);
    }
    try {
      const response = await fetch(worker.url + path, { signal: AbortSignal.timeout(2_000) });
      if (await isUp(response)) return;
    } catch {
      // Not up yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new LocalProcessError(`The ${worker.name} did not answer within ${upWithinMs / 1000} s.`, worker.logFile);
}

export function untilSimulatorIsUp(simulator: LocalWorker, signal?: AbortSignal): Promise<void> {
  return untilUp(simulator, "/api/witness", ({ ok }) => ok, signal);
}

/**
 * Up is a service that answers; one that was down for long says 503 until it has caught up, and is up all the same.
 */
export function untilServiceIsUp(service: LocalWorker, signal?: AbortSignal): Promise<void> {
  const answers = async (response: Response): Promise<boolean> => {
    const health = (await response.json()) as { readonly shards?: unknown };
    return health.shards !== undefined;
  };
  return untilUp(service, "/v1/health", answers, signal);
}
