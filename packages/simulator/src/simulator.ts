import { Hono } from "hono";
import { routes as allRoutes } from "./generated/routes.ts";
import { controlApi } from "./http/control.ts";
import { createExchange } from "./http/exchange.ts";
import { pages } from "./pages/pages.ts";
import { createQueue, queueHosts } from "./queue/queue.ts";
import { type BrowserConnection, type BrowserSocket, createAutopush } from "./push/autopush.ts";
import { pushRecords } from "./push/records.ts";
import type { Route } from "./route.ts";
import { createRouter, type Called } from "./routing.ts";
import { memoryStore } from "./store/memory.ts";
import type { Store } from "./store/store.ts";
import { lazy } from "./wire/lazy.ts";
import { createDispatcher, type Fetch } from "./webhook/dispatcher.ts";

export interface SimulatorOptions {
  /**
   * Base URL of the webhooks' receiver, which gets them at `/v1/webhooks/<provider>`, and of QStash's destinations: nobody
   * else is called. Absent: nobody is.
   */
  readonly webhookTarget?: string | undefined;
  /** Carries webhooks and QStash's deliveries to the receiver; the global `fetch` unless given. */
  readonly deliver?: Fetch | undefined;
  /** In memory unless given. */
  readonly store?: Store | undefined;
  /** All that the package has, unless given. */
  readonly routes?: readonly Route[] | undefined;
  readonly now?: (() => Date) | undefined;
  /** From 0 up to 1; orders shuffled webhooks, and picks the requests of a fault that has a share of them. */
  readonly random?: (() => number) | undefined;
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  /** Told when webhooks or deliveries become due (Unix milliseconds), to call `flush` then. Without it nothing is delivered unasked. */
  readonly wake?: ((atMs: number) => void) | undefined;
}

/** What it calls others with: providers' webhooks, and QStash's messages. */
export type Delivered = "webhooks" | "jobs";

export interface Simulator {
  /**
   * The whole simulator as a `fetch`: the providers' APIs by host name, or with the host name as the first part of the path;
   * `/api`, and the pages. Rejects as `fetch` does when the signal aborts, or when a fault cuts the connection.
   */
  fetch(input: Request | string | URL, init?: RequestInit): Promise<Response>;
  /**
   * A real browser has opened a WebSocket to its push service. Whoever runs the simulator brings the socket: no two runtimes
   * open one in the same way.
   */
  connectBrowser(socket: BrowserSocket): BrowserConnection;
  /** Delivers what is due, of both or of one kind, and answers how many. Stops early after `budgetMs`. */
  flush(budgetMs?: number, only?: Delivered): Promise<number>;
  /** Delivers everything, due or not, retries included, and answers how many times something was tried. */
  settle(only?: Delivered): Promise<number>;
  /** When `flush` has something to do next (Unix milliseconds); undefined: nothing waits. */
  nextDueMs(): number | undefined;
  /** Everything it keeps, for assertions. */
  readonly store: Store;
}

/** The other side of the wire: providers that accept, refuse, fail and call back as the real ones do. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const store = options.store ?? memoryStore();
  const routes = options.routes ?? allRoutes;
  const findRoute = createRouter(routes);
  const now = options.now ?? (() => new Date());
  const wake = options.wake ?? (() => undefined);
  const target = options.webhookTarget;
  const deliver = options.deliver ?? ((url, init) => fetch(url, init));
  const dispatcher = createDispatcher({ store, routes, deliver, target, now });
  const pause = options.sleep ?? sleep;
  const queue = createQueue({ store, deliver, target, now, sleep: pause, wake });
  const subscriptions = pushRecords(store.queue);
  const autopush = createAutopush({ records: subscriptions, now });
  const exchange = createExchange({
    store,
    autopush,
    subscriptions,
    target,
    now,
    random: options.random ?? Math.random,
    sleep: pause,
    wake,
  });

  const own = new Hono();
  own.route("/api", controlApi({ store, subscriptions, autopush, routes, dispatcher, target, now, wake }));
  own.route("/", pages({ store, routes, queue: queue.records, now }));
  own.onError((error) => {
    throw error;
  });

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const published = findQueue(url);
    if (published) return await queue.fetch(published, request);
    const called = findRoute(url);
    return called ? await exchange(called, request) : await own.fetch(request);
  };

  return {
    fetch: (input, init) => {
      const request = new Request(input, init);
      return untilAborted(request.signal, answer(request));
    },
    connectBrowser: (socket) => autopush.connect(socket),
    // What one delivers may bring something for the other, but neither waits for it.
    flush: (budgetMs, only) =>
      both(only, { webhooks: () => dispatcher.flush(budgetMs), jobs: () => queue.flush(budgetMs) }),
    async settle(only) {
      let tried = 0;
      for (;;) {
        const more = await both(only, { webhooks: dispatcher.settle, jobs: queue.settle });
        tried += more;
        if (more === 0) return tried;
      }
    },
    nextDueMs() {
      const times = [store.nextDueMs(), queue.nextDueMs()].filter((time) => time !== undefined);
      return times.length > 0 ? Math.min(...times) : undefined;
    },
    store,
  };
}

/** Whether a URL calls a provider by its host name, not by a path. */
export function namesProvider(url: URL): boolean {
  return findQueue(url)?.byHostName === true || findByHostName()(url)?.byHostName === true;
}

const findByHostName = /* @__PURE__ */ lazy(() => createRouter(allRoutes));
const findQueue = (url: URL): Called<typeof queueHosts> | undefined => findByQueueHost()(url);
const findByQueueHost = /* @__PURE__ */ lazy(() => createRouter([queueHosts]));

/** Does both at once, unless only one is wanted. */
async function both(
  only: Delivered | undefined,
  { webhooks, jobs }: Readonly<Record<Delivered, () => Promise<number>>>,
): Promise<number> {
  const [first, second] = await Promise.all([only === "jobs" ? 0 : webhooks(), only === "webhooks" ? 0 : jobs()]);
  return first + second;
}

/** Fails as `fetch` does when its signal aborts, although the simulator goes on. */
async function untilAborted(signal: AbortSignal, answer: Promise<Response>): Promise<Response> {
  signal.throwIfAborted();
  const { promise, stop } = rejectOnAbort(signal);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    stop();
  }
}

function rejectOnAbort(signal: AbortSignal): { readonly promise: Promise<never>; readonly stop: () => void } {
  let abort = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  return { promise, stop: () => signal.removeEventListener("abort", abort) };
}

/** Ends early when the signal aborts: nobody waits any more. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
