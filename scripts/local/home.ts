import { mkdirSync, openSync, readFileSync, rmSync, writeSync, closeSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "../run.ts";

/** Where a local service keeps what it needs to go on after a restart. */
export interface Home {
  /** Databases and objects of the service, as wrangler lays them out. */
  readonly serviceState: string;
  readonly simulatorState: string;
  readonly logs: string;
  /** Where the processes of one run find one another; runs side by side must not share it. */
  readonly registry: string;
  /** Process id of the run that uses all this. */
  readonly pidFile: string;
}

/** `.carillon` in the repository, unless `CARILLON_HOME` names another folder. */
export function homeFolder(): string {
  const named = process.env["CARILLON_HOME"];
  return named === undefined || named === "" ? join(root, ".carillon") : resolve(named);
}

export function openHome(folder: string): Home {
  const home: Home = {
    serviceState: join(folder, "state"),
    simulatorState: join(folder, "simulator"),
    logs: join(folder, "logs"),
    registry: join(folder, "registry"),
    pidFile: join(folder, "service.pid"),
  };
  for (const path of [home.logs, home.registry]) mkdirSync(path, { recursive: true });
  return home;
}

/** Process id of the run that uses the folder; undefined when none does. */
export function runningProcess(pidFile: string): number | undefined {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, "utf8").trim());
  } catch {
    return undefined;
  }
  return Number.isInteger(pid) && pid > 0 && isRun(pid) ? pid : undefined;
}

/** A process that ended without clearing up may have left its number to another: where that can be told, it is. */
function isRun(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is a process all the same.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  if (process.platform !== "linux") return true;
  try {
    return /\b(start|demo)\.ts\b/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return false;
  }
}

/** A process that was killed is still named in the registry, and would be called there. */
function clearRegistry({ registry }: Home): void {
  rmSync(registry, { recursive: true, force: true });
  mkdirSync(registry);
}

/** Takes the home for this process. Answers how to give it back, or the process that has it already. */
export function lock(home: Home): { readonly release: () => void } | { readonly heldBy: number } {
  const { pidFile } = home;
  for (;;) {
    try {
      const file = openSync(pidFile, "wx");
      writeSync(file, `${process.pid}\n`);
      closeSync(file);
      clearRegistry(home);
      return { release: () => rmSync(pidFile, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const heldBy = runningProcess(pidFile);
      if (heldBy !== undefined) return { heldBy };
      rmSync(pidFile, { force: true });
    }
  }
}
