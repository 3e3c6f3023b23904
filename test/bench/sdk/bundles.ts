import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { type Pair, testFolder } from "./packages.ts";

export interface Weight {
  readonly minified: number;
  readonly gzip: number;
}

export interface Bundles {
  readonly factory: Weight;
  readonly withNotifier: Weight;
  readonly official: Weight;
}

async function weigh(contents: string): Promise<Weight> {
  const { outputFiles } = await build({
    absWorkingDir: testFolder,
    stdin: { contents, resolveDir: testFolder },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    // Asked for by `resend` for messages that are written in React, and not installed.
    external: ["@react-email/render"],
    logLevel: "error",
  });
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  return { minified: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
}

export async function weighPair({ provider, factory, official }: Pair): Promise<Bundles> {
  const own = `export { ${factory} } from "carillon/providers/${provider}";`;
  return {
    factory: await weigh(own),
    withNotifier: await weigh(`export { createNotifier } from "carillon";${own}`),
    official: await weigh(official),
  };
}
