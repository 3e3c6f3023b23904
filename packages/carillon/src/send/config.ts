import type { ChannelId, Input } from "../channels/channel.ts";
import type { Cache, Provider } from "../provider/contract.ts";
import type { Operation } from "../provider/operation.ts";
import type { Fetch } from "../provider/request.ts";
import type { AttemptReport, CallResult, SendResult } from "../result/send-result.ts";
import type { Guard } from "./guard.ts";

export type ProvidersByChannel = { readonly [C in ChannelId]?: readonly Provider<C>[] | undefined };

export interface NotifierOptions {
  /** What keeps development and staging from reaching real people. Default `"live"`. */
  readonly guard?: Guard | undefined;
  /** Tries of one provider, the first included. Default 3. */
  readonly attempts?: number | undefined;
  /** The longest wait before a retry; what asks for more is given back instead. Default 10,000. */
  readonly maxWaitMs?: number | undefined;
  /** Of one request. Default 15,000. */
  readonly timeoutMs?: number | undefined;
  /** What to do when a message may have been sent and cannot be repeated safely. Default `"hold"`. */
  readonly onUnknown?: "hold" | "resend" | undefined;
  /** Requests in flight in `sendBatch`. Default 6: the connections that a Worker's invocation has. */
  readonly concurrency?: number | undefined;
  /** Where providers keep tokens and the like. Default: each in its own memory. */
  readonly cache?: Cache | undefined;
  /** Told of every attempt when it ends; what it throws is discarded. */
  readonly onAttempt?: ((report: AttemptReport & { readonly messageId: string }) => void) | undefined;
  /** Content that every message of a channel has unless it says otherwise: `{ email: { from } }`. */
  readonly defaults?: { readonly [C in ChannelId]?: Partial<Input<C>> | undefined } | undefined;
  readonly fetch?: Fetch | undefined;
  readonly now?: (() => Date) | undefined;
  readonly random?: ((length: number) => Uint8Array<ArrayBuffer>) | undefined;
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

export interface Config extends ProvidersByChannel, NotifierOptions {}

/** Refuses keys that {@link Config} does not have, which structural typing alone would let through. */
export type Checked<P> = { readonly [K in keyof P]: K extends keyof Config ? P[K] : never };

/** The channels that a configuration has, or by its type may have, providers for. */
export type ConfiguredChannel<P> = Extract<
  { [K in keyof P]-?: [Extract<P[K], readonly unknown[]>] extends [never] ? never : K }[keyof P],
  ChannelId
>;

export interface SendOptions {
  /** Names the message so that it is sent once, where the provider can tell; made from the message's id when absent. */
  readonly idempotencyKey?: string | undefined;
  /** Carried to the provider and back in its webhooks. Made when absent. */
  readonly messageId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BatchEntry<C extends ChannelId> {
  readonly message: { [K in C]: Input<K> }[C];
  readonly idempotencyKey?: string | undefined;
  readonly messageId?: string | undefined;
}

export interface Notifier<C extends ChannelId = ChannelId> {
  /** Never throws for what happens on the wire. */
  send(message: { [K in C]: Input<K> }[C], options?: SendOptions): Promise<SendResult>;
  /** Answers in order; one bad message never fails another. */
  sendBatch(
    entries: readonly BatchEntry<C>[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly SendResult[]>;
  /**
   * Carries out what is no message, with the notifier's guard, time-outs and retries, whether or not its provider is one
   * of the notifier's. Never throws for what happens on the wire.
   */
  call<T>(operation: Operation<T>, options?: { readonly signal?: AbortSignal | undefined }): Promise<CallResult<T>>;
}
