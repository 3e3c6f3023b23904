import type { Channel, ChannelId, Message } from "../channels/channel.ts";
import type { FailureKind } from "../result/failure-kind.ts";
import type { MaybePromise, OutboundRequest, ProviderResponse } from "./request.ts";

export interface ProviderFailure {
  readonly ok: false;
  readonly kind: FailureKind;
  readonly detail: string;
  /** Path of the message's field at fault, where the provider or its rules name one. */
  readonly field?: string | undefined;
  readonly providerCode?: string | undefined;
  /** Where the provider says it in the body; a `Retry-After` header is read by the core. */
  readonly retryAfterMs?: number | undefined;
  /** The provider documents that it did not take the message, though the kind would leave that open. */
  readonly notAccepted?: true | undefined;
  /** `rejected` by this provider or account alone: the next one may be asked. */
  readonly tryNext?: true | undefined;
}

export interface ProviderSuccess {
  readonly ok: true;
  readonly providerMessageId?: string | undefined;
  /** What an operation answers. */
  readonly value?: unknown;
}

export type Outcome = ProviderSuccess | ProviderFailure;

/** A store of values with an end. Values, never promises (see docs/runtimes.md). */
export interface Cache {
  get(key: string): MaybePromise<{ readonly value: unknown; readonly expiresAtMs: number } | undefined>;
  set(key: string, value: unknown, expiresAtMs: number): MaybePromise<void>;
}

export interface BuildContext {
  readonly messageId: string;
  /** Of the message, or in a batch request of the batch. Shortened by the core to what the provider takes. */
  readonly idempotencyKey: string;
  readonly now: Date;
  /** From `authorize`, when the provider has it. */
  readonly token: string | undefined;
  /** The notifier's, if it was given one; see `createMemory`. */
  readonly cache?: Cache | undefined;
  random(length: number): Uint8Array<ArrayBuffer>;
}

/**
 * An answer, or why there is none, in our own words: what was caught is discarded, because runtimes put the URL in it.
 * `notAccepted`: the request was never started, or had not got so far that it can have been taken. `unexpected-response`:
 * the answer said 2xx, and the connection broke before its body was there.
 */
export type Performed =
  | { readonly ok: true; readonly response: ProviderResponse }
  | (ProviderFailure & { readonly status?: number | undefined });

/** How the core has one request performed. */
export interface ExchangeOptions {
  /** Of the whole exchange, from the start of the request to the end of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Takes the place of the request's origin; a path that it has stands before the request's path. */
  readonly baseUrl?: string | undefined;
}

/** Makes a request and reads its answer: a message's, a batch's, or a token's. */
export interface Asked<T> {
  buildRequest(context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  readResponse(response: ProviderResponse): T | ProviderFailure;
}

export interface Exchanged<T> {
  /** A failure's texts are still the provider's own: the core cleans them before they are reported. */
  readonly result: T | ProviderFailure;
  /** Of the answer, if there was one. */
  readonly status?: number | undefined;
}

/** Builds one request, performs it and reads the answer. Never throws. */
export type Exchange = <T extends object>(asked: Asked<T>) => Promise<Exchanged<T>>;

/** A message of a batch, with the ids that are its own. */
export interface BatchItem<C extends ChannelId = ChannelId> {
  readonly message: Message<C>;
  readonly messageId: string;
}

export interface ProviderBatch<C extends ChannelId = ChannelId> {
  readonly maxMessages: number;
  /** Messages of one key may share a request; undefined: this one goes alone. */
  groupKey(message: Message<C>): string | undefined;
  buildRequest(items: readonly BatchItem<C>[], context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  /** One outcome an item, in order; or one failure for all. */
  readResponse(response: ProviderResponse, items: readonly BatchItem<C>[]): readonly Outcome[] | ProviderFailure;
}

/**
 * Who carries messages of one channel: pure functions and data. It builds requests and reads answers; the core performs,
 * retries, times out and redacts.
 */
export interface Provider<C extends ChannelId = ChannelId> {
  readonly id: string;
  readonly account: string;
  readonly channel: Channel<C>;
  /** The provider honours an idempotency key, for so long. */
  readonly idempotency?: { readonly maxKeyLength: number; readonly windowSeconds: number } | undefined;
  readonly rate?:
    | { readonly per: "request" | "message" | "recipient"; readonly perSecond: number; readonly burst: number }
    | undefined;
  /** A limit, an outage or a refusal is that of one recipient's channel or service, and says nothing of the others. */
  readonly scope?: "recipient" | undefined;
  /** Swaps the origin of every request at the last step; what is signed keeps the real one. */
  readonly baseUrl?: string | undefined;
  /** Performs the requests of a provider that does not speak HTTP: made by `transport`. Never throws. */
  readonly perform?: ((request: OutboundRequest, options: ExchangeOptions) => Promise<Performed>) | undefined;
  /** Asks with a token, which it gets first where it must: made by `tokenExchange`. Never throws. */
  readonly authorize?:
    | (<T extends object>(asked: Asked<T>, context: BuildContext, exchange: Exchange) => Promise<Exchanged<T>>)
    | undefined;
  buildRequest(message: Message<C>, context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  readResponse(response: ProviderResponse, message: Message<C>): Outcome;
  readonly batch?: ProviderBatch<C> | undefined;
}

/** A provider of some channel, when it does not matter which. */
export type AnyProvider = { readonly [C in ChannelId]: Provider<C> }[ChannelId];
