import type { Fault } from "../fault.ts";
import { faultMatches } from "../fault.ts";
import type { RecordedRequest } from "../message.ts";
import type { Autopush } from "../push/autopush.ts";
import type { PushRecords } from "../push/records.ts";
import type { Answer, ApiRequest, Route } from "../route.ts";
import type { Called } from "../routing.ts";
import { providerSettings } from "../settings.ts";
import type { Store } from "../store/store.ts";
import { planWebhooks } from "../webhook/plan.ts";
import { sha256Hex, toBase64, utf8 } from "../wire/bytes.ts";
import { parseJson } from "../wire/json.ts";
import { createRateLimit } from "./rate-limit.ts";

export interface ExchangeOptions {
  readonly store: Store;
  readonly autopush: Autopush;
  readonly subscriptions: Pick<PushRecords, "subscription">;
  /** Base URL of the webhooks' receiver. */
  readonly target: string | undefined;
  readonly now: () => Date;
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Told when events became due, and when the first of them is (Unix milliseconds). */
  readonly wake: (atMs: number) => void;
}

/** What `accept-then-time-out` waits at most, should the client wait for ever. */
const longestHoldMs = 300_000;

/** Stands for what is secret. */
const mask = "••••••••";

const cutMessage = "The simulator cut the connection.";

/** The connection ends without an answer. */
export class ConnectionCut extends TypeError {
  constructor() {
    super(cutMessage);
    this.name = "ConnectionCut";
  }
}

/** Also knows a cut that was thrown in another isolate: of the error only the message comes across. */
export function isConnectionCut(error: unknown): boolean {
  return error instanceof Error && error.message === cutMessage;
}

/** Answers one request to a provider's API. Throws {@link ConnectionCut} where a fault says that no answer arrives. */
export type Exchange = (called: Called, request: Request) => Promise<Response>;

export function createExchange(options: ExchangeOptions): Exchange {
  const { store } = options;
  /** Idempotency keys whose request has not been decided yet. Not durable: a restart ends those requests. */
  const undecided = new Set<string>();
  const waitFor = createRateLimit();

  return async (called, request) => {
    const { route, path } = called;
    const api = await readRequest(request, called, options.now().getTime());
    if (providerSettings(store.settings(), route.id).rateLimits) {
      const waitMs = waitFor(route, api);
      if (waitMs > 0) return respond(route.rateLimited(Math.ceil(waitMs / 1000)));
    }
    const handled = await route.handle(api, {
      message: (id) => store.messageOf(route.id, id),
      subscription: options.subscriptions.subscription,
    });
    const recipients = handled.messages.flatMap((message) => message.recipients);
    const takeFault = (test: (fault: Fault) => boolean): Fault | undefined =>
      store.takeFault(
        (fault) =>
          test(fault) &&
          faultMatches(fault, route.id, recipients) &&
          (fault.share === undefined || options.random() < fault.share),
      );

    const key = handled.idempotencyKey === undefined ? undefined : `${route.id} ${handled.idempotencyKey}`;
    if (key !== undefined && route.idempotency && undecided.has(key)) return respond(route.idempotency.concurrent());
    if (key !== undefined) undecided.add(key);
    let fault: Fault | undefined;
    let answer: Answer;
    try {
      const slow = takeFault(({ kind }) => kind === "slow");
      if (slow?.kind === "slow") await options.sleep(slow.delayMs, request.signal);
      const fingerprint = key === undefined ? "" : await fingerprintOf(path, api.bytes);
      fault = takeFault(({ kind }) => kind !== "slow");
      if (fault?.kind === "rate-limit") return respond(route.rateLimited(fault.retryAfterSeconds ?? 1));
      if (fault?.kind === "unavailable") return respond(route.unavailable());
      if (fault?.kind === "respond") return respond(fault);
      answer = decide(fingerprint);
    } finally {
      if (key !== undefined) undecided.delete(key);
    }
    if (fault?.kind === "accept-then-time-out") await options.sleep(longestHoldMs, request.signal);
    if (fault) throw new ConnectionCut();
    return respond(answer);

    /** The point of no return; nothing here waits. */
    function decide(fingerprint: string): Answer {
      const nowMs = options.now().getTime();
      const remembered = key === undefined ? undefined : store.remembered(key, nowMs);
      if (remembered && route.idempotency) {
        return remembered.fingerprint === fingerprint ? remembered.answer : route.idempotency.mismatch();
      }
      const { messages, edits = [] } = handled;
      const received = recorded(api, route);
      if (messages.length === 0) {
        const { answer, note } = handled;
        store.addRequest({ ...received, provider: route.id, receivedAtMs: nowMs, status: answer.status, note }, edits);
        return answer;
      }
      const settings = providerSettings(store.settings(), route.id);
      const { target, random } = options;
      const planned = planWebhooks({ route, messages, receivedAtMs: nowMs, settings, target, random });
      const expiresAtMs = nowMs + (route.idempotency?.rememberedForMs ?? 0);
      store.accept({
        provider: route.id,
        receivedAtMs: nowMs,
        idempotencyKey: handled.idempotencyKey,
        request: received,
        entries: messages.map((message, index) => ({ message, webhooks: planned[index] ?? [] })),
        edits,
        remember:
          key === undefined ? undefined : { key, remembered: { fingerprint, answer: handled.answer, expiresAtMs } },
      });
      if (handled.push) options.autopush.push(handled.push);
      const due = planned.flat().filter((webhook) => webhook.state === "waiting");
      if (due.length > 0) options.wake(due.reduce((first, webhook) => Math.min(first, webhook.dueAtMs), Infinity));
      return handled.answer;
    }
  };
}

async function readRequest(request: Request, { host, path }: Called, nowMs: number): Promise<ApiRequest> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const body = new TextDecoder().decode(bytes);
  const { method, url, headers } = request;
  return { method, url, host, path, headers, bytes, body, json: parseJson(body), nowMs };
}

async function fingerprintOf(path: string, body: Uint8Array): Promise<string> {
  const head = utf8(`${path}\n`);
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return await sha256Hex(all);
}

/** What is kept of a request. */
function recorded({ method, url, headers, bytes, body }: ApiRequest, route: Route): Omit<RecordedRequest, "id"> {
  return {
    method,
    url: route.secretPath ? url.replace(route.secretPath, mask) : url,
    headers: maskHeaders(headers, route),
    ...(isUtf8(bytes) ? { body } : { body: toBase64(bytes), bodyEncoding: "base64" }),
  };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function maskHeaders(headers: Headers, route: Route): [string, string][] {
  return [...headers].map(([name, value]) => {
    if (!route.secretHeaders.includes(name)) return [name, value];
    const scheme = /^[A-Za-z]+ /.exec(value)?.[0] ?? "";
    return [name, `${scheme}${mask}`];
  });
}

/** A body that is no text goes out as JSON; where the status allows none, none. */
export function respond({ status, headers, body }: Answer): Response {
  const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  const empty = [204, 205, 304].includes(status);
  const contentType = text === null || empty ? undefined : { "content-type": "application/json; charset=utf-8" };
  return new Response(empty ? null : text, { status, headers: { ...contentType, ...headers } });
}
