import { createSimulator, simulatorCredentials, type Simulator, type SimulatorOptions } from "@carillon/simulator";
import { createNotifier, type Notifier, type NotifierOptions } from "carillon";
import { resend } from "carillon/providers/resend";
import { Hono } from "hono";
import { vi } from "vitest";
import { createHandler, createQueue, type HandlerOptions, type Queue, type QueueOptions } from "../index.ts";

/** An application of Hono's with a queue, its handler, and QStash and the providers on the other side. */

export const jobsUrl = "https://app.test/jobs";
/** Now, on the second: the official receiver knows no other clock, and a signature holds for five minutes. */
export const startMs: number = Math.floor(Date.now() / 1000) * 1000;

const { token, currentSigningKey, nextSigningKey } = simulatorCredentials.qstash;
export const keys: { readonly currentSigningKey: string; readonly nextSigningKey: string } = {
  currentSigningKey,
  nextSigningKey,
};

export interface AppRig {
  readonly simulator: Simulator;
  readonly queue: Queue<"email">;
  /** Answers of the application to QStash. */
  readonly answers: { readonly status: number; readonly retryAfter: string | null; readonly body: string }[];
  nowMs: number;
  /** Lets time pass, and answers how many times QStash called then. */
  pass(ms: number): Promise<number>;
}

export interface AppOptions {
  readonly queue?: Partial<QueueOptions<"email">>;
  readonly handler?: Partial<HandlerOptions<Notifier<"email">>>;
  readonly notifier?: NotifierOptions;
  readonly simulator?: SimulatorOptions;
}

export function notifierOf(simulator: Simulator, options: AppOptions = {}): Notifier<"email"> {
  const fetch = simulator.fetch as NonNullable<NotifierOptions["fetch"]>;
  return createNotifier({
    email: [resend({ apiKey: simulatorCredentials.resend.apiKey })],
    fetch,
    attempts: 1,
    ...options.notifier,
  }) as Notifier<"email">;
}

/** Replaces the global `fetch`, by which Upstash's client calls, until `vi.unstubAllGlobals()`. */
export function appRig(options: AppOptions = {}): AppRig {
  const answers: AppRig["answers"] = [];
  const app = new Hono();
  const simulator = createSimulator({
    webhookTarget: "https://app.test",
    now: () => new Date(rig.nowMs),
    async deliver(url, init) {
      // The providers' webhooks are another story.
      if (url.includes("/v1/webhooks/")) return new Response();
      const response = await app.request(url, init);
      const body = await response.clone().text();
      answers.push({ status: response.status, retryAfter: response.headers.get("retry-after"), body });
      return response;
    },
    ...options.simulator,
  });
  vi.stubGlobal("fetch", simulator.fetch);
  const notifier = notifierOf(simulator, options);
  const handle = createHandler({ notifier, url: jobsUrl, ...keys, ...options.handler });
  app.post("/jobs", (c) => handle(c.req.raw));
  const rig: AppRig = {
    simulator,
    queue: createQueue<"email">({ token, url: jobsUrl, ...options.queue }),
    answers,
    nowMs: startMs,
    async pass(ms) {
      const before = answers.length;
      rig.nowMs += ms;
      await simulator.flush();
      return answers.length - before;
    },
  };
  return rig;
}

export function email(to = "delivered@simulator.test"): {
  readonly channel: "email";
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
} {
  return { channel: "email", from: "shop@example.com", to, subject: "Receipt", text: "Thanks" };
}
