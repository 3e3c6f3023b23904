import type { Simulator } from "@carillon/simulator";

/** Where real browsers find their push service: `dom.push.serverURL` of a Firefox. */
const path = "/api/push/socket";

/**
 * A WebSocket from a real browser to its push service; undefined for any other request. While one is open, the object stays
 * in memory: what it costs does not matter on one's own machine.
 */
export function openSocket(simulator: Simulator, request: Request): Response | undefined {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket" || new URL(request.url).pathname !== path) {
    return undefined;
  }
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  const connection = simulator.connectBrowser({
    send: (text) => server.send(text),
    close: (code, reason) => server.close(code, reason),
  });
  server.addEventListener("message", ({ data }) => {
    if (typeof data === "string") connection.receive(data);
  });
  for (const end of ["close", "error"] as const) server.addEventListener(end, () => connection.closed());
  // A browser that names a protocol expects to be answered with it.
  const protocol = request.headers.get("sec-websocket-protocol");
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: protocol === null ? {} : { "sec-websocket-protocol": protocol },
  });
}
