import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./run.ts";

export interface WorkspacePackage {
  readonly name: string;
  /** Relative to the root. */
  readonly folder: string;
}

/** The packages that are published: those under `packages/` that are not private, dependencies before dependents. */
export function publicPackages(): readonly WorkspacePackage[] {
  const found = globSync("packages/*/package.json", { cwd: root })
    .map((file) => ({ folder: dirname(file), manifest: JSON.parse(readFileSync(join(root, file), "utf8")) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: String(manifest.name), folder }));
  return found.toSorted(
    (a, b) => Number(b.name === "carillon") - Number(a.name === "carillon") || (a.name < b.name ? -1 : 1),
  );
}

/** Ids of the providers, which are the names of their folders, sorted. */
export function providerIds(): readonly string[] {
  return globSync("packages/carillon/src/providers/*/index.ts", { cwd: root })
    .map((file) => dirname(file).split(/[/\\]/).at(-1) ?? "")
    .toSorted();
}

/** Providers that are packages of their own, by the names of their folders, sorted. */
export function providerPackages(): readonly string[] {
  return globSync("packages/*/src/provider.ts", { cwd: root })
    .map((file) => file.split(/[/\\]/)[1] ?? "")
    .toSorted();
}

/** Ids of the receivers whose senders are no providers: Standard Webhooks, QStash. */
export function receiverIds(): readonly string[] {
  return globSync("packages/carillon/src/receivers/*/index.ts", { cwd: root })
    .map((file) => dirname(file).split(/[/\\]/).at(-1) ?? "")
    .toSorted();
}
