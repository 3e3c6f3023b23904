import { Agent as PlainAgent, type IncomingMessage, request as askPlain } from "node:http";
import { Agent as SecureAgent, request as askSecure } from "node:https";
import type { Fetch, FetchAnswer } from "carillon";
import { readAnswer } from "./answer.ts";
import { readBody } from "./body.ts";

/** An `Agent` of `node:http` or `node:https`. */
export interface NodeAgent {
  readonly sockets: object;
  destroy(): void;
}

export interface NodeFetchOptions {
  /** Connects for `https:` URLs: where certificates, proxies and limits are set. @default keeps a connection for 4 seconds */
  readonly httpsAgent?: NodeAgent | undefined;
  /** Connects for `http:` URLs. @default keeps a connection for 4 seconds */
  readonly httpAgent?: NodeAgent | undefined;
}

/** As Node's `fetch` has it: servers close what idles longer, and a request that meets that has failed. */
const idleMs = 4000;

/**
 * What carries requests over `node:http` and `node:https` in the place of `fetch`, for the `fetch` of `createNotifier`: the
 * same requests for a fraction of the CPU time. Redirects are given as they are. It is no `fetch` for anything else: an
 * answer has its status, `get` and `has` of its headers, and a body to be read once.
 *
 * Errors: what is thrown says no more than the code that Node has for it: URLs hold secrets.
 *
 * @example
 * createNotifier({ email: [resend({ apiKey })], fetch: nodeFetch() });
 */
export function nodeFetch(options: NodeFetchOptions = {}): Fetch {
  const {
    httpsAgent = new SecureAgent({ keepAlive: true, timeout: idleMs }),
    httpAgent = new PlainAgent({ keepAlive: true, timeout: idleMs }),
  } = options;
  return async (input, init) => {
    const { protocol, host, hostname, port, path } = readUrl(input);
    const headers = ["host", host];
    for (const [name, value] of pairsOf(init.headers)) headers.push(name, value);
    // Most bodies are text, which needs no wait.
    const body = typeof init.body === "string" ? init.body : await readBody(init.body, headers);
    if (body !== undefined) headers.push("content-length", String(Buffer.byteLength(body)));
    const { signal, method = "GET" } = init;
    if (signal?.aborted) throw failed("ABORT_ERR");
    return new Promise<FetchAnswer>((resolve, reject) => {
      const isSecure = protocol === "https:";
      const agent = (isSecure ? httpsAgent : httpAgent) as SecureAgent;
      const stop = (): void => void request.destroy();
      const take = (incoming: IncomingMessage): void => resolve(readAnswer(incoming, stop));
      const request = (isSecure ? askSecure : askPlain)({ host: hostname, port, path, method, headers, agent }, take);
      request.on("error", (error) => reject(failed((error as NodeJS.ErrnoException).code)));
      if (signal) {
        signal.addEventListener("abort", stop);
        // A signal may outlive many requests.
        request.on("close", () => signal.removeEventListener("abort", stop));
      }
      request.end(body);
    });
  };
}

interface Place {
  readonly protocol: string;
  /** With its port, as the header has it. */
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly path: string;
}

/** What of a URL is needed to ask; throws without repeating it. */
function readUrl(input: string): Place {
  if (!URL.canParse(input)) throw failed("ERR_INVALID_URL");
  const { protocol, host, hostname, port, pathname, search, username, password } = new URL(input);
  // `fetch` refuses credentials in a URL, too: they would end up in logs.
  if (!/^https?:$/.test(protocol) || username || password) throw failed("ERR_INVALID_URL");
  // An IPv6 address stands in brackets in URLs alone.
  return { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ""), port, path: pathname + search };
}

function pairsOf(headers: RequestInit["headers"] = {}): Iterable<readonly [string, string]> {
  return Symbol.iterator in headers ? (headers as Iterable<readonly [string, string]>) : Object.entries(headers);
}

function failed(code = "ERR_UNKNOWN"): Error {
  return Object.assign(new TypeError(`The request failed: ${code}`), { code });
}
