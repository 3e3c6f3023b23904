import type { Route, SignedWebhook } from "../route.ts";
import { providerSettings } from "../settings.ts";
import type { Store, WebhookAttempt, WebhookRecord } from "../store/store.ts";

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export interface DispatcherOptions {
  readonly store: Store;
  readonly routes: readonly Route[];
  readonly deliver: Fetch;
  /** Base URL of the receiver. */
  readonly target: string | undefined;
  readonly now: () => Date;
}

export interface Dispatcher {
  /** Delivers what is due. Stops early after `budgetMs`; answers how many events were tried. */
  flush(budgetMs?: number): Promise<number>;
  /** Delivers everything, due or not, tries again without waiting, until nothing waits. */
  settle(): Promise<number>;
  /** Delivers these now, each on its own. */
  send(webhooks: readonly WebhookRecord[]): Promise<void>;
  /** Asks the receiver to confirm that it wants a provider's webhooks. Undefined where the provider does not ask, or nobody receives. */
  confirm(provider: string): Promise<Pick<WebhookAttempt, "status" | "error"> | undefined>;
}

/** Providers wait for about this long (Resend: 15 s). */
const answerTimeoutMs = 15_000;
/** What a Durable Object may have open at once. */
const connections = 6;
const roundSize = 600;

/** Delivers waiting webhooks and records what the receiver answered. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store } = options;
  const routes = new Map(options.routes.map((route) => [route.id, route]));
  let running: Promise<unknown> = Promise.resolve();

  const post = async (webhooks: readonly WebhookRecord[]): Promise<void> => {
    const [first] = webhooks;
    if (!first || options.target === undefined) return;
    const route = routes.get(first.provider);
    if (!route?.webhook) {
      // Kept by a store that is older than the provider's end.
      const nowMs = options.now().getTime();
      const attempt = { atMs: nowMs, durationMs: 0, error: "The simulator knows no such provider." };
      return store.recordAttempt(
        webhooks.map((webhook) => webhook.id),
        attempt,
        "failed",
        nowMs,
      );
    }
    const { retryDelaysMs } = providerSettings(store.settings(), route.id);
    const earlier = Math.max(...webhooks.map((webhook) => webhook.attempts.length));
    const startedAtMs = options.now().getTime();
    const url = first.url ?? urlOf(route.id, options.target);
    const signed = await route.webhook.sign({
      eventIds: webhooks.map((webhook) => webhook.event.id),
      payloads: webhooks.map((webhook) => webhook.payload),
      url,
      nowMs: startedAtMs,
      retriesRemaining: Math.max(0, retryDelaysMs.length - earlier),
    });
    const answer = await ask(options.deliver, url, signed);
    const nowMs = options.now().getTime();
    const attempt: WebhookAttempt = { atMs: startedAtMs, durationMs: nowMs - startedAtMs, ...answer };
    const ids = webhooks.map((webhook) => webhook.id);
    const { status } = answer;
    const retryDelayMs = route.webhook.retries(status) ? retryDelaysMs[earlier] : undefined;
    if (status !== undefined && status >= 200 && status < 300) store.recordAttempt(ids, attempt, "delivered", nowMs);
    else if (retryDelayMs === undefined) store.recordAttempt(ids, attempt, "failed", nowMs);
    else store.recordAttempt(ids, attempt, "waiting", nowMs + retryDelayMs);
  };

  const run = async (untilMs: () => number, budgetMs: number): Promise<number> => {
    const startedAt = performance.now();
    const inTime = (): boolean => performance.now() - startedAt < budgetMs;
    let tried = 0;
    while (options.target !== undefined && inTime()) {
      const due = store.dueWebhooks(untilMs(), roundSize);
      if (due.length === 0) break;
      await inParallel(
        intoLanes(due, (provider) => routes.get(provider)?.webhook?.maxEvents ?? 1),
        async (requests) => {
          for (const webhooks of requests) {
            // What is left stays due: a receiver that hangs must not hold up whoever called.
            if (!inTime()) return;
            await post(webhooks);
            tried += webhooks.length;
          }
        },
      );
    }
    return tried;
  };

  /** One run at a time: two would deliver the same events. */
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const result = running.then(work, work);
    running = result.catch(() => undefined);
    return result;
  };

  return {
    flush: (budgetMs = Infinity) => exclusively(() => run(() => options.now().getTime(), budgetMs)),
    settle: () => exclusively(() => run(() => Infinity, Infinity)),
    send: (webhooks) =>
      exclusively(async () => {
        // A run that was under way may have taken it along.
        for (const { id } of webhooks) {
          const webhook = store.webhook(id);
          if (webhook?.state === "waiting" && webhook.attempts.length === 0) await post([webhook]);
        }
      }),
    async confirm(provider) {
      const asked = routes.get(provider)?.webhook?.confirmation?.(options.now().getTime());
      if (!asked || options.target === undefined) return undefined;
      return ask(options.deliver, urlOf(provider, options.target), await asked);
    },
  };
}

function urlOf(provider: string, target: string): string {
  return new URL(`/v1/webhooks/${provider}`, target).href;
}

async function ask(
  deliver: Fetch,
  url: string,
  { body, headers }: SignedWebhook,
): Promise<Pick<WebhookAttempt, "status" | "error">> {
  try {
    const response = await deliver(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    await response.body?.cancel();
    return { status: response.status };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Requests that may go side by side; within a lane one follows the other. A provider that delivers one event a request
 * keeps the order of a message's events; one that delivers arrays has one lane, and never the same event twice in an array.
 */
function intoLanes(due: readonly WebhookRecord[], maxEventsOf: (provider: string) => number): WebhookRecord[][][] {
  const lanes = new Map<string, WebhookRecord[][]>();
  for (const webhook of due) {
    const maxEvents = maxEventsOf(webhook.provider);
    const name = maxEvents === 1 ? `${webhook.provider} ${webhook.message}` : webhook.provider;
    const lane = lanes.get(name) ?? [];
    lanes.set(name, lane);
    const last = lane.at(-1);
    const fits = last && last.length < maxEvents && last.every((other) => mayShare(other, webhook));
    if (fits) last.push(webhook);
    else lane.push([webhook]);
  }
  return [...lanes.values()];
}

function mayShare(one: WebhookRecord, other: WebhookRecord): boolean {
  return one.event.id !== other.event.id && one.url === other.url;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: connections }, worker));
}
