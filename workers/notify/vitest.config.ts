import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { kCurrentWorker } from "miniflare";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [
    cloudflareTest(async () => ({
      main: "./test/worker.ts",
      wrangler: { configPath: "../../wrangler.dev.toml" },
      miniflare: {
        bindings: { TEST_MIGRATIONS: await readD1Migrations(new URL("migrations", import.meta.url).pathname) },
        // The simulator runs inside the Worker under test, where its tests can reach it.
        serviceBindings: { SIMULATOR: { name: kCurrentWorker, entrypoint: "SimulatorForTests" } },
      },
    })),
  ],
  test: { name: "notify", include: ["{src,test}/**/*.test.ts"], setupFiles: ["./test/setup.ts"], testTimeout: 20_000 },
});
