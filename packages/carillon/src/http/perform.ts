import type { ExchangeOptions, Performed, ProviderFailure } from "../provider/contract.ts";
import type { Fetch, FetchAnswer, OutboundRequest, ProviderResponse } from "../provider/request.ts";
import { userAgent } from "./user-agent.ts";
import { within } from "./within.ts";

/** What is read of an answer's body, in bytes, unless told otherwise. */
const defaultMaxResponseBytes: number = 256_000;

export interface PerformOptions extends ExchangeOptions {
  /** Default: the platform's, looked up at the time of the call. */
  readonly fetch?: Fetch | undefined;
  readonly maxResponseBytes?: number | undefined;
}

/** The answer as far as it has been read: no status yet, or a truncated one as long as there is more to come. */
type Answer = { -readonly [K in keyof ProviderResponse]: ProviderResponse[K] };

/**
 * Performs one request and reads its answer. Never throws, never follows a redirect. The one place that calls `fetch`.
 *
 * When the answer's status is not 2xx, the status is worth more than the body: if that breaks or stalls, what was read
 * of it is given as a truncated answer.
 */
export async function perform(request: OutboundRequest, options: PerformOptions): Promise<Performed> {
  const { url: given, method, body } = request;
  // The platform's is called by a name of its own: as a method of the options, workerd's refuses its `this`.
  const { fetch: send = fetch, timeoutMs, signal, baseUrl, maxResponseBytes = defaultMaxResponseBytes } = options;
  const aborted = "Aborted by the caller";
  if (signal?.aborted) return failure("aborted", aborted, undefined, true);
  const controller = new AbortController();
  // Whoever has its status has its headers.
  const answer = { status: 0, text: "", json: undefined, truncated: true } as Answer;
  const exchange = async (): Promise<Performed> => {
    // As text, so that the path stays as it was spelled: signatures cover it.
    const url = baseUrl ? given.replace(/^[a-z]+:\/\/[^/?#]*/i, () => baseUrl.replace(/\/+$/, "")) : given;
    const headers = { "user-agent": userAgent, ...request.headers };
    const whole = { method, headers, body, redirect: "manual", signal: controller.signal } as RequestInit;
    try {
      const response = await send(url, whole);
      answer.status = response.status;
      answer.headers = response.headers;
      await readBody(response, answer, maxResponseBytes);
    } catch {
      if (!answer.status) {
        try {
          // Whether the platform takes the request at all: if not, the failure was not the network's and nothing left.
          void new Request(url, whole);
        } catch {
          return failure("network", "The URL or a header is not valid", undefined, true);
        }
        return failure("network", "The connection failed");
      }
      if (answer.status < 300) return failure("unexpected-response", "The answer broke off", answer.status);
    }
    return { ok: true, response: answer };
  };
  // Raced, not only signalled: a given `fetch` may not heed signals. (AbortSignal.any is not everywhere.)
  const performed = await within(timeoutMs, signal, exchange());
  if (performed) return performed;
  controller.abort();
  if (signal?.aborted) return failure("aborted", aborted);
  return answer.status > 299
    ? { ok: true, response: { ...answer } }
    : failure("timeout", `No full answer within ${timeoutMs} ms`, answer.status || undefined);
}

/** Reads into the answer, up to the limit. */
async function readBody({ body }: FetchAnswer, answer: Answer, leftBytes: number): Promise<void> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    answer.text += decoder.decode(value.subarray(0, leftBytes), { stream: true });
    leftBytes -= value.length;
    if (leftBytes < 0) {
      reader.cancel().catch(() => {});
      return;
    }
  }
  answer.text += decoder.decode();
  answer.truncated = false;
  try {
    // Nothing, `ok` and HTML are not worth an error, which costs more than the rest of this file.
    if (/^[^<o]/.test(answer.text)) answer.json = JSON.parse(answer.text);
  } catch {
    // Then it is none.
  }
}

/**
 * What `read` makes of the answer to a GET; undefined where there was none, or it was not read, in time. Redirects are not
 * followed. For who asks a question and sends nothing: {@link perform} weighs four times as much.
 */
export async function ask<T>(
  url: string,
  timeoutMs: number,
  read: (answer: FetchAnswer) => Promise<T>,
  send: Fetch = fetch,
): Promise<T | undefined> {
  const controller = new AbortController();
  const asked = async (): Promise<T> =>
    read(await send(url, { method: "GET", redirect: "manual", signal: controller.signal }));
  try {
    return await within(timeoutMs, undefined, asked());
  } catch {
    return undefined;
  } finally {
    controller.abort();
  }
}

/** A failure in the core's own words. */
export function failure(
  kind: ProviderFailure["kind"],
  detail: string,
  status?: number,
  notAccepted?: true,
): ProviderFailure & { readonly status?: number | undefined } {
  return { ok: false, kind, detail, status, notAccepted };
}
