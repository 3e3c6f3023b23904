import type { OutboundRequest, ProviderResponse } from "../provider/request.ts";
import { userAgent } from "./user-agent.ts";

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

/** How far the exchange got, for the moment when it is stopped from outside. */
interface Progress {
  response?: Response;
  text: string;
}

/**
 * Performs one request and reads its answer. Never throws, never follows a redirect. The one place that calls `fetch`.
 *
 * When the answer's status is not 2xx, the status is worth more than the body: if that breaks or stalls, what was read
 * of it is given as a truncated answer.
 */
export async function perform(request: OutboundRequest, options: PerformOptions): Promise<Performed> {
  const { signal } = options;
  if (signal?.aborted) return failed("aborted", false, "Aborted before the request was started");
  const controller = new AbortController();
  const progress: Progress = { text: "" };
  let stop!: (cause: "timeout" | "aborted") => void;
  // Raced, not only signalled: a given `fetch` may not heed signals. (AbortSignal.any is not everywhere.)
  const stopped = new Promise<"timeout" | "aborted">((resolve) => {
    stop = resolve;
  });
  const onAbort = (): void => stop("aborted");
  const timer = setTimeout(() => stop("timeout"), options.timeoutMs);
  signal?.addEventListener("abort", onAbort);
  try {
    const performed = await Promise.race([exchange(request, options, controller.signal, progress), stopped]);
    if (typeof performed !== "string") return performed;
    controller.abort();
    if (performed === "aborted") return failed("aborted", true, "Aborted while the request was in flight");
    const { response } = progress;
    if (response && !response.ok) return answered(response, progress.text, true);
    const what = response ? "The answer did not end" : "No answer came";
    return failed("timeout", true, `${what} within ${options.timeoutMs} ms`, response?.status);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function exchange(
  request: OutboundRequest,
  options: PerformOptions,
  signal: AbortSignal,
  progress: Progress,
): Promise<Performed> {
  const { method, body = null } = request;
  const url = options.baseUrl === undefined ? request.url : withOrigin(request.url, options.baseUrl);
  const headers = { "user-agent": userAgent, ...request.headers };
  // Called by a name of its own: as a method of `options`, workerd's fetch refuses its `this`.
  const send = options.fetch ?? fetch;
  let response: Response;
  try {
    response = await send(url, { method, headers, body, redirect: "manual", signal });
  } catch {
    return isRequest(url, { method, headers })
      ? failed("network", true, "The connection failed before an answer came")
      : failed("network", false, "The request was not started: its URL or one of its headers is not valid");
  }
  progress.response = response;
  let truncated = false;
  try {
    truncated = await readBody(response, options.maxResponseBytes ?? defaultMaxResponseBytes, progress);
  } catch {
    if (response.ok) {
      const detail = `The answer began with status ${response.status} and broke off`;
      return failed("unexpected-response", true, detail, response.status);
    }
    truncated = true;
  }
  return answered(response, progress.text, truncated);
}

/** Reads into `progress.text`; true when there was more than the limit. */
async function readBody(response: Response, maxBytes: number, progress: Progress): Promise<boolean> {
  if (!response.body) return false;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let leftBytes = maxBytes;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      progress.text += decoder.decode();
      return false;
    }
    const fits = value.length <= leftBytes;
    progress.text += decoder.decode(fits ? value : value.subarray(0, leftBytes), { stream: true });
    if (!fits) {
      reader.cancel().catch(() => {});
      return true;
    }
    leftBytes -= value.length;
  }
}

function answered(response: Response, text: string, truncated: boolean): Performed {
  const { status, headers } = response;
  return { ok: true, response: { status, headers, text, json: truncated ? undefined : parseJson(text), truncated } };
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

/** As text, so that the path stays as it was spelled: signatures cover it. */
function withOrigin(url: string, baseUrl: string): string {
  return url.replace(/^[a-z]+:\/\/[^/?#]*/i, () => baseUrl.replace(/\/+$/, ""));
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
  kind: "timeout" | "network" | "aborted" | "unexpected-response",
  inFlight: boolean,
  detail: string,
  status?: number,
): Performed {
  return { ok: false, kind, inFlight, detail, status };
}
