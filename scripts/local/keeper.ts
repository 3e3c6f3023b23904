/**
 * Runs a command as the head of a process group, and takes the group down when whoever started it is gone, however it
 * went: its end of the pipe on standard input closes. Without this, a killed parent leaves workerd serving the port.
 *
 *   node keeper.ts <command> [argument...]
 */
import { spawn } from "node:child_process";

const [command = "", ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });

// A signal for the group reaches the child by itself; the keeper stays until it has ended.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

function endGroup(): void {
  process.kill(-process.pid, "SIGKILL");
}

process.stdin.resume();
process.stdin.on("end", endGroup);
process.stdin.on("error", endGroup);
child.on("error", (error) => {
  console.error(`${command} could not be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code) => process.exit(code ?? 1));
