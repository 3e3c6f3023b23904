import type { AcceptedMessage } from "./message.ts";
import type { SimulatedEventType } from "./outcome.ts";

/** A request to a provider's API. */
export interface ApiRequest {
  readonly method: string;
  /** Without the prefix that names the host. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  readonly nowMs: number;
}

/** An answer of a provider's API; without a body it is empty. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
}

/** What a route decides about a request. It has no effect of its own: the simulator may still let a fault happen instead. */
export interface Handled {
  readonly answer: Answer;
  /** Empty when the request was refused, or is accepted without being sent. */
  readonly messages: readonly AcceptedMessage[];
  /** Only from providers that honour one. */
  readonly idempotencyKey?: string | undefined;
}

export interface SimulatedEvent {
  /** What the provider calls the event by in every delivery of it: `svix-id`, `sg_event_id`, trace id. */
  readonly id: string;
  readonly type: SimulatedEventType;
  readonly recipient: string;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** One attempt to deliver events. */
export interface WebhookDelivery {
  readonly eventIds: readonly string[];
  readonly payloads: readonly unknown[];
  readonly nowMs: number;
  readonly retriesRemaining: number;
}

/** One provider: its HTTP API and its webhooks, from its documentation alone. A file in `providers/` exports one as `route`. */
export interface Route {
  /** As in `/v1/webhooks/<id>`. */
  readonly id: string;
  readonly name: string;
  /** Host names of its API, lower case; they are also path prefixes, for clients that only know a base URL. */
  readonly hosts: readonly string[];
  /** Lower case; masked in what is kept. */
  readonly secretHeaders: readonly string[];
  handle(request: ApiRequest): Handled;
  /** Its own answers when too many requests come, and when it is down. */
  rateLimited(retryAfterSeconds: number): Answer;
  unavailable(): Answer;
  readonly idempotency?:
    | {
        readonly rememberedForMs: number;
        /** Same key, another body. */
        mismatch(): Answer;
        /** Same key, and the first request is still running. */
        concurrent(): Answer;
      }
    | undefined;
  readonly webhook: {
    newEventId(): string;
    /** Undefined where the provider has no such event. */
    payload(event: SimulatedEvent, message: AcceptedMessage & { readonly receivedAtMs: number }): unknown;
    /** More than 1: events travel together, as an array. */
    readonly maxEvents: number;
    /** The body and the headers that authenticate it, `content-type` included. */
    sign(delivery: WebhookDelivery): Promise<{ readonly body: string; readonly headers: Record<string, string> }>;
    /** Whether it delivers again after this status; undefined: no answer. */
    retries(status: number | undefined): boolean;
  };
}
