import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { EdgeRuntime } from "edge-runtime";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { root } from "../../scripts/run.ts";
import type { Found, Task } from "./program.ts";

export interface Input {
  readonly simulator: string;
  readonly tasks: readonly Task[];
}

export type Results = Readonly<Record<string, Found>>;

export interface Runtime {
  readonly name: string;
  /** Of this machine's. */
  readonly version: string;
  /** Runs `program.mjs` of the consumer's folder. */
  run(folder: string, input: Input): Promise<Results>;
}

const execute = promisify(execFile);
const ownBin = join(root, "test/node_modules/.bin");

/** A command that runs a module, from which it imports the package as it is installed. */
function command(name: string, version: string, file: string, args: readonly string[]): Runtime {
  return {
    name,
    version,
    async run(folder, input) {
      writeFileSync(join(folder, "input.json"), JSON.stringify(input));
      writeFileSync(
        join(folder, "main.mjs"),
        `import { readFileSync } from "node:fs";
import { run } from "./program.mjs";
const before = Object.getOwnPropertyNames(globalThis).length;
const results = await run(JSON.parse(readFileSync("input.json", "utf8")));
const added = Object.getOwnPropertyNames(globalThis).length - before;
if (added > 0) throw new Error(added + " globals were added");
console.log(JSON.stringify(results));`,
      );
      const { stdout } = await execute(file, [...args, "main.mjs"], { cwd: folder, timeout: 60_000 });
      return JSON.parse(stdout) as Results;
    },
  };
}

/** Every major version of Node that this machine has, the one that runs the tests among them. */
async function nodes(): Promise<readonly Runtime[]> {
  const files = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  const found = new Map<string, Runtime>();
  for (const file of [process.execPath, ...files]) {
    const version = await execute(file, ["--version"]).then(
      ({ stdout }) => stdout.trim().slice(1),
      () => undefined,
    );
    const name = `Node ${version?.split(".")[0]}`;
    if (version !== undefined && !found.has(name)) found.set(name, command(name, version, file, []));
  }
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The program and the package in one file, as an edge platform's build makes it. */
async function bundle(folder: string, entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    stdin: { contents: entry, resolveDir: folder },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2023",
    // As the builds of edge platforms look for what a package depends on.
    conditions: ["workerd", "browser"],
    mainFields: ["module", "main"],
    // Every module is evaluated, imported for something or not: workerd refuses I/O, timers and randomness at the top level.
    ignoreAnnotations: true,
  });
  return outputFiles[0]?.text ?? "";
}

/** Before 2026-08-04, when Node compatibility became workerd's default. */
const compatibilityDate = "2026-08-01";

function workerd(name: string, version: string, compatibilityFlags: readonly string[], process: string): Runtime {
  return {
    name,
    version,
    async run(folder, input) {
      const contents = await bundle(
        folder,
        `import { run } from "./program.mjs";
export default {
  async fetch(request) {
    if (typeof globalThis.process !== "${process}") return new Response("process is " + typeof globalThis.process);
    return Response.json(await run(await request.json()));
  },
};`,
      );
      const miniflare = new Miniflare(
        convertV4MiniflareOptions({
          modules: [{ type: "ESModule", path: "worker.mjs", contents }],
          compatibilityDate,
          compatibilityFlags: [...compatibilityFlags],
        }),
      );
      try {
        const response = await miniflare.dispatchFetch("https://app.example", {
          method: "POST",
          body: JSON.stringify(input),
        });
        return JSON.parse(await response.text()) as Results;
      } finally {
        await miniflare.dispose();
      }
    },
  };
}

function edge(version: string): Runtime {
  return {
    name: "edge-runtime",
    version,
    async run(folder, input) {
      const contents = await bundle(folder, `import { run } from "./program.mjs"; globalThis.run = run;`);
      const runtime = new EdgeRuntime({
        initialCode: `${contents}
addEventListener("fetch", (event) =>
  event.respondWith(event.request.json().then(run).then((results) => Response.json(results))));`,
      });
      const response = await runtime.dispatchFetch("https://app.example", {
        method: "POST",
        body: JSON.stringify(input),
      });
      return JSON.parse(await response.text()) as Results;
    },
  };
}

async function versionOf(file: string): Promise<string> {
  const { stdout } = await execute(join(ownBin, file), ["--version"]);
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "";
}

function packageVersion(name: string): string {
  const folder = readdirSync(join(root, "node_modules/.pnpm")).find((entry) => entry.startsWith(`${name}@`));
  return folder?.slice(name.length + 1).split("_")[0] ?? "";
}

export async function allRuntimes(): Promise<readonly Runtime[]> {
  const workerdVersion = packageVersion("workerd");
  return [
    ...(await nodes()),
    command("Deno", await versionOf("deno"), join(ownBin, "deno"), ["run", "--allow-all", "--quiet"]),
    command("Bun", await versionOf("bun"), join(ownBin, "bun"), ["run"]),
    edge(packageVersion("edge-runtime")),
    workerd("workerd", workerdVersion, [], "undefined"),
    workerd("workerd, Node compat", workerdVersion, ["nodejs_compat"], "object"),
  ];
}
