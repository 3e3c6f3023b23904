import { run } from "../run.ts";
import { relative } from "node:path";
import { serviceApi, simulatorApi } from "./api.ts";
import { demonstrate } from "./demonstration.ts";
import { compareManners } from "./disorder.ts";
import { homeFolder, lock, openHome, type Home } from "./home.ts";
import { LocalProcessError, logTail } from "./local-process.ts";
import { OptionError, readOptions, type LocalOptions } from "./options.ts";
import { choosePort, PortError, type ChosenPort } from "./ports.ts";
import { tinted } from "./terminal.ts";
import {
  adminApiKey,
  migrateDirectory,
  schedulerVariables,
  startService,
  startSimulator,
  untilServiceIsUp,
  untilSimulatorIsUp,
  type LocalWorker,
} from "./workers.ts";

const usualPort = 8787;
const usualSimulatorPort = 9998;

/** What production's cron does every two minutes: `wrangler dev` runs none by itself. */
const cronEveryMs = 120_000;

/** A stop that was asked for: nothing has gone wrong. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/**
 * Starts the service and the simulator, sends the demonstration through the public API, and prints what becomes of it.
 * With `stay` it goes on until it is told to stop. Resolves to the exit code, when nothing of it is left.
 */
export async function runLocal(run: { readonly stay: boolean; readonly args: readonly string[] }): Promise<number> {
  const { stay } = run;
  let options: LocalOptions;
  try {
    options = readOptions(run.args);
  } catch (error) {
    explain(error);
    return 1;
  }
  const home = openHome(homeFolder());
  const held = lock(home);
  if ("heldBy" in held) {
    fail(`Carillon runs here already (process ${held.heldBy}). Stop it with Ctrl-C where it was started, first.`);
    return 1;
  }
  const stopping = new AbortController();
  const interrupt = (): void => stopping.abort(new Interrupted("Stopped."));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  const workers: LocalWorker[] = [];
  try {
    return await perform({ ...options, home, workers, signal: stopping.signal, stay });
  } catch (error) {
    if (error instanceof Interrupted) {
      if (stay) print("\nStopped. The state is kept: `npm run reset` clears it.");
      return stay ? 0 : 130;
    }
    explain(error);
    return 1;
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    held.release();
  }
}

interface Performance extends LocalOptions {
  readonly home: Home;
  /** Everything that was started, for whoever has to stop it. */
  readonly workers: LocalWorker[];
  readonly signal: AbortSignal;
  readonly stay: boolean;
}

async function perform({ home, workers, signal, stay, scheduler }: Performance): Promise<number> {
  const servicePort = await choosePort("PORT", usualPort);
  const simulatorPort = await choosePort("SIMULATOR_PORT", usualSimulatorPort, [servicePort.port]);
  for (const chosen of [servicePort, simulatorPort]) sayWhichPort(chosen);

  print(tinted("dim", "Starting the service and the simulator ..."));
  await run("node", ["scripts/generate.ts"], { stdio: "ignore" });
  signal.throwIfAborted();
  const simulator = startSimulator(home, simulatorPort.port, servicePort.port);
  workers.push(simulator);
  await Promise.all([migrateDirectory(home, signal), untilSimulatorIsUp(simulator, signal)]);
  signal.throwIfAborted();
  const service = startService(home, servicePort.port, schedulerVariables(scheduler, simulator));
  workers.push(service);
  await untilServiceIsUp(service, signal);

  const api = serviceApi(service.url, adminApiKey);
  const keyPart = `#key=${adminApiKey}`;
  const addresses = [
    ["Inbox", `${simulator.url}/`],
    ["Console", `${service.url}/console/${keyPart}`],
    ["API", `${service.url}/v1`],
    ["API key", adminApiKey],
    ["Woken by", scheduler === "qstash" ? "QStash (the simulator's)" : "the shards' own alarms"],
  ] as const;
  const printAddresses = (): void => {
    print("");
    for (const [name, value] of addresses) print(`  ${tinted("strong", name.padEnd(8))}  ${value}`);
  };
  printAddresses();
  const { ok } = await api.health();
  if (!ok) print(tinted("warn", `\nThe service is late with what it kept from before: see ${service.url}/v1/health`));

  const crashed = Promise.race(
    workers.map(async (worker) => {
      await worker.ended;
      throw new LocalProcessError(`The ${worker.name} ended by itself.`, worker.logFile);
    }),
  );
  // Told through the races below; without one under way, it is nobody's to handle.
  crashed.catch(() => undefined);
  const interrupted = rejectsOnAbort(signal);

  const scene = { service: api, simulator: simulatorApi(simulator.url), print, signal };
  const pageOf = (id: string): string => `${service.url}/console/message?id=${id}${keyPart}`;
  const demonstration = demonstrate({ ...scene, pageOf }).then(async (differences) =>
    // Whoever stays wants to find the demonstration in the pages, and not dozens more; what went wrong would do so again.
    stay || differences.length > 0 ? differences : compareManners(scene),
  );
  demonstration.catch(() => undefined);
  const differences = await Promise.race([demonstration, crashed, interrupted]);
  print("");
  if (differences.length === 0) print(tinted("good", "Every message ended as it should."));
  for (const difference of differences) fail(difference);
  if (!stay) return differences.length === 0 ? 0 : 1;

  printAddresses();
  print(tinted("dim", "\nUp until Ctrl-C."));
  const cron = setInterval(() => void api.runCron().catch(() => undefined), cronEveryMs);
  try {
    return await Promise.race([crashed, interrupted]);
  } finally {
    clearInterval(cron);
  }
}

function rejectsOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  aborted.catch(() => undefined);
  return aborted;
}

function sayWhichPort({ port, instead }: ChosenPort): void {
  if (instead !== undefined) print(tinted("warn", `Port ${instead} is taken: using ${port}.`));
}

function explain(error: unknown): void {
  if (error instanceof LocalProcessError) {
    const tail = logTail(error.logFile);
    if (tail !== "") console.error(tail);
    fail(`${error.message} Its log: ${relative(process.cwd(), error.logFile)}`);
    return;
  }
  if (error instanceof PortError || error instanceof OptionError) fail(error.message);
  else fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

function print(line: string): void {
  console.log(line);
}

function fail(line: string): void {
  console.error(tinted("bad", line));
}
