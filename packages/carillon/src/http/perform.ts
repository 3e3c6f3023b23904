import type { OutboundRequest, ProviderResponse } from "../provider/request.ts";
import { userAgent } from "./user-agent.ts";
import { within } from "./within.ts";

/** What is read of an answer's body, in bytes, unless told otherwise. */
export const defaultMaxResponseBytes: number = 256_000;

export interface PerformOptions {
  /** Default: the platform's, looked up at the time of the call. */
  readonly fetch?: ((input: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Of the whole exchange, from the start of the request to the end of the answer's body. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly maxResponseBytes?: number | undefined;
  /** Takes the place of the request's origin; a path that it has stands before the request's path. */
  readonly baseUrl?: string | undefined;
}

export type Performed =
  | { readonly ok: true; readonly response: ProviderResponse }
  | {
      readonly ok: false;
      /** `unexpected-response`: the answer said 2xx, and the connection broke before its body was there. */
      readonly kind: "timeout" | "network" | "aborted" | "unexpected-response";
      /** The request was started: it may have reached the provider. */
      readonly inFlight: boolean;
      /** In our own words; what was caught is discarded, because runtimes put the URL in it. */
      readonly detail: string;
      readonly status?: number | undefined;
    };

/** The answer as far as it has been read: as long as there is more to come, it is a truncated one. */
type Answer = { -readonly [K in keyof ProviderResponse]: ProviderResponse[K] };

/**
 * Performs one request and reads its answer. Never throws, never follows a redirect. The one place that calls `fetch`.
 *
 * When the answer's status is not 2xx, the status is worth more than the body: if that breaks or stalls, what was read
 * of it is given as a truncated answer.
 */
export async function perform(request: OutboundRequest, options: PerformOptions): Promise<Performed> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) return failed("aborted", "Aborted by the caller", false);
  const controller = new AbortController();
  const progress: { answer?: Answer } = {};
  // Raced, not only signalled: a given `fetch` may not heed signals. (AbortSignal.any is not everywhere.)
  const performed = await within(timeoutMs, signal, exchange(request, options, controller.signal, progress));
  if (performed) return performed;
  controller.abort();
  if (signal?.aborted) return failed("aborted", "Aborted by the caller");
  const { answer } = progress;
  return answer && !isSuccess(answer.status)
    ? { ok: true, response: { ...answer } }
    : failed("timeout", `No full answer within ${timeoutMs} ms`, true, answer?.status);
}

async function exchange(
  request: OutboundRequest,
  { fetch: given, baseUrl, maxResponseBytes = defaultMaxResponseBytes }: PerformOptions,
  signal: AbortSignal,
  progress: { answer?: Answer },
): Promise<Performed> {
  // As text, so that the path stays as it was spelled: signatures cover it.
  const url =
    baseUrl === undefined
      ? request.url
      : request.url.replace(/^[a-z]+:\/\/[^/?#]*/i, () => baseUrl.replace(/\/+$/, ""));
  const { method, body = null } = request;
  const init = { method, headers: { "user-agent": userAgent, ...request.headers } };
  // Called by a name of its own: as a method of the options, workerd's fetch refuses its `this`.
  const send = given ?? fetch;
  let response: Response;
  try {
    response = await send(url, { ...init, body, redirect: "manual", signal });
  } catch {
    return isRequest(url, init)
      ? failed("network", "The connection failed")
      : failed("network", "The URL or a header is not valid", false);
  }
  const { status, headers } = response;
  const answer: Answer = { status, headers, text: "", json: undefined, truncated: true };
  progress.answer = answer;
  try {
    await readBody(response.body, answer, maxResponseBytes);
  } catch {
    if (isSuccess(status)) return failed("unexpected-response", "The answer broke off", true, status);
  }
  return { ok: true, response: answer };
}

/** Reads into the answer, up to the limit. */
async function readBody(body: Response["body"], answer: Answer, maxBytes: number): Promise<void> {
  if (body) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (let leftBytes = maxBytes; ;) {
      const { done, value } = await reader.read();
      if (done) break;
      const fits = value.length <= leftBytes;
      answer.text += decoder.decode(fits ? value : value.subarray(0, leftBytes), { stream: true });
      leftBytes -= value.length;
      if (!fits) {
        reader.cancel().catch(() => {});
        return;
      }
    }
    answer.text += decoder.decode();
  }
  answer.json = parseJson(answer.text);
  answer.truncated = false;
}

function parseJson(text: string): unknown {
  // Plain answers like "ok" are common, and a thrown SyntaxError is dear.
  if (!/^\s*[[{"\d\-tfn]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether the platform takes it at all: if not, the failure was not the network's and nothing left. */
function isRequest(url: string, init: RequestInit): boolean {
  try {
    return Boolean(new Request(url, init));
  } catch {
    return false;
  }
}

function failed(
  kind: Extract<Performed, { readonly ok: false }>["kind"],
  detail: string,
  inFlight = true,
  status?: number,
): Performed {
  return { ok: false, kind, inFlight, detail, status };
}
