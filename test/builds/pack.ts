/**
 * Makes a fixture of a build of the past: `node test/builds/pack.ts <commit> <name>`. The commit is checked out beside the
 * repository, installed from its own lock file, and its Worker bundled as a deploy would; what is kept is that bundle,
 * compressed, and in `builds.json` where it comes from. Needs the whole history.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { root } from "../../scripts/run.ts";
import { bundle } from "../workerd/bundle.ts";
import { builds, fixtures, manifest, type Build } from "./builds.ts";

const [revision = "", name = ""] = process.argv.slice(2);
if (revision === "" || !/^[a-z-]+$/.test(name)) throw new Error("Say the commit, and a name for its build.");

const git = (...args: readonly string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const folder = mkdtempSync(join(tmpdir(), "carillon-build-"));
try {
  const commit = git("rev-parse", `${revision}^{commit}`);
  git("worktree", "add", "--detach", folder, commit);
  const inFolder = { cwd: folder, stdio: "inherit" } as const;
  execFileSync("pnpm", ["install", "--frozen-lockfile", "--prefer-offline", "--ignore-scripts"], inFolder);
  execFileSync(process.execPath, ["scripts/generate.ts"], inFolder);
  const script = Buffer.from(await bundle("workers/notify/src/index.ts", folder));
  const made: Build = {
    name,
    commit,
    committedAt: git("show", "--no-patch", "--format=%cI", commit),
    migrations: readdirSync(join(folder, "workers/notify/migrations")).toSorted(),
    sha256: createHash("sha256").update(script).digest("hex"),
  };
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeFileSync(join(fixtures, `${name}.js.br`), brotliCompressSync(script, { params }));
  const others = builds().filter((build) => build.name !== name);
  const all = [...others, made].toSorted((a, b) => a.committedAt.localeCompare(b.committedAt));
  writeFileSync(manifest, `${JSON.stringify(all, undefined, 2)}\n`);
  console.log(made);
} finally {
  execFileSync("git", ["worktree", "remove", "--force", folder], { cwd: root });
  rmSync(folder, { recursive: true, force: true });
}
