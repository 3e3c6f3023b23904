/**
 * Builds and packs every package that is published, and lays the tarballs out as a consumer would have them installed.
 * No registry is asked: their dependencies are linked from the workspace, at the versions of its lockfile.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestProject } from "vitest/node";
import { checkPackage } from "../../scripts/build.ts";
import { root } from "../../scripts/run.ts";
import { publicPackages } from "../../scripts/workspace.ts";

export interface PackedPackage {
  readonly name: string;
  readonly tarball: string;
  /** Where it is installed. */
  readonly folder: string;
  /** The build wrote other `exports` than those that are committed. */
  readonly staleExports: boolean;
}

export interface Consumer {
  /** A project with everything installed. */
  readonly folder: string;
  readonly packages: readonly PackedPackage[];
  /** What could not be built or packed, and why. */
  readonly problems: readonly string[];
}

declare module "vitest" {
  interface ProvidedContext {
    consumer: Consumer;
  }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Runs a command, and throws what it printed when it fails. */
function must(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} in ${cwd}: ${error?.message ?? stdout + stderr}`);
  return stdout;
}

function link(name: string, source: string, modules: string): void {
  const target = join(modules, name);
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { recursive: true, force: true });
  symlinkSync(realpathSync(join(root, source, "node_modules", name)), target, "junction");
}

async function pack(name: string, source: string, consumer: string): Promise<PackedPackage> {
  const staleExports = await checkPackage(source);
  const tarballs = join(consumer, "tarballs");
  mkdirSync(tarballs, { recursive: true });
  const printed = must("pnpm", ["pack", "--json", "--pack-destination", tarballs], join(root, source));
  const { filename } = JSON.parse(printed) as { readonly filename: string };
  const folder = join(consumer, "node_modules", name);
  mkdirSync(folder, { recursive: true });
  must("tar", ["-xzf", filename, "--strip-components=1", "-C", folder], consumer);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const own = new Set(publicPackages().map((one) => one.name));
  for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    if (!own.has(dependency)) link(dependency, source, join(consumer, "node_modules"));
  }
  return { name, tarball: filename, folder, staleExports };
}

export async function setup(project: TestProject): Promise<() => void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "carillon-consumer-")));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const packages: PackedPackage[] = [];
  const problems: string[] = [];
  for (const { name, folder: source } of publicPackages()) {
    try {
      packages.push(await pack(name, source, folder));
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  project.provide("consumer", { folder, packages, problems });
  return () => rmSync(folder, { recursive: true, force: true });
}
