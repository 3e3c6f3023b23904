import type { AcceptedMessage, MessageContent, RecordedMessage } from "./message.ts";
import type { SimulatedEventType } from "./outcome.ts";
import type { Push } from "./push/autopush.ts";
import type { RealSubscription } from "./push/records.ts";

/** A request to a provider's API. */
export interface ApiRequest {
  readonly method: string;
  /** As the client called it: with the query, and with the prefix that names the host where it came by path. */
  readonly url: string;
  /** The provider's host name that was called, however it was named. */
  readonly host: string;
  /** Without the prefix that names the host, and without the query. */
  readonly path: string;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The bytes as UTF-8; what is none reads as U+FFFD. */
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  readonly nowMs: number;
}

/** An answer of a provider's API; without a body it is empty. Header names in lower case; the content type is JSON's unless given. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** What became of an earlier message of this provider. One that is not known changes nothing. */
export type Edit =
  | { readonly providerMessageId: string; readonly content: MessageContent }
  | { readonly providerMessageId: string; readonly deleted: true };

/** What a route decides about a request. It has no effect of its own: the simulator may still let a fault happen instead. */
export interface Handled {
  readonly answer: Answer;
  /** Empty when the request was refused, or is accepted without being sent: then it is kept among the other requests. */
  readonly messages: readonly AcceptedMessage[];
  readonly edits?: readonly Edit[] | undefined;
  /** Only from providers that honour one. */
  readonly idempotencyKey?: string | undefined;
  /** What goes on to a real browser, once the request is accepted. */
  readonly push?: Push | undefined;
  /** What a request without messages was for, in a few words: "Access token", "Topic news: 2 subscribed". */
  readonly note?: string | undefined;
}

/** What the simulator knows beside the request. */
export interface Known {
  /** A message that this provider took before, as its edits left it. */
  message(providerMessageId: string): RecordedMessage | undefined;
  /** The subscription of a real browser, by the last part of its endpoint. */
  subscription(token: string): RealSubscription | undefined;
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
  /** Where it goes: some providers sign it. */
  readonly url: string;
  readonly nowMs: number;
  readonly retriesRemaining: number;
}

export interface SignedWebhook {
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** `content-type` included. */
  readonly headers: Record<string, string>;
}

/** A provider's webhooks, about messages whose content is of kind `Content`. */
export interface RouteWebhook<Content extends MessageContent = MessageContent> {
  newEventId(): string;
  /** Undefined where the provider has no such event. Kept as JSON. */
  payload(event: SimulatedEvent, message: AcceptedMessage<Content> & { readonly receivedAtMs: number }): unknown;
  /** More than 1: events travel together, as an array. */
  readonly maxEvents: number;
  /** The body (JSON, a form, anything) and the headers that authenticate it. */
  sign(delivery: WebhookDelivery): Promise<SignedWebhook>;
  /** Whether it delivers again after this status; undefined: no answer. */
  retries(status: number | undefined): boolean;
  /** Where the provider wants an endpoint confirmed before it tells it anything: how it asks for that. */
  confirmation?(nowMs: number): Promise<SignedWebhook>;
}

/** One provider: its HTTP API and its webhooks, from its documentation alone. A file in `providers/` exports one as `route`. */
export interface Route {
  /** As in `/v1/webhooks/<id>`. */
  readonly id: string;
  readonly name: string;
  /**
   * Host names of its API, lower case; they are also path prefixes, for clients that only know a base URL. `*` stands for
   * one label, or a part of one: `email.*.amazonaws.com`. Where two providers share a host, the beginning of the path
   * follows it: `fcm.googleapis.com/v1/`; what is longer is tried first.
   */
  readonly hosts: readonly string[];
  /** Lower case; masked in what is kept. */
  readonly secretHeaders: readonly string[];
  /** What it matches in a URL is masked in what is kept. A lookbehind leaves the rest: `/(?<=\/api\/webhooks\/\d+\/)[^/?]+/`. */
  readonly secretPath?: RegExp | undefined;
  handle(request: ApiRequest, known: Known): Handled | Promise<Handled>;
  /** Its own answers when too many requests come, and when it is down. */
  rateLimited(retryAfterSeconds: number): Answer;
  unavailable(): Answer;
  /** How often it may be called, which holds when the settings say so (`rateLimits`). */
  readonly rate?:
    | {
        readonly limit: number;
        readonly windowMs: number;
        /** What is counted by itself, by its name: an account, a channel, a webhook. Undefined: the request is not counted. */
        of(request: ApiRequest): string | undefined;
      }
    | undefined;
  readonly idempotency?:
    | {
        readonly rememberedForMs: number;
        /** Same key, another body. */
        mismatch(): Answer;
        /** Same key, and the first request is still running. */
        concurrent(): Answer;
      }
    | undefined;
  /** Absent: this provider tells nothing. */
  readonly webhook?: RouteWebhook | undefined;
}
