import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./run.ts";

/** What the service serves below `/sdk/`. A script without imports and exports can be loaded into any service worker. */
const bundles = [
  { name: "browser.js", entry: "index.ts", format: "esm" },
  { name: "sw.js", entry: "sw/served.ts", format: "iife" },
] as const;

/** `@carillon/browser` for pages and service workers that load it from the service itself. */
export async function browserBundles(): Promise<readonly { readonly name: string; readonly text: string }[]> {
  return await Promise.all(
    bundles.map(async ({ name, entry, format }) => {
      const { outputFiles } = await build({
        entryPoints: [join(root, "packages/browser/src", entry)],
        bundle: true,
        write: false,
        minify: true,
        format,
        target: "es2022",
        legalComments: "none",
      });
      return { name, text: outputFiles[0]?.text ?? "" };
    }),
  );
}
