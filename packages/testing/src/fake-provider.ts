import type { Channel, ChannelId, Message, Outcome, Provider, ProviderBatch } from "carillon";

/** A message as the fake was handed it. */
export interface FakeReceived<C extends ChannelId = ChannelId> {
  readonly message: Message<C>;
  readonly messageId: string;
  readonly idempotencyKey: string;
  /** How many messages the request carried. */
  readonly batchSize: number;
}

export interface FakeProviderOptions<C extends ChannelId> {
  /** From `carillon/channels`. */
  readonly channel: Channel<C>;
  /** @default "fake" */
  readonly id?: string | undefined;
  /** @default "default" */
  readonly account?: string | undefined;
  /**
   * What becomes of each request, in order; every request after the last one succeeds. A `network` failure breaks the
   * connection and a `timeout` never answers; all others are answers. `providerMessageId` is made when it is left out.
   */
  readonly outcomes?: readonly Outcome[] | undefined;
  readonly idempotency?: Provider["idempotency"];
  /** Takes batches of so many messages; one outcome of the script then speaks for a whole request. */
  readonly maxBatch?: number | undefined;
}

/** A provider without a network, and a record of what reached it. */
export interface FakeProvider<C extends ChannelId = ChannelId> extends Provider<C> {
  /** In the order of the requests; a message that is tried twice is here twice. */
  readonly received: readonly FakeReceived<C>[];
  /** What answers its requests: give it to the notifier, alone or with others through {@link fakeFetch}. */
  fetch(url: string, init: RequestInit): Promise<Response>;
}

const statusByKind: Readonly<Record<string, number>> = {
  "invalid-message": 422,
  "recipient-gone": 422,
  unauthorized: 401,
  rejected: 403,
  "rate-limited": 429,
  unavailable: 503,
};

/**
 * A provider for an app's own tests. It goes through the notifier as a real one does: built, fetched, read, retried.
 *
 * @example
 * const fake = fakeProvider({ channel: emailChannel, outcomes: [{ ok: false, kind: "unavailable", detail: "Down" }] });
 * const notifier = createNotifier({ email: [fake], fetch: fake.fetch });
 */
export function fakeProvider<C extends ChannelId>(options: FakeProviderOptions<C>): FakeProvider<C> {
  const { channel, id = "fake", account = "default", outcomes = [], idempotency, maxBatch } = options;
  const received: FakeReceived<C>[] = [];
  const url = urlOf(id, account);
  let requests = 0;
  // The request names its items, so that what is recorded are the very messages and not copies out of JSON.
  const built: (readonly FakeReceived<C>[])[] = [];
  const build: ProviderBatch<C>["buildRequest"] = (items, { idempotencyKey }) => {
    built.push(items.map((item) => ({ ...item, idempotencyKey, batchSize: items.length })));
    return { method: "POST", url, headers: {}, body: String(built.length - 1), secrets: [] };
  };
  return {
    id,
    account,
    channel,
    idempotency,
    received,
    buildRequest: (message, context) => build([{ message, messageId: context.messageId }], context),
    readResponse: ({ json }) => (json as readonly Outcome[])[0] as Outcome,
    batch:
      maxBatch === undefined
        ? undefined
        : {
            maxMessages: maxBatch,
            groupKey: () => "all",
            buildRequest: build,
            readResponse: ({ json }) => json as readonly Outcome[],
          },
    async fetch(called, init) {
      if (called !== url) throw new TypeError(`The fake provider "${id}" does not answer other requests`);
      const items = built[Number(init.body)] ?? [];
      const outcome: Outcome = outcomes[requests] ?? { ok: true };
      requests += 1;
      received.push(...items);
      if (!outcome.ok && outcome.kind === "network") throw new TypeError("The fake connection broke");
      if (!outcome.ok && outcome.kind === "timeout") return neverAnswers(init.signal);
      const answers = items.map((_, i) =>
        outcome.ok ? { providerMessageId: `${id}-${received.length - items.length + i + 1}`, ...outcome } : outcome,
      );
      return Response.json(answers, { status: outcome.ok ? 200 : (statusByKind[outcome.kind] ?? 200) });
    },
  };
}

/** One `fetch` for several fakes. Any other request fails, as it would without a network. */
export function fakeFetch(...fakes: readonly FakeProvider[]): FakeProvider["fetch"] {
  return async (url, init) => {
    const fake = fakes.find(({ id, account }) => urlOf(id, account) === url);
    if (!fake) throw new TypeError("No fake provider answers this request");
    return fake.fetch(url, init);
  };
}

function urlOf(id: string, account: string): string {
  return `https://fake.invalid/${encodeURIComponent(id)}/${encodeURIComponent(account)}`;
}

function neverAnswers(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")));
  });
}
