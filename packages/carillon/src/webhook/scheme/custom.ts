import { ask } from "../../http/perform.ts";
import type { MaybePromise } from "../../provider/request.ts";
import type { RawWebhook, SignatureScheme, VerifyTools } from "../../provider/webhook.ts";
import { readBody } from "../raw.ts";

export interface CustomVerifierTools extends Pick<VerifyTools, "now" | "crypto"> {
  /** The body of a 200 answer that keeps to the limit, undefined for anything else. Redirects are not followed. */
  get(url: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Values, never promises, until they expire. */
  remember<T>(key: string, expiresAt: Date, make: () => MaybePromise<T>): Promise<T>;
}

export interface CustomSchemeOptions {
  readonly covers: "body" | "fields";
  /** True is the only answer that lets a request in. A throw is answered 503, so that the provider tries again. */
  verify(raw: RawWebhook, tools: CustomVerifierTools): Promise<boolean>;
}

/**
 * A signature that the core cannot check from data alone, because its certificate or key set must be got first.
 * What it remembers, it keeps in memory unless `receiveWebhook` is given another place.
 */
export function customScheme(options: CustomSchemeOptions): SignatureScheme {
  const kept = new Map<string, { readonly value: unknown; readonly expiresAtMs: number }>();
  return {
    kind: "custom",
    covers: options.covers,
    headers: [],
    verify: (raw, given) => options.verify(raw, toolsOf(given, kept)),
  };
}

function toolsOf(
  { now, fetch, remember, crypto }: VerifyTools,
  kept: Map<string, { readonly value: unknown; readonly expiresAtMs: number }>,
): CustomVerifierTools {
  return {
    now,
    crypto,
    get: (url, maxBytes) =>
      ask(url, 5_000, async ({ status, body }) => (status === 200 ? readBody(body, maxBytes) : undefined), fetch),
    async remember<T>(key: string, expiresAt: Date, make: () => MaybePromise<T>): Promise<T> {
      if (remember) return remember(key, expiresAt, make);
      const known = kept.get(key);
      if (known && known.expiresAtMs > now.getTime()) return known.value as T;
      const value = await make();
      kept.set(key, { value, expiresAtMs: expiresAt.getTime() });
      return value;
    },
  };
}
