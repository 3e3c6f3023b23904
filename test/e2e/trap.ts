import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that nobody should call: what a hostile message would load things from, and report to. */
export interface Trap {
  readonly url: string;
  /** Paths that were asked for. */
  readonly visits: readonly string[];
  close(): Promise<void>;
}

export async function setTrap(): Promise<Trap> {
  const visits: string[] = [];
  const server = createServer((request, response) => {
    visits.push(request.url ?? "");
    response.writeHead(200, { "access-control-allow-origin": "*" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visits,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // The browser keeps its connections open.
        server.closeAllConnections();
      }),
  };
}

/** A message that tries to run a script, to load pictures, styles and frames, to send a form, and to leave the page. */
export function hostileHtml({ url }: Trap): string {
  return `<html><head>
<link rel="stylesheet" href="${url}/style">
<style>@import "${url}/import"; @font-face { font-family: trap; src: url(${url}/font) } body { font-family: trap; background: url(${url}/background) }</style>
</head><body onload="document.body.dataset.ran = 'onload'">
<p id="said">Dear reader</p>
<script>document.body.dataset.ran = "inline"; fetch("${url}/fetch"); parent.postMessage("escaped", "*"); try { parent.document.title = "taken over" } catch {}</script>
<script src="${url}/script"></script>
<img src="${url}/picture" onerror="document.body.dataset.ran = 'onerror'">
<iframe src="${url}/frame"></iframe>
<object data="${url}/object"></object>
<form id="form" action="${url}/form"><button>Press</button></form>
<script>document.querySelector("#form").submit()</script>
<svg onload="document.body.dataset.ran = 'svg'"></svg>
</body></html>`;
}
