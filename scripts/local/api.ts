/** What the local tools call: the service's API, and the simulator's own. */

/** A message as `GET /v1/messages/:id` shows it: what the local tools read of it. */
export interface MessageView {
  readonly id: string;
  readonly status: string;
  readonly provider?: string;
  readonly possibleDuplicate: boolean;
  readonly acceptedAt: string;
  readonly sendAt: string;
  readonly nextTryAt?: string;
  readonly tries: number;
  readonly timeline: readonly TimelineEntry[];
}

export interface TimelineEntry {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly kind: "attempt" | "event" | "decision";
  readonly provider?: string;
  /** Of an attempt. */
  readonly outcome?: string;
  readonly status?: number;
  readonly failure?: string;
  /** Of an event. */
  readonly type?: string;
  readonly providerType?: string;
  /** Of an event or a decision. */
  readonly reason?: string;
  readonly rule?: string;
  /** What followed: an object for an attempt, the new place for a decision. */
  readonly then?: string | { readonly action: string; readonly lane?: string; readonly at?: string };
}

export interface NotificationRequest {
  readonly channel: "email" | "sms" | "slack" | "discord" | "webpush" | "fcm";
  /** An address as the channel spells it, or a list of them. */
  readonly to: unknown;
  readonly content: Readonly<Record<string, unknown>>;
  readonly category?: string;
  readonly sendAt?: string;
  readonly providers?: readonly string[];
}

/** In the place of a channel: one way after the other. Addresses and contents are given by channel. */
export interface RoutedRequest {
  readonly to: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
  readonly route: readonly { readonly channel: string; readonly after?: string; readonly unless?: string }[];
}

export interface AcceptedNotification {
  readonly id: string;
  readonly messages: readonly { readonly id: string }[];
}

export interface NotificationView {
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly messages: readonly { readonly id: string; readonly channel?: string; readonly status: string }[];
  /** Of a route: where each person is. */
  readonly people?: readonly {
    readonly steps: readonly { readonly state: string; readonly because?: string; readonly reason?: string }[];
  }[];
}

export interface Health {
  readonly status: string;
  readonly scheduler: {
    readonly used: string;
    readonly publishing?: { readonly reason: string };
    readonly silentGenerations?: number;
  };
  readonly shards: readonly {
    readonly shard: number;
    readonly oldestDueAt: string | null;
    readonly oldestLeaseAt: string | null;
    readonly lateMs: number;
    readonly alarmAt: string | null;
    readonly alarmLateMs: number;
  }[];
}

export interface ServiceApi {
  post(notification: NotificationRequest | RoutedRequest, idempotencyKey?: string): Promise<AcceptedNotification>;
  message(id: string): Promise<MessageView>;
  notification(id: string): Promise<NotificationView>;
  /** Newest first. */
  messages(limit: number): Promise<readonly Omit<MessageView, "timeline" | "tries">[]>;
  /** Ids of the messages that got their address suppressed, newest first. */
  suppressingMessages(): Promise<readonly string[]>;
  health(): Promise<{ readonly ok: boolean; readonly body: Health }>;
  /** The cron's turn, which `wrangler dev` never takes by itself. */
  runCron(): Promise<void>;
}

export function serviceApi(url: string, apiKey: string): ServiceApi {
  const authorization = `Bearer ${apiKey}`;
  const get = <T>(path: string): Promise<T> => readJson(url + path, { headers: { authorization } });
  return {
    post: (notification, idempotencyKey) =>
      readJson(`${url}/v1/notifications`, {
        method: "POST",
        headers: {
          authorization,
          "content-type": "application/json",
          ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        },
        body: JSON.stringify(notification),
      }),
    message: (id) => get(`/v1/messages/${id}`),
    notification: (id) => get(`/v1/notifications/${id}`),
    messages: async (limit) => {
      const page = await get<{ messages: readonly MessageView[] }>(`/v1/messages?limit=${limit}`);
      return page.messages;
    },
    suppressingMessages: async () => {
      const page = await get<{ suppressions: readonly { sourceMessage?: string }[] }>("/v1/suppressions");
      return page.suppressions.flatMap(({ sourceMessage }) => sourceMessage ?? []);
    },
    health: async () => {
      const response = await request(`${url}/v1/health`, {});
      return { ok: response.ok, body: (await response.json()) as Health };
    },
    runCron: async () => {
      const response = await request(`${url}/cdn-cgi/local/scheduled?cron=*/2+*+*+*+*`, {});
      if (!response.ok) throw new Error(`The cron's turn was answered ${response.status}.`);
      await response.body?.cancel();
    },
  };
}

export type Fault = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface Witness {
  /** Different messages that were accepted. */
  readonly messages: number;
  readonly accepted: number;
  /** Acceptances beyond the first of each message. */
  readonly duplicates: number;
}

export interface SimulatorApi {
  addFault(fault: Fault): Promise<void>;
  deleteFaults(): Promise<void>;
  /** How many faults still wait for their request. */
  countFaults(): Promise<number>;
  putSettings(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Forgets all messages, and what the witness counted. */
  clear(): Promise<void>;
  witness(): Promise<Witness>;
  /** How many times each message was accepted, by Carillon's id. */
  acceptances(): Promise<ReadonlyMap<string, number>>;
  /** The simulator's own ids of a message, by Carillon's: one for each time that it was accepted, newest first. */
  find(messageId: string): Promise<readonly string[]>;
  /** A header of an email, as its recipient has it. */
  header(messageId: string, name: string): Promise<string | undefined>;
  /** What a push service's browser has got last, decrypted; by a part of the browser's name. */
  pushPayload(browser: string): Promise<string>;
  /** How many webhooks of a message are still to come; undefined while the message is not there. */
  undelivered(messageId: string): Promise<number | undefined>;
  /** The simulator's ids of the webhooks that it sent for a message. */
  webhooksOf(messageId: string): Promise<readonly string[]>;
  /** Delivers a webhook once more, under the same event id; answers with the statuses that it got. */
  repeatWebhook(webhook: string): Promise<readonly (number | undefined)[]>;
}

export function simulatorApi(url: string): SimulatorApi {
  const send = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const init = { method, headers: { "content-type": "application/json" } };
    const response = await request(url + path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`The simulator answered ${response.status} to ${method} ${path}.`);
    return response;
  };
  const find = async (messageId: string): Promise<readonly string[]> => {
    const page = await readJson<{ items: readonly { id: string }[] }>(`${url}/api/messages?messageId=${messageId}`, {});
    return page.items.map(({ id }) => id);
  };
  return {
    addFault: async (fault) => void (await send("POST", "/api/faults", fault)),
    deleteFaults: async () => void (await send("DELETE", "/api/faults")),
    countFaults: async () => (await readJson<{ items: readonly unknown[] }>(`${url}/api/faults`, {})).items.length,
    putSettings: async (settings) => void (await send("PUT", "/api/settings", settings)),
    clear: async () => void (await send("DELETE", "/api/messages")),
    witness: () => readJson(`${url}/api/witness`, {}),
    acceptances: async () => {
      const { counts } = await readJson<{ counts: Record<string, number> }>(`${url}/api/witness?counts=true`, {});
      return new Map(Object.entries(counts));
    },
    find,
    header: async (messageId, name) => {
      const [message = ""] = await find(messageId);
      const { content } = await readJson<{ content: { headers: readonly (readonly [string, string])[] } }>(
        `${url}/api/messages/${message}`,
        {},
      );
      return content.headers.find(([each]) => each.toLowerCase() === name)?.[1];
    },
    pushPayload: async (browser) => {
      const page = await readJson<{ items: readonly { id: string }[] }>(
        `${url}/api/messages?provider=webpush&recipient=${browser}`,
        {},
      );
      const { content } = await readJson<{ content: { payload: string } }>(
        `${url}/api/messages/${page.items[0]?.id ?? ""}`,
        {},
      );
      return content.payload;
    },
    undelivered: async (messageId) => {
      const [message] = await find(messageId);
      if (message === undefined) return undefined;
      const { webhooks } = await readJson<{ webhooks: readonly { state: string }[] }>(
        `${url}/api/messages/${message}`,
        {},
      );
      return webhooks.filter(({ state }) => state === "waiting").length;
    },
    webhooksOf: async (messageId) => {
      const [message = ""] = await find(messageId);
      const { webhooks } = await readJson<{ webhooks: readonly { id: string }[] }>(
        `${url}/api/messages/${message}`,
        {},
      );
      return webhooks.map(({ id }) => id);
    },
    repeatWebhook: async (webhook) => {
      const response = await send("POST", "/api/webhooks/send", { webhook });
      const { items } = (await response.json()) as {
        readonly items: readonly { readonly attempts: readonly { readonly status?: number }[] }[];
      };
      return items.flatMap(({ attempts }) => attempts.map(({ status }) => status));
    },
  };
}

const answerWithinMs = 15_000;

function request(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(answerWithinMs) });
}

async function readJson<T>(url: string, init: RequestInit): Promise<T> {
  const response = await request(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${new URL(url).pathname} was answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}
