/** Clears the local state: databases, objects and logs of the service and the simulator. Refuses while they run. */
import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.ts";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is a process all the same.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const running = globSync(".carillon/*.pid", { cwd: root })
  .map((file) => Number(readFileSync(join(root, file), "utf8").trim()))
  .filter((pid) => Number.isInteger(pid) && pid > 0 && isAlive(pid));

if (running.length > 0) {
  console.error(
    `The local service runs (process ${running.join(", ")}): stop it first, with Ctrl-C where it was started.`,
  );
  process.exitCode = 1;
} else {
  const state = [".carillon", ".wrangler/state", ...globSync("workers/*/.wrangler/state", { cwd: root })];
  for (const folder of state) rmSync(join(root, folder), { recursive: true, force: true });
  console.log("Local state is cleared.");
}
