import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../../scripts/run.ts";

/** What any careful consumer has on. */
const strict = {
  strict: true,
  noEmit: true,
  target: "es2023",
  lib: ["es2023", "dom", "dom.iterable"],
  types: [],
  noUncheckedIndexedAccess: true,
};

/**
 * Compiles modules in a project inside of `folder`, where what they import is installed. Answers what tsc reports, a line
 * each; empty when all is well.
 */
export function compile(
  folder: string,
  modules: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>>,
): readonly string[] {
  const project = mkdtempSync(join(folder, "project-"));
  for (const [path, code] of Object.entries(modules)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), code);
  }
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  const config = { compilerOptions: { ...strict, ...options }, include: ["**/*.ts"] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["--project", project, "--pretty", "false"], {
    cwd: project,
    encoding: "utf8",
  });
  if (tsc.error !== undefined) throw tsc.error;
  const lines = (tsc.stdout + tsc.stderr).split("\n").filter((line) => line !== "");
  return tsc.status === 0 || lines.length > 0 ? lines : [`tsc ended with ${tsc.status}`];
}
