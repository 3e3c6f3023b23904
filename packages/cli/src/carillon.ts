#!/usr/bin/env node
import { run } from "./run.ts";

const { exitCode, out, error } = run(process.argv.slice(2), new Date());
process.stdout.write(out);
process.stderr.write(error);
process.exitCode = exitCode;
