import { perform } from "../http/perform.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import type { BuildContext, Provider, ProviderFailure } from "../provider/contract.ts";
import type { MaybePromise, OutboundRequest, ProviderResponse } from "../provider/request.ts";
import type { Core } from "./options.ts";
import { failureTable } from "./retry-policy.ts";

export interface Exchanged<T> {
  /** A failure's texts are still the provider's own: clean them before they are reported. */
  readonly result: T | ProviderFailure;
  readonly status?: number | undefined;
}

/** Makes a request and reads its answer: a message's, a batch's, or a token's. */
export interface Asked<T> {
  buildRequest(context: BuildContext): MaybePromise<OutboundRequest | ProviderFailure>;
  readResponse(response: ProviderResponse): T | ProviderFailure;
}

/** Builds one request, performs it and reads the answer; adds the request's secrets to `secrets`. Never throws. */
export async function exchange<T extends object>(
  { fetch, timeoutMs, now }: Core,
  { baseUrl }: Provider,
  asked: Asked<T>,
  context: BuildContext,
  secrets: string[],
  signal: AbortSignal | undefined,
): Promise<Exchanged<T>> {
  let request: OutboundRequest | ProviderFailure;
  try {
    request = await asked.buildRequest(context);
    if (!("ok" in request)) secrets.push(...request.secrets);
  } catch {
    // What was thrown is dropped: it may hold a secret.
    request = failure("unavailable", "The request could not be built");
  }
  if ("ok" in request) return { result: { ...request, notAccepted: true } };
  const performed = await perform(request, { fetch, timeoutMs, signal, baseUrl });
  if (!performed.ok) {
    const { kind, detail, inFlight, status } = performed;
    return { result: { ok: false, kind, detail, notAccepted: inFlight ? undefined : true }, status };
  }
  const { status, headers } = performed.response;
  let result: T | ProviderFailure;
  try {
    result = asked.readResponse(performed.response);
    if (!isFailure(result)) {
      const isRedirect = status < 200 || (status > 299 && status < 400);
      if (isRedirect) result = failure("unexpected-response", "The answer is a redirect");
    } else if (failureTable[result.kind].retry !== "no" && result.retryAfterMs === undefined) {
      result = { ...result, retryAfterMs: retryAfterMs(headers.get("retry-after"), now().getTime()) };
    }
  } catch {
    result = failure("unexpected-response", "The answer could not be read");
  }
  return { result, status };
}

/** Whether it is neither a list of outcomes nor a success; junk, which has no kind, is not read any further. */
export function isFailure(result: object): result is ProviderFailure {
  return !Array.isArray(result) && !(result as { readonly ok?: boolean }).ok;
}

/** A failure in the core's own words. */
export function failure(kind: ProviderFailure["kind"], detail: string): ProviderFailure {
  return { ok: false, kind, detail };
}
