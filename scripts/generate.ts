/**
 * Writes what is derived from other sources: from the folders of the providers, so that adding one needs no edit elsewhere,
 * and from the package for browsers:
 *
 * - `workers/notify/src/generated/providers.ts`: the settings of every provider, for the Worker
 * - `packages/simulator/src/generated/routes.ts`: the API of every provider, for the simulator
 * - `workers/notify/assets/sdk/`: `@carillon/browser` as the service serves it
 * - with `--readme`, the README's table of providers; with `--check` it fails instead when that table is stale
 *
 * The generated files are not committed: this runs before everything that needs them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { browserBundles } from "./browser-bundles.ts";
import { root } from "./run.ts";
import { providerIds } from "./workspace.ts";

const note = "// Written by scripts/generate.ts from the folders of the providers.\n";

/** `aws-ses` is a folder's name, `awsSes` one for code. */
export function identifier(id: string): string {
  return id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function settingsModule(ids: readonly string[]): string {
  return [
    note + 'import type { ProviderSettings } from "carillon";',
    ...ids.map((id) => `import { settings as ${identifier(id)} } from "carillon/providers/${id}";`),
    "",
    `export const providerSettings: readonly ProviderSettings[] = [${ids.map(identifier).join(", ")}];`,
    "",
  ].join("\n");
}

/** A simulated provider is a file, or a folder with an index. */
export function routesModule(routes: readonly { readonly id: string; readonly file: string }[]): string {
  return [
    note + 'import type { Route } from "../route.ts";',
    ...routes.map(({ id, file }) => `import { route as ${identifier(id)} } from "../providers/${file}";`),
    "",
    `export const routes: readonly Route[] = [${routes.map(({ id }) => identifier(id)).join(", ")}];`,
    "",
  ].join("\n");
}

/** Leaves a file alone that is right already: a watcher would start over for nothing. */
function write(path: string, text: string): void {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

async function main(): Promise<void> {
  const ids = providerIds();
  write("workers/notify/src/generated/providers.ts", settingsModule(ids));
  const simulated = ids.flatMap((id) => {
    const file = [`${id}.ts`, `${id}/index.ts`].find((name) =>
      existsSync(join(root, "packages/simulator/src/providers", name)),
    );
    return file === undefined ? [] : [{ id, file }];
  });
  write("packages/simulator/src/generated/routes.ts", routesModule(simulated));

  for (const { name, text } of await browserBundles()) write(`workers/notify/assets/sdk/${name}`, text);

  if (!process.argv.includes("--readme") && !process.argv.includes("--check")) return;
  // Imported here: starting the service must not depend on every provider's module being whole.
  const { pagesWithTables } = await import("./provider-table.ts");
  for (const { file, withTable } of pagesWithTables) {
    const page = readFileSync(join(root, file), "utf8");
    const fresh = await withTable(page, ids);
    if (fresh === page) continue;
    if (process.argv.includes("--readme")) {
      writeFileSync(join(root, file), fresh);
      continue;
    }
    console.error(`The table of providers in ${file} is stale: run \`pnpm generate\` and commit it.`);
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
