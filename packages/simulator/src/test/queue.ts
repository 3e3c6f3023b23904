import { simulatorCredentials } from "../credentials.ts";
import { createSimulator, type Simulator, type SimulatorOptions } from "../simulator.ts";

/** What tests of the simulated QStash call it with. */

const target = "https://app.test";

export interface Delivery {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly atMs: number;
}

export interface QueueRig {
  readonly simulator: Simulator;
  /** Calls the API, its credential included; `path` comes after `/v2`. */
  api(method: string, path: string, init?: { headers?: Record<string, string>; body?: unknown }): Promise<ApiAnswer>;
  /** What the receiver got, in order. */
  readonly deliveries: Delivery[];
  /** How the receiver answers; 200 unless set. */
  answer: (delivery: Delivery) => Response | Promise<Response>;
  nowMs: number;
  /** Lets time pass, and delivers what is due then. */
  pass(ms: number): Promise<number>;
  /** Lets time pass to the next thing that is due. */
  next(): Promise<number>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line typescript/no-explicit-any -- tests compare it with what they expect
  readonly json: any;
}

/** 2026-03-01, 12:00:00 UTC. */
export const startMs = 1_772_366_400_000;

export function queueRig(options: SimulatorOptions = {}): QueueRig {
  const deliveries: Delivery[] = [];
  const simulator = createSimulator({
    webhookTarget: target,
    now: () => new Date(rig.nowMs),
    async deliver(url, init) {
      const request = new Request(url, init);
      const { method, headers } = request;
      const delivery = { url, method, headers, body: await request.text(), atMs: rig.nowMs };
      deliveries.push(delivery);
      return rig.answer(delivery);
    },
    ...options,
  });
  const rig: QueueRig = {
    simulator,
    deliveries,
    nowMs: startMs,
    answer: () => new Response("ok"),
    async api(method, path, { headers, body } = {}) {
      const response = await simulator.fetch(`https://qstash.upstash.io/v2${path}`, {
        method,
        headers: { authorization: `Bearer ${simulatorCredentials.qstash.token}`, ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, json: text === "" ? undefined : JSON.parse(text) };
    },
    pass(ms) {
      rig.nowMs += ms;
      return simulator.flush();
    },
    next() {
      rig.nowMs = Math.max(rig.nowMs, simulator.nextDueMs() ?? rig.nowMs);
      return simulator.flush();
    },
  };
  return rig;
}

export const destination: string = `${target}/jobs`;
