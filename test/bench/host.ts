import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { readD1Migrations } from "@cloudflare/vitest-plugin";
import { simulatorCredentials } from "@carillon/simulator";
import type { Simulator } from "@carillon/simulator";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { root } from "../../scripts/run.ts";
import { bundle } from "../workerd/bundle.ts";
import { serveSimulator } from "../workerd/simulator.ts";

export const compatibilityDate = "2026-11-17";

export const apiKey = "crl_benchmark_only_admin_key";

/** The service and its rival, each in a workerd of its own, reached without a proxy; the simulator in this process. */
export interface Host {
  readonly service: URL;
  readonly rival: URL;
  readonly simulator: Simulator;
  stop(): Promise<void>;
}

export async function startHost(): Promise<Host> {
  execFileSync("node", ["scripts/generate.ts"], { cwd: root });
  const loopback = await serveSimulator();
  const credentials = {
    RESEND_API_KEY: simulatorCredentials.resend.apiKey,
    POSTMARK_SERVER_TOKEN: simulatorCredentials.postmark.serverToken,
    SENDGRID_API_KEY: simulatorCredentials.sendgrid.apiKey,
    SENDGRID_WEBHOOK_PUBLIC_KEY: simulatorCredentials.sendgrid.webhookPublicKey,
  };
  const bindings = {
    ENVIRONMENT: "development",
    GUARD: JSON.stringify({ allow: { email: ["*@simulator.test"] } }),
    PROVIDERS: "resend,postmark,sendgrid",
    // What is measured is the service, not the pace that Resend asks for.
    RATES: JSON.stringify({ "resend:default": null }),
    ADMIN_API_KEY: apiKey,
    ...credentials,
  };
  const common = {
    modules: true as const,
    compatibilityDate,
    bindings,
    serviceBindings: { SIMULATOR: { external: { address: `127.0.0.1:${loopback.port}`, http: {} } } },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: false }],
  };
  const service = new Miniflare(
    convertV4MiniflareOptions({
      name: "service",
      script: await bundle("workers/notify/src/index.ts"),
      d1Databases: { DB: "directory" },
      durableObjects: {
        LEDGER: { className: "Ledger", useSQLite: true },
        LANE: { className: "Lane", useSQLite: true },
      },
      ...common,
    } as never),
  );
  const rival = new Miniflare(
    convertV4MiniflareOptions({
      name: "rival",
      script: await bundle("test/bench/rival.ts"),
      durableObjects: { ROWS: { className: "Rows", useSQLite: true } },
      ...common,
    } as never),
  );
  const [serviceUrl, rivalUrl] = await Promise.all([service.unsafeGetDirectURL(), rival.unsafeGetDirectURL()]);
  await migrate(service);
  return {
    service: serviceUrl,
    rival: rivalUrl,
    simulator: loopback.simulator,
    stop: async () => {
      await Promise.all([service.dispose(), rival.dispose()]);
      await loopback.close();
    },
  };
}

export async function migrate(service: Miniflare): Promise<void> {
  const directory = (await service.getD1Database("DB")) as unknown as {
    prepare(sql: string): { run(): Promise<unknown> };
  };
  const folder = join(root, "workers/notify/migrations");
  for (const { queries } of await readD1Migrations(folder)) {
    for (const query of queries) await directory.prepare(query).run();
  }
}
