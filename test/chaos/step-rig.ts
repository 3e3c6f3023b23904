import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simulatorCredentials, type Simulator } from "@carillon/simulator";
import { serviceApi, type ServiceApi } from "../../scripts/local/api.ts";
import type { LocalProcess } from "../../scripts/local/local-process.ts";
import { bundle } from "../workerd/bundle.ts";
import { apiKey, currentMigrations, startServing, variables } from "../workerd/service.ts";
import { serveSimulator } from "../workerd/simulator.ts";
import { freePort } from "./rig.ts";

/** The service in a workerd of its own that can be killed at a step; the simulator in this process, which lives on. */
export interface StepRig {
  readonly url: string;
  readonly service: ServiceApi;
  readonly simulator: Simulator;
  /** Folder of the shards' databases. */
  readonly ledgers: string;
  /** Folder of the directory's database. */
  readonly directory: string;
  /** Has the service killed when it reaches the step. */
  killAt(step: string): Promise<Kill>;
  /** `kill -9`, wherever it is. */
  kill(): Promise<void>;
  /** Starts it again if it was killed, with what it had saved. */
  start(): Promise<void>;
  /** Ends both, and forgets everything. */
  tearDown(): Promise<void>;
}

export interface Kill {
  /** Resolves when the service has reached the step and nothing is left of it. */
  readonly done: Promise<void>;
}

const reachedWithinMs = 20_000;

/** The Worker that tells of its steps, as a file. */
export async function bundleForSteps(folder: string): Promise<string> {
  const file = join(folder, "worker.js");
  writeFileSync(file, await bundle("workers/notify/test/crash/worker.ts"));
  return file;
}

export type Scheduler = "alarm" | "qstash";

export async function setUpSteps(script: string, scheduler: Scheduler = "alarm"): Promise<StepRig> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-steps-"));
  const state = join(folder, "state");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const served = await serveSimulator({ webhookTarget: url });
  // The simulator is QStash, too.
  const schedulerVariables = {
    SCHEDULER: scheduler,
    PUBLIC_URL: url,
    QSTASH_URL: `http://127.0.0.1:${served.port}/qstash.upstash.io`,
    QSTASH_TOKEN: simulatorCredentials.qstash.token,
    QSTASH_CURRENT_SIGNING_KEY: simulatorCredentials.qstash.currentSigningKey,
    QSTASH_NEXT_SIGNING_KEY: simulatorCredentials.qstash.nextSigningKey,
  };
  let running: LocalProcess | undefined;
  let watched: { readonly step: string; readonly reached: () => void } | undefined;
  // A step that is watched is never answered: the service stands there until it is killed.
  const watcher = createServer((incoming, outgoing) => {
    const step = decodeURIComponent(incoming.url?.slice(1) ?? "");
    if (step === watched?.step) watched.reached();
    else outgoing.end();
  });
  const watcherPort = await listen(watcher);
  const start = async (): Promise<void> => {
    if (running?.hasEnded() === false) return;
    running = await startServing({
      script,
      port,
      state,
      migrations: currentMigrations,
      variables: { ...variables, ...schedulerVariables, SHARDS: "1" },
      services: { SIMULATOR: served.port, RIG: watcherPort },
    });
  };
  const kill = async (): Promise<void> => running?.kill();
  const tearDown = async (): Promise<void> => {
    await kill();
    watcher.closeAllConnections();
    watcher.close();
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await tearDown();
    throw error;
  }
  return {
    url,
    service: serviceApi(url, apiKey),
    simulator: served.simulator,
    ledgers: join(state, "do/service-Ledger"),
    directory: join(state, "d1/miniflare-D1DatabaseObject"),
    killAt: async (step) => {
      const reached = new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`The service did not reach "${step}".`)), reachedWithinMs);
        watched = { step, reached: () => (clearTimeout(timer), resolve()) };
      });
      const response = await fetch(`${url}/rig/watch?step=${encodeURIComponent(step)}`);
      if (!response.ok) throw new Error(`The service does not know how to stop: ${response.status}`);
      return { done: reached.then(kill) };
    },
    kill,
    start,
    tearDown,
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
