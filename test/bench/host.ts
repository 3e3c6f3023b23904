import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readD1Migrations } from "@cloudflare/vitest-plugin";
import { createSimulator, simulatorCredentials } from "@carillon/simulator";
import type { Simulator } from "@carillon/simulator";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

const root = join(import.meta.dirname, "../..");
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
  const simulator = createSimulator();
  const loopback = await serve(simulator);
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
    simulator,
    stop: async () => {
      await Promise.all([service.dispose(), rival.dispose()]);
      loopback.close();
    },
  };
}

export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, entry)],
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

export async function migrate(service: Miniflare): Promise<void> {
  const directory = (await service.getD1Database("DB")) as unknown as {
    prepare(sql: string): { run(): Promise<unknown> };
  };
  const folder = join(root, "workers/notify/migrations");
  for (const { queries } of await readD1Migrations(folder)) {
    for (const query of queries) await directory.prepare(query).run();
  }
}

/** The simulator's `fetch` on a loopback port. */
async function serve(simulator: Simulator): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((incoming, outgoing) => void answer(simulator, incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function answer(simulator: Simulator, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const hop = new Set(["host", "connection", "transfer-encoding"]);
  const headers = Object.entries(incoming.headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && !hop.has(entry[0]),
  );
  const response = await simulator.fetch(`https://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method ?? "GET",
    headers,
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  });
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}
