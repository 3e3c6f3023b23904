export type MaybePromise<T> = T | Promise<T>;

/** A secret, or where to get it: asked anew for each request, so that it can rotate. */
export type Secret = string | (() => Promise<string>);

/** A request that a provider wants performed. `secrets` are scrubbed from everything that is reported of it. */
export interface OutboundRequest {
  readonly method: string;
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData | undefined;
  readonly secrets: readonly string[];
}

/** An answer that has been read, up to the core's limit. */
export interface ProviderResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; undefined when it is none, or was cut. */
  readonly json: unknown;
  /** The body was longer than the limit, and `text` is its beginning. */
  readonly truncated: boolean;
}
