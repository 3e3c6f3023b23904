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

/** As much of `fetch` as the core asks for, so that other means than the platform's can take its place. */
export type Fetch = (input: string, init: RequestInit) => Promise<FetchAnswer>;

/** As much of a `Response` as is read. */
export interface FetchAnswer {
  readonly status: number;
  readonly headers: Pick<Headers, "get" | "has">;
  readonly body: { getReader(): FetchReader } | null;
}

export interface FetchReader {
  read(): Promise<
    { readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: unknown }
  >;
  /** Nothing more is wanted. */
  cancel(): Promise<void>;
}

/** An answer that has been read, up to the core's limit. */
export interface ProviderResponse {
  readonly status: number;
  readonly headers: FetchAnswer["headers"];
  readonly text: string;
  /** The text as JSON; undefined when it is none, or was cut. */
  readonly json: unknown;
  /** The body was longer than the limit, and `text` is its beginning. */
  readonly truncated: boolean;
}
