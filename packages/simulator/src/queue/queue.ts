import { simulatorCredentials } from "../credentials.ts";
import type { Fault } from "../fault.ts";
import { ConnectionCut, respond } from "../http/exchange.ts";
import type { Answer } from "../route.ts";
import type { Called } from "../routing.ts";
import type { Store } from "../store/store.ts";
import type { Fetch } from "../webhook/dispatcher.ts";
import { parseJson } from "../wire/json.ts";
import type { QueueRequest } from "./call.ts";
import { decideRequest } from "./api.ts";
import { createQueueDelivery, type QueueDelivery } from "./delivery.ts";
import { recordsOf, type Records } from "./records.ts";

/** What is called by QStash's hosts: of Europe, by two names, and of the United States. */
export const queueHosts: { readonly hosts: readonly string[] } = {
  hosts: ["qstash.upstash.io", "qstash-eu-central-1.upstash.io", "qstash-us-east-1.upstash.io"],
};

export interface QueueOptions {
  readonly store: Store;
  readonly deliver: Fetch;
  readonly target: string | undefined;
  readonly now: () => Date;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Told when messages may be due, and when the first of them is (Unix milliseconds). */
  readonly wake: (atMs: number) => void;
}

/** QStash: its API, and the deliveries of what was published. */
export interface SimulatedQueue {
  fetch(called: Called<typeof queueHosts>, request: Request): Promise<Response>;
  readonly flush: QueueDelivery["flush"];
  readonly settle: QueueDelivery["settle"];
  nextDueMs(): number | undefined;
  readonly records: Records;
}

/** What `accept-then-time-out` waits at most, should the client wait for ever. */
const longestHoldMs = 300_000;
const mask = "••••••••";

export function createQueue(options: QueueOptions): SimulatedQueue {
  const { store, target } = options;
  const records = recordsOf(store.queue);
  const delivery = createQueueDelivery({ store, records, deliver: options.deliver, target, now: options.now });

  async function answer(called: Called<typeof queueHosts>, request: Request): Promise<Answer> {
    const body = new Uint8Array(await request.arrayBuffer());
    const { search, searchParams: query } = new URL(request.url);
    if (!isAuthorized(request.headers, query)) {
      return refuse(request, { status: 401, body: { error: "unable to authenticate: invalid token" } });
    }
    query.delete("qstash_token");
    const api: QueueRequest = {
      method: request.method,
      path: called.path,
      query,
      search: search.replace(/(?<=[?&])qstash_token=[^&]*&?/, "").replace(/[?&]$/, ""),
      headers: request.headers,
      body,
      json: parseJson(new TextDecoder().decode(body)),
      nowMs: options.now().getTime(),
      callerIp: "127.0.0.1",
      region: called.host.includes("us-east-1") ? "US-EAST-1" : "EU-CENTRAL-1",
    };
    const slow = takeFault(({ kind }) => kind === "slow");
    if (slow?.kind === "slow") await options.sleep(slow.delayMs, request.signal);
    const decide = await decideRequest(api, { records, delivery, target });
    const fault = takeFault(({ kind }) => kind !== "slow");
    if (fault?.kind === "rate-limit") return rateLimited(fault.retryAfterSeconds ?? 1, api.nowMs);
    if (fault?.kind === "unavailable") return { status: 503, body: { error: "service unavailable" } };
    if (fault?.kind === "respond") return fault;
    const decided = decide();
    if (decided.status >= 400) refuse(request, decided);
    delivery.poke();
    const nextMs = records.nextDueMs();
    if (nextMs !== undefined) options.wake(nextMs);
    if (fault?.kind === "accept-then-time-out") await options.sleep(longestHoldMs, request.signal);
    if (fault) throw new ConnectionCut();
    return decided;
  }

  /** Faults of recipients are none of the queue's. */
  function takeFault(test: (fault: Fault) => boolean): Fault | undefined {
    return store.takeFault((fault) => test(fault) && fault.provider === "qstash");
  }

  /** Keeps what was refused, for who wonders why. */
  function refuse({ method, url, headers }: Request, decided: Answer): Answer {
    const shown = [...headers].map(([name, value]): [string, string] => [
      name,
      name.includes("authorization") ? mask : value,
    ]);
    store.addRequest(
      {
        provider: "qstash",
        receivedAtMs: options.now().getTime(),
        status: decided.status,
        method,
        url: url.replace(/(?<=[?&]qstash_token=)[^&]+/, mask),
        headers: shown,
        body: "",
      },
      [],
    );
    return decided;
  }

  return {
    fetch: async (called, request) => respond(await answer(called, request)),
    flush: delivery.flush,
    settle: delivery.settle,
    nextDueMs: records.nextDueMs,
    records,
  };
}

function isAuthorized(headers: Headers, query: URLSearchParams): boolean {
  const { token } = simulatorCredentials.qstash;
  return headers.get("authorization") === `Bearer ${token}` || query.get("qstash_token") === token;
}

/** Of requests a second; the daily limit has other headers. */
function rateLimited(retryAfterSeconds: number, nowMs: number): Answer {
  return {
    status: 429,
    headers: {
      "burst-ratelimit-limit": "100",
      "burst-ratelimit-remaining": "0",
      "burst-ratelimit-reset": String(Math.ceil(nowMs / 1000) + retryAfterSeconds),
    },
    body: { error: "rate limit exceeded" },
  };
}
