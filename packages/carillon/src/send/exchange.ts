import { failure, perform } from "../http/perform.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import type { Asked, BuildContext, Exchanged, Provider, ProviderFailure } from "../provider/contract.ts";
import type { OutboundRequest } from "../provider/request.ts";
import type { Run } from "./journey.ts";

/** Builds one request, performs it and reads the answer; adds the request's secrets to `secrets`. Never throws. */
export async function exchange<T extends object>(
  { core, signal }: Run,
  provider: Provider,
  asked: Asked<T>,
  context: BuildContext,
  secrets: string[],
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
  const performed = await (provider.perform ?? perform)(request, { ...core, signal, baseUrl: provider.baseUrl });
  if (!performed.ok) return { result: performed, status: performed.status };
  const { status, headers } = performed.response;
  let result: T | ProviderFailure;
  try {
    result = asked.readResponse(performed.response);
    if (isFailure(result)) {
      const waitMs = result.retryAfterMs ?? retryAfterMs(headers.get("retry-after"), core.now().getTime());
      result = { ...result, retryAfterMs: waitMs };
    } else if (status < 200 || (status > 299 && status < 400)) {
      // A redirect is no success, whatever the provider made of it.
      throw new TypeError();
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
