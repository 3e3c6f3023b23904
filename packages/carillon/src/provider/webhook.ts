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

interface Signed {
  readonly covers: Covers;
  /** Decoded; several while keys rotate. Checked at construction: never empty. */
  readonly keys: readonly Uint8Array<ArrayBuffer>[];
  /** How old or early the signed timestamp may be; absent where the scheme defines none. */
  readonly toleranceSeconds?: number | undefined;
  /** Header names (lower case) without which there is no signature. */
  readonly headers: readonly string[];
  /** Every signature that the request carries, decoded; canonical spellings only, others left out. */
  signatures(raw: RawWebhook): readonly Uint8Array<ArrayBuffer>[];
  /** What may have been signed: usually one candidate. */
  signedBytes(raw: RawWebhook): MaybePromise<readonly Uint8Array<ArrayBuffer>[]>;
  timestampSeconds?(raw: RawWebhook): number | undefined;
  /** Names what must be seen only once, where the signature does not cover the body. */
  replayKey?(raw: RawWebhook): string | undefined;
}

/** What the caller of `receiveWebhook` gave; the defaults stand with the schemes that use them, so that others carry none. */
export interface VerifyTools {
  readonly now: Date;
  readonly fetch?: ((input: string, init: RequestInit) => Promise<Response>) | undefined;
  readonly remember?: (<T>(key: string, expiresAt: Date, make: () => MaybePromise<T>) => Promise<T>) | undefined;
}

/** How a provider proves that a webhook is its own: data that the core runs, so that no provider can forget to. */
export type SignatureScheme =
  | (Signed & { readonly kind: "hmac"; readonly hash: "SHA-1" | "SHA-256" })
  | (Signed & { readonly kind: "ecdsa-p256" | "ed25519" })
  | {
      readonly kind: "credential";
      readonly covers: "nothing";
      /** Lower case. */
      readonly header: string;
      /** Any of these, whole, compared in constant time. */
      readonly values: readonly string[];
    }
  | {
      readonly kind: "custom";
      readonly covers: "body" | "fields";
      /** Made by `customScheme`, which turns the tools into what a verifier works with. */
      verify(raw: RawWebhook, tools: VerifyTools): Promise<boolean>;
    };

export interface ParsedWebhook {
  readonly events: readonly DeliveryEvent[];
  /** What to answer instead of an empty 200: a handshake's challenge, say. */
  readonly reply?:
    | { readonly status: number; readonly contentType?: string | undefined; readonly body?: string | undefined }
    | undefined;
  /** A request that confirms the endpoint to the provider. */
  readonly confirm?: OutboundRequest | undefined;
}

export interface WebhookSource {
  readonly id: string;
  readonly scheme: SignatureScheme;
  /** Never throws, and never refuses what it does not know: that becomes an `unrecognized` event. */
  parse(webhook: VerifiedWebhook): ParsedWebhook;
}
