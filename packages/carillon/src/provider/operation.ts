import type { Address, ChannelId } from "../channels/channel.ts";
import type { BuildContext, Provider, ProviderFailure } from "./contract.ts";
import type { MaybePromise, OutboundRequest, ProviderResponse } from "./request.ts";

/** What is asked of a provider that is no message: an edit, a deletion, a topic's members. */
export interface OperationParts<T> {
  /** Whom it reaches: the guard decides by them, and reports name them by their labels alone. */
  addresses(): MaybePromise<readonly Address[]>;
  buildRequest(context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  readResponse(response: ProviderResponse): { readonly ok: true; readonly value: T } | ProviderFailure;
}

declare const answers: unique symbol;

/** Carried out by `notifier.call`, which answers with a `T`. Made by {@link operation}. */
export interface Operation<T = unknown> extends Provider {
  readonly [answers]?: T;
}

/**
 * Makes an operation of a provider: it travels as a message does, with the same guard, time-outs, retries and redaction.
 * A repeat of it must do no harm: it is tried again as if the provider honoured a key.
 */
export function operation<C extends ChannelId, T>(provider: Provider<C>, parts: OperationParts<T>): Operation<T> {
  const carrier = provider as object as Provider;
  return {
    ...carrier,
    batch: undefined,
    idempotency: { maxKeyLength: 64, windowSeconds: Infinity },
    channel: { ...carrier.channel, addresses: () => parts.addresses(), withRecipient: () => undefined },
    buildRequest: (_, context) => parts.buildRequest(context),
    readResponse: (response) => parts.readResponse(response),
  };
}
