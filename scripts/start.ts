/** `npm start`: the service and the simulator on this machine, with a demonstration; up until Ctrl-C. */
import { runLocal } from "./local/run-local.ts";

process.exitCode = await runLocal({ stay: true, args: process.argv.slice(2) });
