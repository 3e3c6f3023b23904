import { parseArgs } from "node:util";

export type Scheduler = "alarm" | "qstash";

/** What `npm start` and `npm run demo` may be told after `--`. */
export interface LocalOptions {
  readonly scheduler: Scheduler;
}

/** An argument that is none: its message is for whoever wrote it. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

/** Reads `--scheduler alarm|qstash`. Throws an {@link OptionError}. */
export function readOptions(args: readonly string[]): LocalOptions {
  const { scheduler } = parse(args);
  if (scheduler === "alarm" || scheduler === "qstash") return { scheduler };
  throw new OptionError(`--scheduler is alarm or qstash, and not ${scheduler}.`);
}

function parse(args: readonly string[]): { readonly scheduler: string } {
  try {
    return parseArgs({ args: [...args], options: { scheduler: { type: "string", default: "alarm" } } }).values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}
