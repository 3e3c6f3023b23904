/** The application's server: pages, and what needs a secret. Whatever else sends web push with Carillon does no more. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { join } from "node:path";
import { signRecipientToken } from "carillon/recipient-token";

export interface AppOptions {
  /** Where Carillon's service is. */
  readonly service: string;
  readonly apiKey: string;
  /** One of the service's `RECIPIENT_TOKEN_KEYS`. */
  readonly tokenKey: string;
}

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const types: Readonly<Record<string, string>> = {
  "/index.html": "text/html; charset=utf-8",
  "/page.js": "text/javascript; charset=utf-8",
  "/style.css": "text/css; charset=utf-8",
  "/bell.svg": "image/svg+xml",
};

export function createApp({ service, apiKey, tokenKey }: AppOptions): Server {
  /** `GET /v1/...` or `POST /v1/...`, with the key that no browser may have. */
  async function call<T>(path: string, body?: object): Promise<T> {
    const response = await fetch(service + path, {
      method: body ? "POST" : "GET",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  const policy = `default-src 'self'; script-src 'self' ${service}; connect-src 'self' ${service}; frame-ancestors 'none'`;

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? "/", "http://app");
    const visitor = visitorOf(request);
    const path = url.pathname === "/" ? "/index.html" : url.pathname;
    const type = types[path];
    switch (`${request.method} ${path}`) {
      case "GET /sw.js":
        // A service worker is its own origin's: this one loads all that it does from the service.
        return script(`importScripts(${JSON.stringify(`${service}/sdk/sw.js`)});`);
      case "GET /session":
        return json({ service, recipient: visitor }, { "set-cookie": cookieOf(visitor) });
      case "POST /token":
        return { status: 200, body: await signRecipientToken({ key: tokenKey, recipient: visitor }) };
      case "POST /send":
        return json(await call("/v1/notifications", welcome(visitor, request.headers.host ?? "")));
      case "GET /status":
        return json(await call(`/v1/notifications/${encodeURIComponent(url.searchParams.get("id") ?? "")}`));
      default:
        if (request.method !== "GET" || type === undefined) return { status: 404 };
        return {
          status: 200,
          body: readFileSync(join(import.meta.dirname, "public", path)),
          headers: { "content-type": type },
        };
    }
  }

  return createServer((request, response) => {
    // Other sites' pages can post here, too, and would do so in the name of who is logged in.
    const isForeign = request.method === "POST" && request.headers["sec-fetch-site"] !== "same-origin";
    const send = ({ status, body, headers }: Answer): void => {
      const all = { "content-security-policy": policy, "cache-control": "no-store", ...headers };
      response.writeHead(status, all).end(body);
    };
    if (isForeign) send({ status: 403 });
    else answer(request).then(send, (error: unknown) => (console.error(error), send({ status: 502 })));
  });
}

function welcome(recipient: string, host: string): object {
  return {
    to: { recipient },
    channel: "webpush",
    content: {
      notification: { title: "The bell rings", body: "Click, and the page knows.", navigate: `http://${host}/#rung` },
      ttlSeconds: 3_600,
      urgency: "high",
    },
  };
}

/** Who is logged in. Here everybody is, as somebody new. */
function visitorOf({ headers }: IncomingMessage): string {
  return /(?:^|; )visitor=([\w-]{36})/.exec(headers.cookie ?? "")?.[1] ?? crypto.randomUUID();
}

function cookieOf(visitor: string): string {
  return `visitor=${visitor}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000`;
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, body: JSON.stringify(value), headers: { "content-type": "application/json", ...headers } };
}

function script(body: string): Answer {
  return { status: 200, body, headers: { "content-type": "text/javascript; charset=utf-8" } };
}
