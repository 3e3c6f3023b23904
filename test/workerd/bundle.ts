import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../../scripts/run.ts";

/** A Worker as one module, as a deploy would upload it. */
export async function bundle(entry: string, folder: string = root): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  });
  return outputFiles[0]?.text ?? "";
}
