import type { UserConfig } from "tsdown";

/** How every published package is built: what differs is where it is entered. */
export function packageBuild(entry: string[]): UserConfig {
  return {
    entry,
    // A file for each module: bundlers drop what is not imported, and what is published can be read.
    unbundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2023",
    fixedExtension: false,
    dts: true,
    // `exports` name the sources in the workspace, and `publishConfig.exports` what is built.
    exports: { devExports: true },
  };
}
