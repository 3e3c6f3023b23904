import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/run.ts";

/** A script of `scripts/`, run as npm would. */
export interface Launched {
  readonly pid: number;
  /** Everything that it has printed so far. */
  output(): string;
  /** Resolves with the match when it has printed that; rejects when it ends first, or takes too long. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  readonly exitCode: Promise<number | null>;
  interrupt(): Promise<number | null>;
}

const launched = new Set<Launched>();

/** Kills what a failed test has left running. */
export function endAll(): void {
  for (const { pid } of launched) process.kill(pid, "SIGKILL");
}

/** Who wakes the shards of the service under test. */
export const scheduler: string = process.env["E2E_SCHEDULER"] ?? "alarm";

export type Variables = Readonly<Record<string, string | undefined>>;

export function launch(script: "start" | "demo" | "reset", home: string, variables: Variables = {}): Launched {
  const env = {
    ...process.env,
    // What a test runner says of itself is not what a developer's shell says.
    NODE_ENV: undefined,
    VITEST: undefined,
    PORT: undefined,
    SIMULATOR_PORT: undefined,
    ...variables,
    CARILLON_HOME: home,
  };
  const options = script === "reset" ? [] : ["--scheduler", scheduler];
  const child = spawn(process.execPath, [`scripts/${script}.ts`, ...options], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  let ended = false;
  const exitCode = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      ended = true;
      launched.delete(self);
      resolve(code);
    });
  });
  const self: Launched = {
    pid: child.pid ?? 0,
    output: () => output,
    exitCode,
    async until(pattern) {
      const deadline = Date.now() + 90_000;
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        if (ended || Date.now() > deadline) throw new Error(`${script}.ts did not print ${pattern}:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    interrupt() {
      child.kill("SIGINT");
      return exitCode;
    },
  };
  launched.add(self);
  return self;
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "carillon-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Command lines of living processes that name the folder: what a run left behind. Zombies have none. */
export function processesOf(folder: string): readonly string[] {
  return commandLines().filter((line) => line.includes(folder));
}

function commandLines(): readonly string[] {
  if (process.platform !== "linux") {
    return spawnSync("ps", ["-axo", "args"], { encoding: "utf8" }).stdout.split("\n");
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    });
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on a port, 0 for any; undefined when somebody else does already. */
export function occupy(port: number): Promise<Listener | undefined> {
  return new Promise((resolve) => {
    const server: Server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((done) => server.close(() => done())),
      }),
    );
  });
}

export async function freePort(): Promise<number> {
  const listener = await occupy(0);
  if (listener === undefined) throw new Error("No port is free.");
  await listener.close();
  return listener.port;
}
