import { defineConfig } from "tsdown";
import { packageBuild } from "../../scripts/package-build.ts";

/** A command, and nothing to import. */
export default defineConfig({
  ...packageBuild(["src/carillon.ts"]),
  platform: "node",
  dts: false,
  exports: { devExports: true, exclude: ["carillon"], bin: { carillon: "src/carillon.ts" } },
});
