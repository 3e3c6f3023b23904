import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp } from "../../examples/webpush/app.ts";
import { serviceApi, type ServiceApi } from "../../scripts/local/api.ts";
import { openHome } from "../../scripts/local/home.ts";
import {
  adminApiKey,
  migrateDirectory,
  startService,
  startSimulator,
  untilServiceIsUp,
  untilSimulatorIsUp,
  type LocalWorker,
} from "../../scripts/local/workers.ts";
import { freePort } from "../chaos/rig.ts";
import { removeFolder, temporaryFolder } from "../e2e/launch.ts";

/** The example application before the service, and the simulator as the push service of real browsers. */
export interface RigUrls {
  /** Of the application. */
  readonly origin: string;
  readonly serviceUrl: string;
  readonly simulatorUrl: string;
}

export interface Rig extends RigUrls {
  readonly service: ServiceApi;
}

export function connectRig(urls: RigUrls): Rig {
  return { ...urls, service: serviceApi(urls.serviceUrl, adminApiKey) };
}

export async function setUp(): Promise<{ readonly urls: RigUrls; readonly tearDown: () => Promise<void> }> {
  const folder = temporaryFolder();
  const home = openHome(folder);
  const [port, simulatorPort] = [await freePort(), await freePort()];
  const tokenKey = "local:simulator-only-key-of-recipient-tokens";
  const app = createApp({ service: `http://127.0.0.1:${port}`, apiKey: adminApiKey, tokenKey });
  const origin = await listen(app);
  const workers: LocalWorker[] = [];
  const tearDown = async (): Promise<void> => {
    app.closeAllConnections();
    app.close();
    await Promise.all(workers.map((worker) => worker.kill()));
    removeFolder(folder);
  };
  try {
    const simulator = startSimulator(home, simulatorPort, port);
    workers.push(simulator);
    await Promise.all([migrateDirectory(home), untilSimulatorIsUp(simulator)]);
    const service = startService(home, port, { ALLOWED_ORIGINS: origin });
    workers.push(service);
    await untilServiceIsUp(service);
    return { urls: { origin, serviceUrl: service.url, simulatorUrl: simulator.url }, tearDown };
  } catch (error) {
    await tearDown();
    throw error;
  }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
