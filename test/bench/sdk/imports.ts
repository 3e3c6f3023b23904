import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { providerIds } from "../../../scripts/workspace.ts";
import { type Pair, testFolder } from "./packages.ts";
import { spread, type Spread } from "./statistics.ts";

export interface ImportTimes {
  readonly name: string;
  readonly ms: Spread;
}

const execute = promisify(execFile);

/** Milliseconds from the first import to the last one's end, in a process that has loaded nothing else. */
async function importMs(modules: readonly string[]): Promise<number> {
  const code = `const start = performance.now();
${modules.map((module) => `await import(${JSON.stringify(module)});`).join("\n")}
console.log(performance.now() - start);`;
  const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", code], { cwd: testFolder });
  return Number(stdout);
}

/**
 * Times fresh processes, one candidate after another in every round.
 * A round before the first fills the disk's cache, and is not counted.
 *
 * @param dist What is published of Carillon: built, one file a module.
 */
export async function timeImports(
  dist: string,
  pairs: readonly Pair[],
  rounds: number,
): Promise<readonly ImportTimes[]> {
  const built = (...paths: readonly string[]): readonly string[] =>
    paths.map((path) => pathToFileURL(join(dist, path, "index.js")).href);
  const all = providerIds().map((id) => `providers/${id}`);
  const candidates: [name: string, modules: readonly string[]][] = [
    [`carillon: root and all ${all.length} providers`, built(".", ...all)],
  ];
  for (const { provider, rival, official } of pairs) {
    const name = `carillon: root and ${provider}`;
    if (!candidates.some(([other]) => other === name)) candidates.push([name, built(".", `providers/${provider}`)]);
    candidates.push([rival, [...official.matchAll(/from "([^"]+)"/g)].map(([, module]) => module!)]);
  }
  const taken = candidates.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, [, modules]] of candidates.entries()) {
      const ms = await importMs(modules);
      if (round > 0) taken[index]!.push(ms);
    }
  }
  return candidates.map(([name], index) => ({ name, ms: spread(taken[index]!) }));
}
