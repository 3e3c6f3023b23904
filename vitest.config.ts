import { existsSync, globSync } from "node:fs";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

/** The newest date that the installed workerd knows; the Worker's own stands in wrangler.toml. */
const compatibilityDate = "2026-11-17";

/** A test that needs Node (a file system, a process) says so in its name, and is left out of the workerd run. */
const needsNode = "**/*.node.test.ts";

/** Tests of a whole system, each a project of its own folder: run by name (`vitest run --project e2e`). */
const system = ["package", "e2e", "browser", "chaos", "builds", "soak"].filter((name) =>
  existsSync(new URL(`test/${name}`, import.meta.url)),
);

/** Chaos that stops the service at a step: workerd alone, which waits more than it works. */
const steps = ["test/chaos/{crash-matrix,route-crash}.test.ts"];

/** They start processes and measure time: one file after another. */
const systemTimes = { testTimeout: 120_000, hookTimeout: 180_000, fileParallelism: false };

const projects: TestProjectConfiguration[] = [
  { test: { name: "node", include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"] } },
  {
    plugins: [cloudflareTest({ miniflare: { compatibilityDate } })],
    test: {
      name: "workerd",
      include: ["packages/*/src/**/*.test.ts"],
      exclude: ["**/node_modules/**", needsNode],
      // A runtime for each file costs a second; the SDK keeps no state between them.
      isolate: false,
    },
  },
  { test: { name: "parity", include: ["test/parity/**/*.test.ts"] } },
  { test: { name: "forgery", include: ["test/forgery/**/*.test.ts"] } },
  ...system.map((name) => ({
    test: {
      name,
      // What is published is packed once, for its checks and for the runtimes that run it.
      include: [`test/${name}/**/*.test.ts`, ...(name === "package" ? ["test/runtimes/**/*.test.ts"] : [])],
      exclude: steps,
      globalSetup: existsSync(new URL(`test/${name}/setup.ts`, import.meta.url)) ? [`test/${name}/setup.ts`] : [],
      ...systemTimes,
    },
  })),
  { test: { name: "crash-steps", include: steps, ...systemTimes, fileParallelism: true, maxWorkers: 2 } },
  {
    test: {
      // The same service, woken by the simulated QStash. What is deployed is looked at once.
      name: "e2e-qstash",
      include: ["test/e2e/*.test.ts"],
      exclude: ["test/e2e/production-config.test.ts"],
      env: { E2E_SCHEDULER: "qstash" },
      ...systemTimes,
    },
  },
  ...globSync("workers/*/vitest{,.*}.config.ts", { cwd: import.meta.dirname }).toSorted(),
];

export default defineConfig({ test: { projects } });
