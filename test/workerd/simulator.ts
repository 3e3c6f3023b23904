import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createSimulator, isConnectionCut } from "@carillon/simulator";
import type { Simulator, SimulatorOptions } from "@carillon/simulator";

/** The simulator in this process, on a loopback port: what happens to the service does not touch it. */
export interface ServedSimulator {
  readonly simulator: Simulator;
  readonly port: number;
  /** How many it was asked so far. */
  requests(): number;
  close(): Promise<void>;
}

/** One look at what is due takes this long at most. */
const turnMs = 1_000;

export async function serveSimulator(options: Omit<SimulatorOptions, "wake"> = {}): Promise<ServedSimulator> {
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Infinity;
  let closed = false;
  const flush = async (): Promise<void> => {
    timerAtMs = Infinity;
    await simulator.flush(turnMs);
    const next = simulator.nextDueMs();
    if (next !== undefined) wake(next);
  };
  const wake = (atMs: number): void => {
    if (closed || atMs >= timerAtMs) return;
    clearTimeout(timer);
    timerAtMs = atMs;
    timer = setTimeout(() => void flush(), Math.max(1, atMs - Date.now()));
  };
  const simulator = createSimulator({ ...options, ...(options.webhookTarget === undefined ? {} : { wake }) });
  let requests = 0;
  const server = createServer((incoming, outgoing) => {
    requests += 1;
    void answer(simulator, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    simulator,
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const hopByHop = new Set(["host", "connection", "transfer-encoding"]);

async function answer(simulator: Simulator, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const headers = Object.entries(incoming.headers).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string" && !hopByHop.has(entry[0]),
    );
    const response = await simulator.fetch(`https://${incoming.headers.host}${incoming.url}`, {
      method: incoming.method ?? "GET",
      headers,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch (error) {
    outgoing.destroy();
    // Whoever asked is gone, or was cut off on purpose: nothing else may go wrong here.
    if (!isConnectionCut(error) && !incoming.errored) throw error;
  }
}
