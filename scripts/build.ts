/**
 * Builds the packages that are published. Their `exports` are written by the build from the entry globs and committed:
 * with `--check` nothing is rewritten, and what is stale is an error, so that a new provider cannot be forgotten there.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.ts";
import { publicPackages } from "./workspace.ts";

/** Builds into `dist/` and writes `package.json`; true when that changed it. */
export async function buildPackage(folder: string): Promise<boolean> {
  const manifest = join(root, folder, "package.json");
  const before = readFileSync(manifest, "utf8");
  await run("tsdown", ["--log-level", "warn"], { cwd: folder });
  await run("oxfmt", [`${folder}/package.json`], { stdio: "ignore" });
  return readFileSync(manifest, "utf8") !== before;
}

/** {@link buildPackage}, but puts `package.json` back as it was. */
export async function checkPackage(folder: string): Promise<boolean> {
  const manifest = join(root, folder, "package.json");
  const before = readFileSync(manifest, "utf8");
  try {
    return await buildPackage(folder);
  } finally {
    if (readFileSync(manifest, "utf8") !== before) writeFileSync(manifest, before);
  }
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  const stale: string[] = [];
  for (const { name, folder } of publicPackages()) {
    const changed = await (check ? checkPackage(folder) : buildPackage(folder));
    if (changed) stale.push(name);
  }
  if (stale.length > 0) {
    console.log(
      `The exports of ${stale.join(", ")} ${check ? "are stale: run `pnpm build`" : "were written"}: commit package.json.`,
    );
    if (check) process.exitCode = 1;
  }
}
