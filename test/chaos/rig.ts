import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceApi, simulatorApi, type ServiceApi, type SimulatorApi } from "../../scripts/local/api.ts";
import { openHome, type Home } from "../../scripts/local/home.ts";
import type { Scheduler } from "../../scripts/local/options.ts";
import {
  adminApiKey,
  migrateDirectory,
  schedulerVariables,
  startService,
  startSimulator,
  untilServiceIsUp,
  untilSimulatorIsUp,
  type LocalWorker,
} from "../../scripts/local/workers.ts";

/** The service, which is made to crash, and the simulator, which lives on as the witness. */
export interface Rig {
  readonly home: Home;
  readonly url: string;
  readonly service: ServiceApi;
  readonly simulator: SimulatorApi;
  /** `kill -9` of the service's whole process group: wrangler, workerd, esbuild. */
  crash(): Promise<void>;
  /** Starts it again, with what it had saved; from then on woken by another scheduler, where that is said. */
  restart(by?: Scheduler): Promise<void>;
  /** Ends both, and forgets everything. */
  tearDown(): Promise<void>;
}

export async function setUp(scheduler: Scheduler = "alarm"): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-chaos-"));
  const home = openHome(folder);
  const [port, simulatorPort] = await freePorts();
  const simulator = startSimulator(home, simulatorPort, port);
  let service: LocalWorker | undefined;
  const restart = async (by: Scheduler = scheduler): Promise<void> => {
    service = startService(home, port, schedulerVariables(by, simulator));
    await untilServiceIsUp(service);
  };
  const tearDown = async (): Promise<void> => {
    await Promise.all([service?.kill(), simulator.kill()]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all([migrateDirectory(home), untilSimulatorIsUp(simulator)]);
    await restart();
  } catch (error) {
    await tearDown();
    throw error;
  }
  const url = `http://127.0.0.1:${port}`;
  return {
    home,
    url,
    service: serviceApi(url, adminApiKey),
    simulator: simulatorApi(simulator.url),
    crash: async () => service?.kill(),
    restart,
    tearDown,
  };
}

/** Two ports, held at the same time so that they differ. */
async function freePorts(): Promise<readonly [number, number]> {
  const [one, other] = await Promise.all([hold(), hold()]);
  await Promise.all([one.release(), other.release()]);
  return [one.port, other.port];
}

export async function freePort(): Promise<number> {
  const held = await hold();
  await held.release();
  return held.port;
}

/** Below those that systems give to whoever asks for any: nobody else has it while the service is down. */
const ports = { from: 20_000, to: 32_000 };

async function hold(): Promise<{ readonly port: number; release(): Promise<unknown> }> {
  for (;;) {
    const port = ports.from + Math.floor(Math.random() * (ports.to - ports.from));
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (isFree) return { port, release: () => new Promise((resolve) => server.close(resolve)) };
  }
}

/** `count` addresses of the simulator's, all delivered to, that no other call has given. */
export function recipients(count: number, label = "any"): readonly string[] {
  given += 1;
  return Array.from({ length: count }, (_, index) => `delivered+${label}-${given}-${index}@simulator.test`);
}

let given = 0;

export interface Posted {
  readonly id: string;
  readonly messages: readonly string[];
}

/** Accepts one notification for all the addresses: that many messages. */
export async function post(
  rig: Rig,
  to: readonly string[],
  options: { readonly provider: string; readonly inMs?: number },
): Promise<Posted> {
  const sendAt = options.inMs === undefined ? {} : { sendAt: new Date(Date.now() + options.inMs).toISOString() };
  const accepted = await rig.service.post({
    channel: "email",
    to,
    content: { from: "ringer@example.com", subject: "Practice", text: "Tonight at seven." },
    providers: [options.provider],
    ...sendAt,
  });
  return { id: accepted.id, messages: accepted.messages.map(({ id }) => id) };
}

/** Waits until `read` gives what `isEnough`; fails with the last that it gave. */
export async function until<T>(read: () => Promise<T>, isEnough: (value: T) => boolean, withinMs: number): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (isEnough(value)) return value;
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${JSON.stringify(value)}`);
    await pause(100);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How many messages of these notifications have each status. */
export async function statuses(rig: Rig, posted: readonly Posted[]): Promise<Readonly<Record<string, number>>> {
  const sum: Record<string, number> = {};
  for (const { id } of posted) {
    const { byStatus } = await rig.service.notification(id);
    for (const [status, count] of Object.entries(byStatus)) sum[status] = (sum[status] ?? 0) + count;
  }
  return sum;
}
