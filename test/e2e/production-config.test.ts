import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import { openHome } from "../../scripts/local/home.ts";
import { adminApiKey, startService, untilUp, type LocalWorker } from "../../scripts/local/workers.ts";
import { root, toolEnvironment } from "../../scripts/run.ts";
import { freePort, removeFolder, temporaryFolder } from "./launch.ts";

/** What these tests read of a configuration. */
interface Configuration {
  readonly [field: string]: unknown;
  readonly services?: readonly { readonly binding: string }[];
  readonly d1_databases: readonly { readonly binding: string; readonly migrations_dir?: string }[];
}

const production: Configuration = readConfig({ config: join(root, "wrangler.toml") });
const development: Configuration = readConfig({ config: join(root, "wrangler.dev.toml") });
const folder = temporaryFolder();

afterAll(() => removeFolder(folder));

describe("the production configuration", () => {
  it("is bound to no simulator, as the one for development is", () => {
    expect(development.services?.map(({ binding }) => binding)).toEqual(["SIMULATOR"]);
    expect(production.services ?? []).toEqual([]);
  });

  it("has no variable but the environment: no key, and no guard to be left open", () => {
    expect(production.vars).toEqual({ ENVIRONMENT: "production" });
  });

  it("differs from the one for development in nothing that the code depends on", () => {
    for (const field of [
      "name",
      "main",
      "compatibility_date",
      "durable_objects",
      "migrations",
      "triggers",
      "assets",
    ] as const) {
      expect(production[field], field).toEqual(development[field]);
    }
    expect(production.d1_databases.map(({ binding, migrations_dir }) => [binding, migrations_dir])).toEqual(
      development.d1_databases.map(({ binding, migrations_dir }) => [binding, migrations_dir]),
    );
  });

  it("builds, without an account, to a bundle that holds nothing of the simulator", () => {
    const output = join(folder, "bundle");
    mkdirSync(output);
    const { status, stdout, stderr } = spawnSync("wrangler", ["deploy", "--dry-run", "--outdir", output], {
      cwd: root,
      encoding: "utf8",
      env: { ...toolEnvironment(), WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
    });
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/Total Upload: [\d.]+ KiB/);
    const bundle = readFileSync(join(output, "index.js"), "utf8");
    expect(bundle).toContain("api.resend.com");
    expect(bundle).not.toMatch(/simulator\.test|simulator[_-]only/);
  });
});

describe("a Worker that calls itself production and is bound to the simulator", () => {
  let worker: LocalWorker;

  beforeAll(async () => {
    worker = startService(openHome(folder), await freePort(), { ENVIRONMENT: "production" });
    await untilUp(worker, "/v1/health", ({ status }) => status === 503);
  });
  afterAll(() => worker.kill());

  it.each([
    ["GET", "/v1/health"],
    ["GET", "/v1/messages"],
    ["POST", "/v1/notifications"],
    ["POST", "/v1/webhooks/resend"],
    ["PUT", "/v1/suppressions"],
    ["GET", "/nothing"],
  ])("refuses %s %s with 503", async (method, path) => {
    const body = method === "GET" ? null : "{}";
    const headers = { authorization: `Bearer ${adminApiKey}`, "content-type": "application/json" };
    const response = await fetch(worker.url + path, { method, headers, body });
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({
      status: 503,
      type: expect.stringContaining("simulator-in-production"),
    });
  });
});
