import { html } from "hono/html";
import type { OtherRequest } from "../message.ts";
import { time, type Markup } from "./layout.ts";
import { requestText } from "./raw-request.ts";

/** Requests that brought no message: refused ones, tokens, topics, edits. Newest first. */
export function otherRequests(requests: readonly OtherRequest[], names: ReadonlyMap<string, string>): Markup {
  if (requests.length === 0) return html``;
  return html`<section class="card others">
    <h2>Other requests</h2>
    ${requests.map(
      (request) =>
        html`<details>
          <summary>
            <span class="chip ${request.status < 300 ? "good" : "bad"}">${request.status}</span>
            <span class="provider">${names.get(request.provider) ?? request.provider}</span>
            <span class="what">${request.note ?? `${request.method} ${pathOf(request.url)}`}</span>
            ${time(request.receivedAtMs)}
          </summary>
          <pre>${requestText(request)}</pre>
        </details>`,
    )}
  </section>`;
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}
