import { spawn, type SpawnOptions } from "node:child_process";
import { delimiter, join } from "node:path";

export const root: string = join(import.meta.dirname, "..");

/** The environment with the workspace's own tools found first. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter) };
}

/** Runs a command in the repository; rejects when it does not exit with 0. `cwd` is relative to the root. */
export function run(
  command: string,
  args: readonly string[],
  options: Omit<SpawnOptions, "cwd"> & { readonly cwd?: string } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "inherit", "inherit"],
      env: toolEnvironment(),
      ...options,
      cwd: join(root, options.cwd ?? "."),
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(" ")}: ended with ${signal ?? code}`));
    });
  });
}
