/** Clears the local state: databases, objects and logs of the service and the simulator. Refuses while they run. */
import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { homeFolder, openHome, runningProcess } from "./local/home.ts";
import { root } from "./run.ts";

const home = homeFolder();
const running = runningProcess(openHome(home).pidFile);

if (running !== undefined) {
  console.error(`The local service runs (process ${running}): stop it first, with Ctrl-C where it was started.`);
  process.exitCode = 1;
} else {
  // What `wrangler dev` leaves when it is run by hand goes with the repository's own home, not with another one.
  const byHand = home === join(root, ".carillon") ? globSync("{,workers/*/}.wrangler/state", { cwd: root }) : [];
  for (const folder of [home, ...byHand.map((path) => join(root, path))]) {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log("Local state is cleared.");
}
