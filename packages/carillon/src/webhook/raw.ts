import { concatBytes, utf8 } from "../crypto/bytes.ts";
import { CallError } from "../error/errors.ts";
import type { FetchAnswer } from "../provider/request.ts";
import type { RawWebhook } from "../provider/webhook.ts";

/** A request of a framework that has no `Request`. */
export interface StructuralRequest {
  readonly method: string;
  /** Whole, as the provider called it. */
  readonly url: string;
  /** `Headers`, pairs, or an object such as Node's `request.headers`. */
  readonly headers:
    | Headers
    | readonly (readonly [string, string])[]
    | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it arrived, neither parsed nor re-encoded. Of a Node stream: `Readable.toWeb(request)`. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ArrayBuffer | ReadableStream<Uint8Array> | null | undefined;
}

/** Why a request is refused before its signature is looked at. */
export type UnreadableReason = "method-not-allowed" | "unsupported-encoding" | "body-too-large" | "unreadable-body";

/**
 * Reads a request, and of its body no more than the limit.
 *
 * Errors: throws `CallError` when the body was read before, or is handed over parsed: its bytes are gone.
 */
export async function readWebhook(
  request: Request | StructuralRequest,
  maxBodyBytes: number,
): Promise<RawWebhook | UnreadableReason> {
  const { method, url, body: given } = request;
  if (("bodyUsed" in request && request.bodyUsed) || Array.isArray(given) || given?.constructor === Object) {
    throw new CallError("receiveWebhook needs the raw body, neither read nor parsed before");
  }
  if (method !== "POST") return "method-not-allowed";
  const headers = headersOf(request.headers);
  // Nobody signs compressed bodies, and a small one that unfolds to a large one would pass the limit.
  if (headers.get("content-encoding")) return "unsupported-encoding";
  if (Number(headers.get("content-length")) > maxBodyBytes) return "body-too-large";
  try {
    const whole = typeof given === "string" ? utf8(given) : given;
    // What is there already is copied: a stream of it would cost more than all checks.
    const body =
      whole instanceof Uint8Array
        ? whole.length <= maxBodyBytes && concatBytes(whole)
        : await readBody(new Response(whole).body, maxBodyBytes);
    return body ? { method, url, headers, body } : "body-too-large";
  } catch {
    return "unreadable-body";
  }
}

function headersOf(given: StructuralRequest["headers"]): Headers {
  const headers = new Headers();
  const entries = Symbol.iterator in given ? (given as Iterable<readonly [string, string]>) : Object.entries(given);
  for (const [name, value] of entries) {
    // Node's HTTP/2 puts `:path` and the like among the headers.
    if (value !== undefined && !name.startsWith(":")) headers.append(name, String(value));
  }
  return headers;
}

/** Undefined when there is more than the limit: a declared length is not believed. */
export async function readBody(
  stream: FetchAnswer["body"],
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let leftBytes = maxBytes;
  const reader = stream?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    leftBytes -= value.length;
    if (leftBytes < 0) {
      // Not awaited: a sender that stalls must not hold the answer back.
      reader.cancel().catch(() => {});
      return undefined;
    }
    parts.push(value);
  }
  return concatBytes(...parts);
}
