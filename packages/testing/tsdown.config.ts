import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/checks.ts"],
  // A file for each module: bundlers drop what is not imported, and what is published can be read.
  unbundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2023",
  fixedExtension: false,
  dts: true,
  // `exports` name the sources in the workspace, and `publishConfig.exports` what is built.
  exports: { devExports: true },
});
