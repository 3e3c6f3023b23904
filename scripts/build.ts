/**
 * Builds the packages that are published. Their `exports` are written by the build from the entry globs and committed;
 * with `--check` it fails when that changed something, so that a new provider cannot be forgotten there.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publicPackages } from "./workspace.ts";
import { run, root } from "./run.ts";

const check = process.argv.includes("--check");
const stale: string[] = [];

for (const { name, folder } of publicPackages()) {
  const manifest = join(root, folder, "package.json");
  const before = readFileSync(manifest, "utf8");
  await run("tsdown", ["--log-level", "warn"], { cwd: folder });
  await run("oxfmt", [`${folder}/package.json`]);
  if (readFileSync(manifest, "utf8") === before) continue;
  if (check) writeFileSync(manifest, before);
  stale.push(name);
}

if (check && stale.length > 0) {
  console.error(`The exports of ${stale.join(", ")} are stale: run \`pnpm build\` and commit package.json.`);
  process.exitCode = 1;
} else if (stale.length > 0) {
  console.log(`Wrote the exports of ${stale.join(", ")}: commit package.json.`);
}
