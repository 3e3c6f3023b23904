import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root, toolEnvironment } from "../run.ts";

/** A command that runs beside this process, in a process group of its own. */
export interface LocalProcess {
  /** For messages: `service`. */
  readonly name: string;
  readonly logFile: string;
  /** Its exit code, when it has ended; undefined when a signal ended it. */
  readonly ended: Promise<number | undefined>;
  hasEnded(): boolean;
  /** Ends the whole group: politely at first. Resolves when nothing is left of it. */
  stop(): Promise<void>;
  /** `kill -9` of the whole group, as a crash would. */
  kill(): Promise<void>;
}

/** A command that ended when it should not have, or never came up. */
export class LocalProcessError extends Error {
  override readonly name = "LocalProcessError";
  readonly logFile: string;

  constructor(message: string, logFile: string) {
    super(message);
    this.logFile = logFile;
  }
}

const politeMs = 4_000;

export function startProcess(
  name: string,
  command: readonly string[],
  options: { readonly logFile: string; readonly env?: NodeJS.ProcessEnv },
): LocalProcess {
  const { logFile } = options;
  const log = openSync(logFile, "w");
  const child = spawn(process.execPath, [join(import.meta.dirname, "keeper.ts"), ...command], {
    cwd: root,
    detached: true,
    stdio: ["pipe", log, log],
    env: { ...toolEnvironment(), ...options.env },
  });
  closeSync(log);
  let over = false;
  const ended = new Promise<number | undefined>((resolve) => {
    const end = (exitCode: number | undefined): void => {
      over = true;
      // Whoever of the group has outlived its head.
      signalGroup(child.pid, "SIGKILL");
      resolve(exitCode);
    };
    child.once("exit", (exitCode) => end(exitCode ?? undefined));
    child.once("error", () => end(undefined));
  });
  // The keeper may be gone already.
  child.stdin?.on("error", () => undefined);
  return {
    name,
    logFile,
    ended,
    hasEnded: () => over,
    async stop() {
      if (over) return;
      signalGroup(child.pid, "SIGTERM");
      const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), politeMs);
      await ended;
      clearTimeout(timer);
    },
    async kill() {
      if (!over) signalGroup(child.pid, "SIGKILL");
      await ended;
    },
  };
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing is left of it.
  }
}

/** What it has printed so far, without colours. */
export function readLog(logFile: string): string {
  try {
    return stripVTControlCharacters(readFileSync(logFile, "utf8")).trimEnd();
  } catch {
    return "";
  }
}

/** The end of a log, for whoever has to find out what went wrong. */
export function logTail(logFile: string, lines = 30): string {
  return readLog(logFile).split("\n").slice(-lines).join("\n");
}
