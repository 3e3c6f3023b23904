import { retryAfterMs, signStandardWebhook } from "carillon";
import type { Endpoint } from "../directory/endpoints.ts";
import { validSecrets } from "./secrets.ts";
import { urlProblem } from "./url.ts";
import type { UrlPolicy } from "./url.ts";

/** Of one request to an app, answer included. Standard Webhooks recommends 15 to 30 seconds. */
export const endpointTimeoutMs = 15_000;

/** What an endpoint said. */
export interface EndpointAnswer {
  readonly at: number;
  readonly durationMs: number;
  /** A 2xx. */
  readonly ok: boolean;
  readonly status?: number | undefined;
  /** Why there is no status: `timeout`, `network`, or `url`, which this deployment does not ask. */
  readonly failure?: "timeout" | "network" | "url" | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The answer's beginning, where it was asked for. */
  readonly body?: string | undefined;
}

export interface EndpointRequest {
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/**
 * Posts one webhook, signed with every secret that is valid. Never throws and never follows a redirect: the URL that was
 * checked is the one that is asked. What is caught is dropped, for runtimes put the URL in it.
 */
export async function postWebhook(
  endpoint: Pick<Endpoint, "url" | "secrets">,
  { id, body }: EndpointRequest,
  policy: UrlPolicy,
  { readChars = 0 }: { readonly readChars?: number } = {},
): Promise<EndpointAnswer> {
  const at = Date.now();
  const since = performance.now();
  const answer = (rest: Omit<EndpointAnswer, "at" | "durationMs">): EndpointAnswer => ({
    at,
    durationMs: Math.round(performance.now() - since),
    ...rest,
  });
  // Checked again at each request: the deployment may have become stricter.
  if (urlProblem(endpoint.url, policy) !== undefined) return answer({ ok: false, failure: "url" });
  const signal = AbortSignal.timeout(endpointTimeoutMs);
  try {
    const signed = await signStandardWebhook({ id, sentAt: new Date(at), body }, validSecrets(endpoint.secrets, at));
    const response = await fetch(endpoint.url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json", "user-agent": "carillon", ...signed },
      body,
      signal,
    });
    const { ok, status, headers } = response;
    const text = await readStart(response, readChars);
    return answer({
      ok,
      status,
      retryAfterMs: ok ? undefined : retryAfterMs(headers.get("retry-after"), at),
      body: text,
    });
  } catch {
    return answer({ ok: false, failure: signal.aborted ? "timeout" : "network" });
  }
}

/** The beginning of the body as text; the rest is not waited for. An answer whose body breaks is an answer still. */
async function readStart({ body }: Response, chars: number): Promise<string | undefined> {
  if (chars === 0) {
    await body?.cancel().catch(() => undefined);
    return undefined;
  }
  const decoder = new TextDecoder();
  const reader = body?.getReader();
  let text = "";
  try {
    while (text.length < chars) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    await reader?.cancel();
  } catch {
    // What there is of it will do.
  }
  return text.slice(0, chars);
}
