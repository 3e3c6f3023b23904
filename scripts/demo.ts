/** `npm run demo`: as `npm start`, but it ends: with 0 when every message came to the status that it should have. */
import { runLocal } from "./local/run-local.ts";

process.exitCode = await runLocal({ stay: false, args: process.argv.slice(2) });
