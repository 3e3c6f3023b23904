import type { SyncCrypto } from "../crypto/signing-key.ts";
import type { DeliveryEvent } from "../result/delivery-event.ts";
import type { MaybePromise, OutboundRequest } from "./request.ts";

/** A webhook request as it arrived: raw bytes, nothing parsed. */
export interface RawWebhook {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

declare const verified: unique symbol;

/** A {@link RawWebhook} whose signature held. Only `receiveWebhook` makes one, so nothing unverified can be parsed. */
export interface VerifiedWebhook extends RawWebhook {
  readonly [verified]: true;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

/** What the signature covers: the whole body, some fields of the request, or nothing of it. */
export type Covers = "body" | "fields" | "nothing";

/** What the caller of `receiveWebhook` gave; the defaults stand with the schemes that use them, so that others carry none. */
export interface VerifyTools {
  readonly now: Date;
  readonly crypto?: SyncCrypto | undefined;
  readonly fetch?: ((input: string, init: RequestInit) => Promise<Response>) | undefined;
  readonly remember?: (<T>(key: string, expiresAt: Date, make: () => MaybePromise<T>) => Promise<T>) | undefined;
}

/**
 * How a provider proves that a webhook is its own. The core asks, in this order, and parses only after all of it: are
 * the headers there, does the signature hold, is its time within the tolerance, was it seen before.
 *
 * Made by the functions of `webhook/scheme/`. Each brings only the cryptography that it needs: a core that knew every
 * kind would cost each receiver up to 0.8 kB.
 */
export interface SignatureScheme {
  readonly kind: "hmac" | "ecdsa-p256" | "ed25519" | "credential" | "custom";
  readonly covers: Covers;
  /** Names (lower case) without which there is no signature. */
  readonly headers: readonly string[];
  /**
   * Whether the signature, or the credential, is right. Compares in constant time, takes canonical spellings only, and
   * tries every secret while they rotate. A rejection of the promise means that nobody can tell: a certificate did not come.
   */
  verify(raw: RawWebhook, tools: VerifyTools): Promise<boolean>;
  /** How old or early the signed timestamp may be; absent where the scheme defines none. */
  readonly toleranceSeconds?: number | undefined;
  timestampSeconds?(raw: RawWebhook): number | undefined;
  /** Where the signature says itself from when until when it holds, as a JWT does. */
  isTimely?(raw: RawWebhook, now: Date): boolean;
  /** Names what must be seen only once, where the signature does not cover the body. */
  replayKey?(raw: RawWebhook): string | undefined;
}

export interface ParsedWebhook<E extends DeliveryEvent = DeliveryEvent> {
  readonly events: readonly E[];
  /** What to answer instead of an empty 200: a handshake's challenge, say. */
  readonly reply?:
    | { readonly status: number; readonly contentType?: string | undefined; readonly body?: string | undefined }
    | undefined;
  /** A request that confirms the endpoint to the provider. */
  readonly confirm?: OutboundRequest | undefined;
}

export interface WebhookSource<E extends DeliveryEvent = DeliveryEvent> {
  readonly id: string;
  readonly scheme: SignatureScheme;
  /** Never throws, and never refuses what it does not know: that becomes an `unrecognized` event. */
  parse(webhook: VerifiedWebhook): ParsedWebhook<E>;
}
