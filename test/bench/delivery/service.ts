import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simulatorCredentials, type Simulator } from "@carillon/simulator";
import { freePort } from "../../chaos/rig.ts";
import { bundle } from "../../workerd/bundle.ts";
import { apiKey, currentMigrations, startServing, variables } from "../../workerd/service.ts";
import { serveSimulator } from "../../workerd/simulator.ts";
import type { Shot } from "../load.ts";

/** A service of its own for one measurement, reached without a proxy; the simulator in this process. */
export interface Bench {
  readonly url: URL;
  readonly simulator: Simulator;
  stop(): Promise<void>;
}

/** `main` of the Worker: the real one, or the one that counts. */
export async function startBench(main: string, own: Readonly<Record<string, string>>): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-delivery-"));
  const script = join(folder, "worker.js");
  writeFileSync(script, await bundle(main));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const served = await serveSimulator({ webhookTarget: url });
  const { qstash } = simulatorCredentials;
  const service = await startServing({
    script,
    port,
    state: join(folder, "state"),
    migrations: currentMigrations,
    variables: {
      ...variables,
      // What is measured is the service, not the pace that a provider asks for.
      RATES: JSON.stringify({ "resend:default": null, "sendgrid:default": null }),
      PUBLIC_URL: url,
      QSTASH_URL: `http://127.0.0.1:${served.port}/qstash.upstash.io`,
      QSTASH_TOKEN: qstash.token,
      QSTASH_CURRENT_SIGNING_KEY: qstash.currentSigningKey,
      QSTASH_NEXT_SIGNING_KEY: qstash.nextSigningKey,
      ...own,
    },
    services: { SIMULATOR: served.port },
  });
  return {
    url: new URL(url),
    simulator: served.simulator,
    stop: async () => {
      await service.kill();
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Webhooks that are never told of: only the sending is measured. */
export function withoutWebhooks({ simulator }: Bench): void {
  const { store } = simulator;
  store.setSettings({ ...store.settings(), delayMs: 86_400_000 });
}

let people = 0;

/** One request for so many messages. */
export function acceptShot(recipients: number, sendAtMs: number, provider: string): Shot {
  const to = Array.from({ length: recipients }, () => `delivered+${(people += 1)}@simulator.test`);
  const content = {
    from: "shop@example.org",
    subject: "Your receipt",
    html: "<h1>Thanks</h1><p>It is on its way.</p>",
  };
  const body = { channel: "email", to, content, providers: [provider], sendAt: new Date(sendAtMs).toISOString() };
  return {
    path: "/v1/notifications",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: Buffer.from(JSON.stringify(body)),
  };
}

export async function untilTaken({ simulator }: Bench, messages: number, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (simulator.store.witness().accepted < messages) {
    if (Date.now() > deadline) {
      throw new Error(`${simulator.store.witness().accepted} of ${messages} messages were sent in ${withinMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
